/**
 * A voice and the line of its caller on one clock that stands still: the real queue and the real playout,
 * a connection that takes a while, and a witness that knows which text each sample on the line is of.
 */
import { Playout } from "../../src/outbound/playout.ts";
import type { SpeechEngine, SpeechRequest, SpeechSink } from "../../src/voice/engines/engine.ts";
import { HeardTexts, type HeardValues } from "../../src/voice/heard-texts.ts";
import { LevelMemory } from "../../src/voice/speech-level.ts";
import { type PieceOrigin, SpeechQueue } from "../../src/voice/speech-queue.ts";
import { ToldText } from "../../src/voice/told-text.ts";
import type { ReportValues } from "../../src/wire/reports.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { tone } from "../fakes/scripted-speech-server.ts";
import { PlainEncoder } from "../outbound/plain-encoder.ts";

/** Of the line, and so of all. */
export const rateHz = 8000;
const samplesPerMs = rateHz / 1000;
const frameMs = 20;
export const msPerCharacter = 20;
const pieceMs = 50;
/** Between the processes. */
const deliveryMs = 1;

export interface LineOptions {
  /** When the line takes its frames, 0 to 19. */
  readonly phaseMs?: number;
  /** What the engine needs for a millisecond of sound; 1: it is as fast as speech. */
  readonly slowness?: number;
  /** False: outbound is one that tells nothing. */
  readonly isReporting?: boolean;
}

/** What a text's caller heard of it. */
export interface Witnessed {
  readonly firstAtMs: number;
  /** Its last sample so far was over. */
  readonly lastAtMs: number;
  readonly samples: number;
}

export interface Told extends HeardValues {
  readonly atMs: number;
}

/** Speaks at a pace of its own. */
class PacedEngine implements SpeechEngine {
  readonly name = "paced";
  readonly voices = [];
  readonly #clock: FakeClock;
  readonly #slowness: number;

  constructor(clock: FakeClock, slowness: number) {
    this.#clock = clock;
    this.#slowness = slowness;
  }

  async speak({ text }: SpeechRequest, sink: SpeechSink, signal: AbortSignal): Promise<void> {
    const sound = tone(text.length * msPerCharacter, rateHz);
    const piece = pieceMs * samplesPerMs;
    for (let at = 0; at < sound.length && !signal.aborted; at += piece) {
      if (this.#slowness > 0) await this.#sleep(pieceMs * this.#slowness);
      if (!signal.aborted) sink.samples(sound.subarray(at, at + piece), rateHz);
    }
  }

  async close(): Promise<void> {}

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, () => resolve()));
  }
}

export class HeardLine {
  readonly clock = new FakeClock();
  readonly told: Told[] = [];
  /** By the number of the text; 0 are pauses. */
  readonly witnessed = new Map<number, Witnessed>();
  readonly texts: string[] = [];
  readonly #phaseMs: number;
  readonly #isReporting: boolean;
  readonly #encoder = new PlainEncoder();
  readonly #playout: Playout;
  readonly #heard: HeardTexts;
  readonly #queue: SpeechQueue;
  /** The text that each waiting sample is of; 0 for a pause. */
  #owners: number[] = [];
  #forgotten = 0;
  #stream = 0;
  #isInStream = false;

