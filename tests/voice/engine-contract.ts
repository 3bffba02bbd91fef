/** What every speech engine promises, as tests that each engine runs against itself. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeError, WildfireError } from "../../src/core/errors.ts";
import type { SpeechEngine, SpeechRequest } from "../../src/voice/engines/engine.ts";
import { isReplyRate } from "../../src/wire/reply-audio.ts";

/** All that an engine said to one request. */
export interface Spoken {
  readonly samples: number[];
  readonly rates: Set<number>;
  /** Calls of the sink. */
  pieces: number;
}

export interface SpeakOptions {
  readonly signal?: AbortSignal;
  /** Called after each piece. */
  readonly onPiece?: (spoken: Spoken) => void;
}

export interface SpeakOutcome {
  readonly spoken: Spoken;
  /** Undefined when it was spoken to the end. */
  readonly error: unknown;
}

/** Speaks to the end, or to the error, and keeps the sound. */
export async function speak(
  engine: SpeechEngine,
  request: SpeechRequest,
  options: SpeakOptions = {},
): Promise<SpeakOutcome> {
  const spoken: Spoken = { samples: [], rates: new Set(), pieces: 0 };
  const sink = {
    samples(samples: Float32Array, rateHz: number): void {
      for (const sample of samples) spoken.samples.push(sample);
      spoken.rates.add(rateHz);
      spoken.pieces += 1;
      options.onPiece?.(spoken);
    },
  };
  const signal = options.signal ?? new AbortController().signal;
  const error: unknown = await engine.speak(request, sink, signal).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { spoken, error };
}

export interface EngineContractOptions {
  /** A new engine; called several times, and each one is closed by the suite. */
  readonly open: () => Promise<SpeechEngine> | SpeechEngine;
  /** False for an engine whose sound says nothing about the text. */
  readonly longerTextsTakeLonger?: boolean;
}

const shortText = "Good morning.";
const longText = "We are open from nine to five, and on Saturdays until noon. ".repeat(6).trim();

const oddTexts: readonly (readonly [string, string])[] = [
  ["one full stop", "."],
  ["white space", " \t\n "],
  ["control characters", "one\u0000two\u0007\u001bthree"],
  ["markup", "<speak>Hello<break time='10s'/></speak> & good-bye"],
  ["an emoji and a lone surrogate", "fine \u{1F600} \uD800"],
  ["another script", "Grüße, 你好, привет"],
  ["one long word", "a".repeat(300)],
];

/** Gives late work of the engine the time to show itself. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
}

export function describeEngineContract(what: string, options: EngineContractOptions): void {
  describe(`${what} as a speech engine`, () => {
    let engine: SpeechEngine;
    beforeAll(async () => {
      engine = await options.open();
    });
    afterAll(async () => await engine.close());

    test("has a name, and names its voices once each", () => {
      expect(engine.name).not.toBe("");
      expect(new Set(engine.voices).size).toBe(engine.voices.length);
    });

    test("gives samples within -1..1, at one rate that replies may have", async () => {
      const { spoken, error } = await speak(engine, { text: shortText });
      expect(error).toBeUndefined();
      expect(spoken.samples.length).toBeGreaterThan(0);
      expect(spoken.samples.every((sample) => sample >= -1 && sample <= 1)).toBe(true);
      expect([...spoken.rates].map(isReplyRate)).toEqual([true]);
    });

    test.skipIf(options.longerTextsTakeLonger === false)(
      "gives more sound for a longer text, and less for a higher speed",
      async () => {
        const short = await speak(engine, { text: shortText });
        const long = await speak(engine, { text: longText });
        const fast = await speak(engine, { text: longText, speed: 1.5 });
        expect(long.spoken.samples.length).toBeGreaterThan(4 * short.spoken.samples.length);
        expect(fast.spoken.samples.length).toBeLessThan(0.85 * long.spoken.samples.length);
      },
    );

    test("speaks with each of its first voices", async () => {
      for (const voice of engine.voices.slice(0, 3)) {
        const { spoken, error } = await speak(engine, { text: shortText, voice });
        expect(error).toBeUndefined();
        expect(spoken.samples.length).toBeGreaterThan(0);
      }
    });

    test("says the same when it says two things at once as when it says one", async () => {
      const alone = await speak(engine, { text: shortText });
      const both = await Promise.all([
        speak(engine, { text: shortText }),
        speak(engine, { text: longText }),
        speak(engine, { text: shortText }),
      ]);
      expect(both.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
      expect(both[0].spoken.samples.length).toBe(alone.spoken.samples.length);
      expect(both[2].spoken.samples.length).toBe(alone.spoken.samples.length);
    });

    test.each(oddTexts)("speaks %s or refuses it in one line", async (_name, text) => {
      const { error } = await speak(engine, { text });
      if (error === undefined) return;
      expect(error).toBeInstanceOf(WildfireError);
      expect(describeError(error)).not.toContain("\n");
    });

    test("gives nothing for a request that was aborted before", async () => {
      const { spoken, error } = await speak(
        engine,
        { text: shortText },
        { signal: AbortSignal.abort() },
      );
      expect(error).toBeInstanceOf(WildfireError);
      expect(spoken.pieces).toBe(0);
    });

    test("rejects when it is aborted at once, and gives nothing more", async () => {
      const abort = new AbortController();
      const speaking = speak(engine, { text: longText }, { signal: abort.signal });
      abort.abort();
      const { spoken, error } = await speaking;
      expect(error).toBeInstanceOf(WildfireError);
      await settle();
      expect(spoken.pieces).toBe(0);
    });

    test("gives nothing more after an abort in mid-speech", async () => {
      const abort = new AbortController();
      const { spoken, error } = await speak(
        engine,
        { text: longText },
        { signal: abort.signal, onPiece: () => abort.abort() },
      );
      expect(spoken.pieces).toBe(1);
      // The first piece may have been the last one too.
      if (error !== undefined) expect(error).toBeInstanceOf(WildfireError);
      await settle();
      expect(spoken.pieces).toBe(1);
    });

    test("speaks on after aborts", async () => {
      for (let count = 0; count < 10; count += 1) {
        const abort = new AbortController();
        const speaking = speak(engine, { text: longText }, { signal: abort.signal });
        if (count % 2 === 0) await new Promise((resolve) => setTimeout(resolve, count));
        abort.abort();
        await speaking;
      }
      const { error } = await speak(engine, { text: shortText });
      expect(error).toBeUndefined();
    });

    test("rejects what it is saying when it is closed, and everything afterwards", async () => {
      const closing = await options.open();
      const speaking = speak(closing, { text: longText });
      await closing.close();
      await closing.close();
      const { spoken, error } = await speaking;
      expect(error).toBeInstanceOf(WildfireError);
      const pieces = spoken.pieces;
      const after = await speak(closing, { text: shortText });
      expect(after.error).toBeInstanceOf(WildfireError);
      expect(after.spoken.pieces).toBe(0);
      await settle();
      expect(spoken.pieces).toBe(pieces);
    });
  });
}
