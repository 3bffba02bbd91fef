/**
 * Services are killed at random, one after the other, while calls go on: no call is lost but those whose
 * sip process died, and the history has each call once, with its words. `WILDFIRE_KILL_MINUTES` says for how
 * long, `WILDFIRE_KILL_SEED` in which order.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { PbxCall } from "../../bench/pbx-call.ts";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { systemClock } from "../../src/core/clock.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import {
  Appliance,
  type ApplianceService,
  applianceServices,
  type PastCall,
} from "./appliance-rig.ts";
import { eventually } from "./eventually.ts";
import { sentenceWith } from "./speech.ts";
import { lineSamplesOf, lineSilence } from "./telephone-sound.ts";

const minutes = Number(process.env["WILDFIRE_KILL_MINUTES"] ?? 40 / 60);
const seed = Number(process.env["WILDFIRE_KILL_SEED"] ?? 59);
const runMs = minutes * 60_000;
setDefaultTimeout(runMs + 180_000);

/** Each end of sip is the end of all calls, so that it is left alone mostly. */
const targets: readonly [ApplianceService, ...ApplianceService[]] = [
  "sip",
  ...Array.from({ length: 4 }, () => ["whisper", "llama", "kokoro", "web"] as const).flat(),
];
const users = ["201", "202", "203"];
const sentence = sentenceWith("Two four six.");
/** Longer than the silence that ends a turn. */
const pauseMs = 1200;
/** A whisper that was killed starts again and hears what was kept for it. */
const lastWordsMs = 4000;
/** Finished calls wait so long for their last transcripts. */
const lastTextsMs = 10_000;
/** Between the PBX seeing a call come up and the sip service telling so. */
const toleranceMs = 1500;
/** A call that was not up by then never will be: the sip process that was called is gone. */
const callLimitMs = 10_000;

interface Kill {
  readonly service: ApplianceService;
  readonly atMs: number;
}

interface MadeCall {
  readonly user: string;
  readonly upAtMs: number;
  said: number;
  endedAtMs: number;
  /** Who ended it, as the PBX saw it. */
  endedBy: string;
}

class Trial {
  readonly kills: Kill[] = [];
  readonly calls: MadeCall[] = [];
  /** Calls that never came up, since sip was away. */
  notUp = 0;
  readonly #appliance: Appliance;
  readonly #untilMs = Date.now() + runMs;
  /** Registrations that the PBX had granted when sip was killed last. */
  #grantedBefore = 0;
  #talking = 0;

  constructor(appliance: Appliance) {
    this.#appliance = appliance;
  }

  get isOver(): boolean {
    return Date.now() >= this.#untilMs;
  }

  async kill(random: SeededRandom): Promise<void> {
    while (!this.isOver) {
      await Bun.sleep(random.between(700, 3500));
      const service = random.pick(targets);
      const { state, pid } = await this.#appliance.service(service);
      if (state !== "ready" || typeof pid !== "number") continue;
      if (service === "sip") this.#grantedBefore = this.#appliance.pbx.registrar.granted;
      this.kills.push({ service, atMs: Date.now() });
      process.kill(pid, "SIGKILL");
    }
  }

  /** Whoever ends five times soon after its start is given up, which is for people to take back. */
  async care(): Promise<void> {
    while (!this.isOver || this.#talking > 0) {
      await startGivenUp(this.#appliance);
      await Bun.sleep(200);
    }
  }

  async talk(user: string, random: SeededRandom): Promise<void> {
    this.#talking += 1;
    while (!this.isOver) {
      await this.#sipIsBack();
      const startedMs = Date.now();
      const call = await this.#call(user, startedMs);
      if (call === undefined) this.notUp += 1;
      else await this.#converse(call, user, random);
      await Bun.sleep(random.between(100, 800));
    }
    this.#talking -= 1;
  }

  /** Whose sip process died while it was up. */
  isOrphan({ upAtMs, endedAtMs }: MadeCall): boolean {
    return this.#killed("sip", upAtMs - toleranceMs, endedAtMs);
  }

  /** Sip lived until it had all that was said, also where whisper was away when the caller hung up. */
  isHeardOut({ upAtMs, endedAtMs }: MadeCall): boolean {
    return !this.#killed("sip", upAtMs - toleranceMs, endedAtMs + lastTextsMs);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      applianceServices.map((name) => [
        name,
        this.kills.filter(({ service }) => service === name).length,
      ]),
    );
  }

  /** What was killed while a call was up, for a failure message. */
  story({ user, upAtMs, endedAtMs, said }: MadeCall): string {
    const during = this.kills.filter(({ atMs }) => atMs > upAtMs - 3000 && atMs < endedAtMs + 3000);
    const kills = during.map(({ service, atMs }) => `${service} at ${atMs - upAtMs}`);
    return `${user}: ${said} said in ${endedAtMs - upAtMs} ms; ${kills.join(", ")};`;
  }

  #killed(service: ApplianceService, fromMs: number, toMs: number): boolean {
    return this.kills.some(
      (kill) => kill.service === service && kill.atMs >= fromMs && kill.atMs <= toMs,
    );
  }

  async #sipIsBack(): Promise<void> {
    const { pbx } = this.#appliance;
    const wanted = this.#grantedBefore === 0 ? 0 : this.#grantedBefore + users.length;
    await eventually({
      what: "all lines registered again",
      limitMs: 60_000,
      probe: () => pbx.registrar.granted >= wanted,
      explain: () => this.#appliance.explain(),
    });
  }

  async #call(user: string, startedMs: number): Promise<PbxCall | undefined> {
    const call = await this.#appliance.pbx.ring(user).catch(() => undefined);
    if (call === undefined) return undefined;
    const late = Promise.withResolvers<"late">();
    const limit = systemClock.after(callLimitMs, () => late.resolve("late"));
    const up = call.up.then(
      () => "up" as const,
      () => "refused" as const,
    );
    const outcome = await Promise.race([up, late.promise]);
    limit.cancel();
    if (outcome === "up") return call;
    call.hangUp();
    // Only a sip service that was killed leaves a caller without an answer.
    const isExplained = this.#killed("sip", startedMs - callLimitMs, Date.now());
    if (!isExplained) throw new Error(`a call of ${user} was not taken: ${outcome}`);
    return undefined;
  }

  async #converse(call: PbxCall, user: string, random: SeededRandom): Promise<void> {
    const made: MadeCall = { user, upAtMs: Date.now(), said: 0, endedAtMs: 0, endedBy: "" };
    this.calls.push(made);
    const ended = call.ended.then(({ by }) => by);
    for (let left = random.between(1, 4); left > 0 && !this.#isGone(made); left -= 1) {
      const words = [lineSilence(100), lineSamplesOf(sentence), lineSilence(pauseMs)];
      const outcome = await Promise.race([ended, call.say(joinSamples(words))]);
      if (outcome !== undefined) break;
      made.said += 1;
    }
    // What was said last may still be on its way when whisper has just been killed.
    if (!this.#isGone(made)) await Promise.race([ended, Bun.sleep(lastWordsMs)]);
    call.hangUp();
    made.endedAtMs = Date.now();
    // Nobody answers the BYE of a call whose sip process is gone.
    made.endedBy = this.#isGone(made) ? "us" : await ended;
  }

  #isGone({ upAtMs }: MadeCall): boolean {
    return this.#killed("sip", upAtMs - toleranceMs, Date.now());
  }
}

