/** What is told of each text comes when the caller hears it, by a line that a witness listens to. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { PseudoRandom } from "../../src/evaluation/pseudo-random.ts";
import { SpokenLedger } from "../../src/llama-bridge/call/spoken-ledger.ts";
import {
  HeardLine,
  type LineOptions,
  msPerCharacter,
  rateHz,
  type Told,
} from "./heard-line-rig.ts";

setDefaultTimeout(60_000);

/** A report that is further from the truth is early or late. */
const toleranceMs = 60;

const seeds = Array.from({ length: 12 }, (_, index) => `schedule ${index + 1}`);

function between(random: PseudoRandom, least: number, most: number): number {
  return Math.floor(least + random.unit() * (most - least + 1));
}

/** Answers of one to four texts each, which come at once or while others are spoken. */
async function converse(line: HeardLine, random: PseudoRandom, mayHold: boolean): Promise<number> {
  let texts = 0;
  for (let answer = 0; answer < 3; answer += 1) {
    // The first reply tells that outbound reports.
    const isHeld = mayHold && answer > 0 && random.unit() < 0.5;
    line.hold(isHeld);
    const count = between(random, 1, 4);
    for (let text = 0; text < count; text += 1) {
      texts = line.say(between(random, 2, 80), random.unit() < 0.5 ? "." : ",");
      if (random.unit() < 0.6) await line.run(between(random, 0, 600));
    }
    if (isHeld) await line.run(between(random, 0, 3000));
    line.hold(false);
    for (let ran = 0; ran < 30_000 && !line.isIdle; ran += 100) await line.run(100);
    await line.run(between(random, toleranceMs, 500));
  }
  return texts;
}

interface Error {
  readonly told: string;
  readonly byMs: number;
}

/** By how much each report was late; negative: early. */
function errors(line: HeardLine): Error[] {
  return line.told.map(({ text, samples, of, atMs }) => {
    const { firstAtMs = Number.NaN, lastAtMs = Number.NaN } = line.witnessed.get(text) ?? {};
    const trueMs = samples === 0 ? firstAtMs : lastAtMs;
    return { told: `${text}: ${samples}/${of}`, byMs: Math.round(atMs - trueMs) };
  });
}

function intolerable(line: HeardLine): Error[] {
  return errors(line).filter(({ byMs }) => !(Math.abs(byMs) <= toleranceMs));
}

/** Each text once at its begin and once at its end, and in order. */
function expectOrder(told: readonly Told[], texts: number): void {
  const order = told.map(({ text, samples, of }) => `${text} ${samples === of ? "end" : "begin"}`);
  const expected = Array.from({ length: texts }, (_, at) => [`${at + 1} begin`, `${at + 1} end`]);
  expect(order).toEqual(expected.flat());
}

async function lineAfter(
  seed: string,
  options: LineOptions,
  mayHold = false,
): Promise<{ readonly line: HeardLine; readonly texts: number }> {
  const random = new PseudoRandom(seed);
  const line = new HeardLine({ ...options, phaseMs: between(random, 0, 19) });
  return { line, texts: await converse(line, random, mayHold) };
}

describe("each text is told within 60 ms of what the caller hears", () => {
  test.each(seeds)("where outbound reports, also of calls on hold: %s", async (seed) => {
    const { line, texts } = await lineAfter(seed, {}, true);
    expect(intolerable(line)).toEqual([]);
    expectOrder(line.told, texts);
  });

  test.each(seeds)("where it does not: %s", async (seed) => {
    const { line, texts } = await lineAfter(seed, { isReporting: false });
    expect(intolerable(line)).toEqual([]);
    expectOrder(line.told, texts);
  });

  test.each(seeds)("with an engine that is almost as fast as speech: %s", async (seed) => {
    const { line, texts } = await lineAfter(seed, { slowness: 0.9 });
    expect(intolerable(line)).toEqual([]);
    expectOrder(line.told, texts);
  });
});

test.each(seeds)(
  "an engine slower than speech has told nothing that is still to be said: %s",
  async (seed) => {
    const { line, texts } = await lineAfter(seed, { slowness: 1.4 });
    expect(errors(line).filter(({ byMs }) => byMs < -toleranceMs)).toEqual([]);
    expect(Math.max(...errors(line).map(({ byMs }) => byMs))).toBeLessThan(200);
    expectOrder(line.told, texts);
  },
);

/** A long answer, its line paused at the end or not; outbound and voice read SPEECH one after the other. */
async function interrupted(seed: string, pauseMs: number): Promise<HeardLine> {
  const random = new PseudoRandom(seed);
  const line = new HeardLine({ phaseMs: between(random, 0, 19) });
  for (let text = 0; text < 4; text += 1) line.say(between(random, 5, 60));
  await line.run(between(random, 100, 3500));
  if (pauseMs > 0) line.pause();
  await line.run(pauseMs);
  await line.interrupt(between(random, -30, 30));
  await line.run(200);
  return line;
}

/** What the LLaMA believes, and what is true, in ms. */
function compare(line: HeardLine): { readonly believedMs: number; readonly trueMs: number } {
  const ledger = new SpokenLedger();
  let end = 0;
  for (const [index, text] of line.texts.entries()) {
    const clause = { text, start: end, end: end + text.length };
    ledger.give(1, clause)(index + 1, 0);
    ({ end } = clause);
  }
  for (const report of line.told) ledger.report(report);
  const { characters } = ledger.heard(1);
  const spoken = [...line.witnessed].filter(([text]) => text > 0);
  const samples = spoken.reduce((sum, [, heard]) => sum + heard.samples, 0);
  return { believedMs: characters * msPerCharacter, trueMs: (samples * 1000) / rateHz };
}

describe("an interruption", () => {
  test.each(seeds.flatMap((seed) => [0, 300, 1400].map((pauseMs) => [seed, pauseMs] as const)))(
    "leaves the LLaMA with the truth: %s, the line having paused for %p ms",
    async (seed, pauseMs) => {
      const { believedMs, trueMs } = compare(await interrupted(seed, pauseMs));
      expect(Math.abs(believedMs - trueMs)).toBeLessThanOrEqual(toleranceMs + 2 * msPerCharacter);
    },
  );
});

test("a pause of the line makes reports early by no more than it lasted, and the end is not told early", async () => {
  const line = new HeardLine();
  for (let text = 0; text < 3; text += 1) line.say(60);
  await line.run(500);
  line.pause();
  await line.run(800);
  line.resume();
  while (!line.isIdle) await line.run(100);
  await line.run(toleranceMs);
  expectOrder(line.told, 3);
  const late = errors(line).map(({ byMs }) => byMs);
  expect(Math.min(...late)).toBeGreaterThanOrEqual(-800 - toleranceMs);
  expect(Math.max(...late)).toBeLessThanOrEqual(toleranceMs);
  expect(late.at(-1)).toBeGreaterThanOrEqual(-toleranceMs);
});
