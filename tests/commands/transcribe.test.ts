import { describe, expect, test } from "bun:test";
import { transcribe } from "../../src/commands/transcribe.ts";
import { WildfireError } from "../../src/core/errors.ts";
import {
  earSettings,
  hearingOptions,
  type HearingValues,
  loadOptions,
} from "../../src/services/hearing-options.ts";
import { readOptions } from "../../src/config/options.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

async function complaint(argv: readonly string[]): Promise<WildfireError> {
  const error: unknown = await transcribe(argv).then(
    (code) => new Error(`exit code ${code}`),
    (reason: unknown) => reason,
  );
  if (error instanceof WildfireError) return error;
  throw error;
}

describe("a wrong command line is refused before anything is loaded", () => {
  const mistakes: readonly (readonly [readonly string[], string])[] = [
    [[], "no file is named; say wildfire transcribe FILE…, or see --help"],
    [["--json"], "no file is named; say wildfire transcribe FILE…, or see --help"],
    [["--modle", "x", "a.wav"], 'unknown option "--modle"; did you mean --model?'],
    [["a.wav", "--threads", "x"], '--threads: "x" is not a whole number from 1 to 64'],
    [
      ["a.wav", "--end-silence", "20"],
      '--end-silence: "20" is not a whole number from 100 to 5000',
    ],
    [["a.wav", "--model"], "--model needs a value"],
  ];
  for (const [argv, line] of mistakes) {
    test(argv.length === 0 ? "nothing" : argv.join(" "), async () => {
      const error = await complaint(argv);
      expect(error.code).toBe("usage");
      expect(error.summary).toBe(line);
    });
  }
});

describe("the options of hearing", () => {
  const model = { audioContext: { floor: 512, margin: 25 }, maxUtteranceMs: 28_000 };

  test("without any, the model says what it hears well with", () => {
    expect(earSettings(readHearing([]), model)).toEqual({
      decode: {
        language: "en",
        translate: false,
        timestamps: true,
        prompt: "",
        audioContext: { floor: 512, margin: 25 },
      },
      endSilenceMs: 500,
      maxUtteranceMs: 28_000,
      minSpeechMs: 96,
    });
  });

  test("each of them arrives where it is meant to", () => {
    const argv =
      "-l de --translate --no-timestamps --prompt Anna --min-context 1500 " +
      "--end-silence 700 --max-utterance 5000 --min-speech 50";
    expect(earSettings(readHearing(argv.split(" ")), model)).toEqual({
      decode: {
        language: "de",
        translate: true,
        timestamps: false,
        prompt: "Anna",
        audioContext: { floor: 1500, margin: 25 },
      },
      endSilenceMs: 700,
      maxUtteranceMs: 5000,
      minSpeechMs: 50,
    });
    const { log } = createMemoryLog(systemClock);
    const context = { clock: systemClock, log, stateFolder: "/x", print: () => undefined };
    const loading = loadOptions(
      readHearing("-m m.bin -t 2 --lanes 3 --no-gpu --nice 0".split(" ")),
      context,
    );
    expect(loading).toMatchObject({
      modelPath: "m.bin",
      threadsPerLane: 2,
      lanes: 3,
      useGpu: false,
      niceness: 0,
    });
    expect(loadOptions(readHearing(["-t", "64"]), context).lanes).toBe(1);
  });
});

function readHearing(argv: readonly string[]): HearingValues {
  const sources = { argv, env: {}, command: "whisper" };
  return readOptions(hearingOptions, sources);
}
