/** Replies, pauses and interruptions in any order: each sample is heard once, waits, or is forgotten. */
import { expect, test } from "bun:test";
import { Playout } from "../../src/outbound/playout.ts";
import type { StreamReport } from "../../src/outbound/played-streams.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { PlainEncoder, samplesOf } from "./plain-encoder.ts";

/** As often as they stand here. */
const steps = [
  "tick",
  "tick",
  "tick",
  "tick",
  "tick",
  "write",
  "write",
  "begin",
  "end",
  "pause",
  "pause",
  "resume",
  "resume",
  "speech",
  "silence",
  "hold",
  "wait",
] as const;
type Step = (typeof steps)[number];

/** One call whose samples are numbered from 1, so that the order of what is heard shows. */
class Call {
  readonly clock = new FakeClock();
  readonly encoder = new PlainEncoder();
  readonly heard: number[] = [];
  /** Reply that each sample belongs to, by its number. */
  readonly replyOf: number[] = [0];
  readonly reports: StreamReport[] = [];
  readonly playout: Playout;
  readonly #random: SeededRandom;
  #replies = 0;
  #isInReply = false;
  #isOnHold = false;
  /** By which the pause must be over at the latest; undefined when there is none. */
  #pausedUntilMs: number | undefined;
  #decidedAtMs = Number.NEGATIVE_INFINITY;
  #hasFaded = false;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.playout = new Playout({
      encoder: this.encoder,
      clock: this.clock,
      listener: {
        full: () => undefined,
        room: () => undefined,
        drained: () => undefined,
        played: () => undefined,
        stream: (report) => this.reports.push(report),
      },
    });
  }

  get given(): number {
    return this.replyOf.length - 1;
  }

  step(step: Step): void {
    switch (step) {
      case "tick":
        return this.tick();
      case "write":
        return this.#write();
      case "begin":
        return this.#begin();
      case "end":
        return this.end();
      case "pause":
        return this.#pause();
      case "resume":
        this.#pausedUntilMs = undefined;
        return this.playout.resume();
      case "speech":
        this.#pausedUntilMs = undefined;
        this.#decidedAtMs = this.clock.nowMs();
        return this.playout.interrupt();
      case "silence":
        return this.playout.callerSilent();
      case "hold":
        return this.hold(!this.#isOnHold);
      case "wait":
        return this.clock.advance(this.#random.between(0, 2000));
    }
  }

  tick(): void {
    const nowMs = this.clock.nowMs();
    if (this.#pausedUntilMs !== undefined && nowMs >= this.#pausedUntilMs) {
      this.#pausedUntilMs = undefined;
    }
    const frame = samplesOf(this.playout.next());
    const sound = frame.filter((sample) => sample > 0);
    const mustBeSilent = this.#isOnHold || this.#pausedUntilMs !== undefined;
    if (mustBeSilent) expect(sound).toEqual([]);
    const isFade = frame[0] === PlainEncoder.fadeLevel;
    if (isFade) expect([mustBeSilent, this.#hasFaded]).toEqual([true, false]);
    this.#hasFaded = isFade || (this.#hasFaded && mustBeSilent);
    this.heard.push(...sound);
    this.clock.advance(20);
  }

  end(): void {
    this.#isInReply = false;
    this.playout.endReply();
  }

  hold(isOn: boolean): void {
    this.#isOnHold = isOn;
    this.playout.hold(isOn);
  }

  check(): void {
    const waiting = this.encoder.pendingMs * 8;
    const { discardedMs } = this.playout.status();
    const known = this.heard.length + waiting + this.encoder.forgotten + discardedMs * 8;
    expect(known).toBe(this.given);
  }

  #begin(): void {
    if (this.#isInReply) this.end();
    this.#isInReply = true;
    this.#replies += 1;
    this.playout.beginReply({ connection: 1, number: this.#replies });
  }

  #write(): void {
    if (!this.#isInReply) this.#begin();
    const samples = new Float32Array(8 * this.#random.between(1, 300));
    for (let index = 0; index < samples.length; index += 1) {
      samples[index] = this.replyOf.length;
      this.replyOf.push(this.#replies);
    }
    this.playout.write(samples, 8000);
  }

  #pause(): void {
    const nowMs = this.clock.nowMs();
    if (nowMs - this.#decidedAtMs >= 100) this.#pausedUntilMs ??= nowMs + 1500;
    this.playout.pause();
  }
}

test.each([1, 2, 3, 4, 5])("1,000 steps at random, number %i", (seed) => {
  const random = new SeededRandom(seed);
  const call = new Call(random);
  for (let count = 0; count < 1000; count += 1) {
    call.step(random.pick(steps));
    call.check();
  }
  call.hold(false);
  call.step("resume");
  call.end();
  for (let frames = 0; frames < 20_000 && call.encoder.pendingMs > 0; frames += 1) call.tick();
  call.tick();
  call.check();
  expect(call.encoder.pendingMs).toBe(0);
  // Never twice, never out of order.
  expect(call.heard.every((sample, index) => sample > (call.heard[index - 1] ?? 0))).toBe(true);
  expect(call.playout.status().pauses).toBeGreaterThan(20);

  const heardOf = new Map<number, number>();
  for (const sample of call.heard) {
    const reply = call.replyOf[sample] ?? 0;
    heardOf.set(reply, (heardOf.get(reply) ?? 0) + 1);
  }
  const toldOf = new Map<number, number>();
  for (const { stream, samples, isOver } of call.reports) {
    if (isOver) toldOf.set(stream.number, samples);
  }
  for (const [reply, samples] of toldOf) expect(samples).toBe(heardOf.get(reply) ?? 0);
  for (const reply of heardOf.keys()) expect(toldOf.has(reply)).toBe(true);
  // Begun once, and before it is over.
  const begun = call.reports.filter(({ isOver }) => !isOver).map(({ stream }) => stream.number);
  expect(begun).toEqual([...heardOf.keys()]);
});