interface Matched {
  readonly call: MadeCall;
  /** Undefined when the history does not have it. */
  readonly past: PastCall | undefined;
}

/** Each call of the PBX with its own in the history: those of one line come one after the other. */
function match(calls: readonly MadeCall[], history: readonly PastCall[]): readonly Matched[] {
  const left = new Set(history.filter(({ answeredMs }) => answeredMs !== null));
  return calls.map((call) => {
    const distance = ({ answeredMs }: PastCall): number =>
      Math.abs((answeredMs ?? 0) - call.upAtMs);
    const past = [...left]
      .filter((one) => one.line.startsWith(`${call.user}@`) && distance(one) < toleranceMs)
      .toSorted((one, other) => distance(one) - distance(other))[0];
    if (past !== undefined) left.delete(past);
    return { call, past };
  });
}

async function completeHistory(appliance: Appliance): Promise<readonly PastCall[]> {
  return await eventually({
    what: "a history in which all calls have ended",
    limitMs: 60_000,
    async probe() {
      const history = await appliance.history().catch(() => []);
      const isComplete = history.length > 0 && history.every(({ endedMs }) => endedMs !== null);
      return isComplete && history;
    },
    explain: () => appliance.explain(),
  });
}

async function startGivenUp(appliance: Appliance): Promise<void> {
  for (const { name, state } of await appliance.services()) {
    if (state === "given-up") await appliance.command("start", { service: name });
  }
}

async function allReady(appliance: Appliance): Promise<void> {
  await eventually({
    what: "all services ready again",
    limitMs: 90_000,
    async probe() {
      await startGivenUp(appliance);
      return (await appliance.services()).every(({ state }) => state === "ready");
    },
    explain: () => appliance.explain(),
  });
}

test("services that are killed at random cost no call and no word", async () => {
  await using appliance = await Appliance.open(users);
  const trial = new Trial(appliance);
  const callers = users.map((user, index) => trial.talk(user, new SeededRandom(seed + 1 + index)));
  await Promise.all([trial.kill(new SeededRandom(seed)), trial.care(), ...callers]);
  await allReady(appliance);
  const history = await completeHistory(appliance);
  const matched = match(trial.calls, history);
  const orphans = matched.filter(({ call }) => trial.isOrphan(call));
  const whole = matched.filter(({ call }) => !trial.isOrphan(call));
  const heardOut = whole.filter(({ call }) => trial.isHeardOut(call));
  const wordless = heardOut.filter(({ call, past }) => (past?.heard.length ?? 0) < call.said);
  const figures = {
    minutes,
    seed,
    kills: trial.counts(),
    calls: trial.calls.length,
    endedWithSip: orphans.length,
    notUp: trial.notUp,
    lost: whole.filter(({ call }) => call.endedBy !== "us").length,
    inHistory: history.length,
    missing: whole.filter(({ past }) => past === undefined).length,
    missingOfThoseThatEndedWithSip: orphans.filter(({ past }) => past === undefined).length,
    // What the history has and the PBX does not: the same call twice, or parts that belong to none.
    unmatched: history.length - matched.filter(({ past }) => past !== undefined).length,
    said: heardOut.reduce((sum, { call }) => sum + call.said, 0),
    heard: heardOut.reduce((sum, { past }) => sum + (past?.heard.length ?? 0), 0),
    wordless: wordless.length,
    answers: heardOut.reduce((sum, { past }) => sum + (past?.said.length ?? 0), 0),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  for (const { call, past } of wordless) {
    process.stdout.write(`${trial.story(call)} ${JSON.stringify(past)}\n`);
  }
  expect(figures).toMatchObject({ lost: 0, missing: 0, unmatched: 0, wordless: 0 });
  expect(trial.kills.length).toBeGreaterThan(runMs / 10_000);
  expect(whole.length).toBeGreaterThan(0);
});