  constructor({ phaseMs = 0, slowness = 0, isReporting = true }: LineOptions = {}) {
    this.#phaseMs = phaseMs;
    this.#isReporting = isReporting;
    const { clock } = this;
    this.#playout = new Playout({
      encoder: this.#encoder,
      clock,
      listener: {
        full: () => undefined,
        room: () => undefined,
        drained: () => undefined,
        played: () => undefined,
        stream: ({ stream, samples, waitMs, isOver }) =>
          this.#report({ stream: stream.number, samples, wait: waitMs, over: isOver ? 1 : 0 }),
      },
    });
    this.#heard = new HeardTexts({
      rateHz,
      clock,
      onHeard: (values) => this.told.push({ ...values, atMs: clock.nowMs() }),
    });
    this.#queue = new SpeechQueue({
      engine: new PacedEngine(clock, slowness),
      output: { hasRoom: true, write: (samples, from) => this.#write(samples, from) },
      listener: {
        clauseBegan: () => undefined,
        clauseFailed: () => undefined,
        clauseEnded: () => this.#heard.settle(),
        drained: () => this.#endStream(),
      },
      clock,
      levels: new LevelMemory(),
      rateHz,
    });
  }

  get isIdle(): boolean {
    return this.#queue.isIdle && !this.#isInStream && this.#owners.length === 0;
  }

  /** Returns its number. */
  say(characters: number, end = "."): number {
    const words = `${"x".repeat(Math.max(1, characters - 1))}${end}`;
    const number = this.texts.push(words);
    const text = new ToldText(number, words, this.clock.nowMs());
    this.#heard.add(text);
    this.#queue.say(words, text);
    text.finish();
    this.#heard.settle();
    return number;
  }

  hold(isOn: boolean): void {
    this.#playout.hold(isOn);
  }

  /** The caller may have begun to talk: only outbound is told. */
  pause(): void {
    this.#playout.pause();
  }

  resume(): void {
    this.#playout.resume();
  }

  /** SPEECH, which outbound and voice read at different times. */
  async interrupt(voiceBehindMs: number): Promise<void> {
    if (voiceBehindMs >= 0) this.#flush();
    await this.run(Math.abs(voiceBehindMs));
    this.#queue.interrupt();
    this.#heard.interrupt();
    this.#endStream();
    if (voiceBehindMs < 0) this.#flush();
  }

  async run(ms: number): Promise<void> {
    for (let elapsedMs = 0; elapsedMs < ms; elapsedMs += 1) {
      this.clock.advance(1);
      // An engine's promises take a few turns.
      for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
      if (this.clock.nowMs() % frameMs === this.#phaseMs) this.#takeFrame();
    }
  }

  #write(samples: Float32Array, { clause, speechSamples }: PieceOrigin): void {
    if (!this.#isInStream) this.#beginStream();
    const stream = this.#stream;
    const text = clause?.told;
    this.#heard.handedOn({ text, stream, samples: speechSamples });
    this.#heard.handedOn({ text: undefined, stream, samples: samples.length - speechSamples });
    const copy = samples.slice();
    this.clock.after(deliveryMs, () => {
      const before = this.#encoder.pendingMs;
      this.#playout.write(copy, rateHz);
      if (this.#encoder.pendingMs === before) return;
      for (let at = 0; at < copy.length; at += 1) {
        this.#owners.push(at < speechSamples ? (text?.number ?? 0) : 0);
      }
    });
  }

  #beginStream(): void {
    this.#isInStream = true;
    this.#stream += 1;
    const number = this.#stream;
    this.clock.after(deliveryMs, () => this.#playout.beginReply({ connection: 1, number }));
  }

  #endStream(): void {
    if (!this.#isInStream) return;
    this.#isInStream = false;
    this.clock.after(deliveryMs, () => this.#playout.endReply());
  }

  #report(values: ReportValues<"played">): void {
    if (!this.#isReporting) return;
    for (let copy = 0; copy < 2; copy += 1) {
      this.clock.after(deliveryMs, () => this.#heard.played(values));
    }
  }

  #flush(): void {
    this.#playout.interrupt();
    this.#owners.splice(0, this.#encoder.forgotten - this.#forgotten);
    this.#forgotten = this.#encoder.forgotten;
  }

  #takeFrame(): void {
    const before = this.#encoder.pendingMs;
    this.#playout.next();
    const taken = Math.round((before - this.#encoder.pendingMs) * samplesPerMs);
    const atMs = this.clock.nowMs();
    for (const [index, owner] of this.#owners.splice(0, taken).entries()) {
      this.#witness(owner, atMs + index / samplesPerMs);
    }
  }

  #witness(text: number, atMs: number): void {
    const before = this.witnessed.get(text);
    this.witnessed.set(text, {
      firstAtMs: before?.firstAtMs ?? atMs,
      lastAtMs: atMs + 1 / samplesPerMs,
      samples: (before?.samples ?? 0) + 1,
    });
  }
}
