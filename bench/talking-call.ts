/** A call that never stops: sentences over a telephone line, with pauses that end utterances. */
import { resampleWhole } from "../src/audio/resample-whole.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import { recordOverTelephone } from "./line-sounds.ts";
import { atLevel, lineRateHz, lowPassNoise, type Sound } from "./noise.ts";
import { inTurn } from "./sentences.ts";
import type { Span } from "./spans.ts";
import { Xorshift32 } from "./xorshift.ts";

/** Longer than any silence within an utterance, by far. */
const pauseMs = { shortest: 1100, longest: 2500 } as const;
const noise = { dbfs: -60, cornerHz: 800, lengthMs: 20_000, seed: 20 } as const;
const samplesPerMs = whisperSampleRateHz / 1000;

export interface Sayable {
  readonly text: string;
  /** 16 kHz, as it comes out of the line. */
  readonly samples: Float32Array;
}

export interface Said {
  readonly text: string;
  /** In samples of the call. */
  readonly span: Span;
}

/** A recording (16 kHz) with the line's noise behind it and through its coding. */
export function sayOverTelephone(text: string, recording: Float32Array): Sayable {
  const narrow = resampleWhole(recording, { fromHz: whisperSampleRateHz, toHz: lineRateHz });
  const background = lineNoise();
  let at = 0;
  const sound = (): number => {
    at += 1;
    return (narrow[at - 1] ?? 0) + background();
  };
  return { text, samples: recordOverTelephone(sound, (narrow.length * 1000) / lineRateHz) };
}

/** The noise of the line alone, for pauses. */
export function quietLine(): Float32Array {
  return recordOverTelephone(lineNoise(), noise.lengthMs);
}

export interface TalkingCallOptions {
  readonly sayables: readonly Sayable[];
  /** As quietLine() makes it; longer than any pause. */
  readonly quiet: Float32Array;
  readonly lengthMs: number;
  readonly seed: number;
  /** Called before the sound of a sentence comes. */
  readonly onSaid: (said: Said) => void;
}

/**
 * Packets of 20 ms, views of what was handed in: a call of any length takes no memory.
 * After `lengthMs` the sentence is finished, and a pause ends the call.
 */
export function* talkingCall(options: TalkingCallOptions): Generator<Float32Array> {
  const { sayables, quiet, lengthMs, seed, onSaid } = options;
  const random = new Xorshift32(seed);
  let position = 0;
  while (position < lengthMs * samplesPerMs) {
    const pause = pickPause(quiet, random);
    yield* inBlocks(pause);
    position += pause.length;
    const { text, samples } = inTurn(sayables, random.next());
    onSaid({ text, span: { start: position, end: position + samples.length } });
    yield* inBlocks(samples);
    position += samples.length;
  }
  yield* inBlocks(pickPause(quiet, random));
}

function pickPause(quiet: Float32Array, random: Xorshift32): Float32Array {
  const ms = pauseMs.shortest + random.unit() * (pauseMs.longest - pauseMs.shortest);
  const length = Math.round(ms * samplesPerMs);
  const start = Math.floor(random.unit() * (quiet.length - length));
  return quiet.subarray(start, start + length);
}

function* inBlocks(samples: Float32Array): Generator<Float32Array> {
  const blockSamples = whisperSampleRateHz / 50;
  for (let at = 0; at < samples.length; at += blockSamples) {
    yield samples.subarray(at, at + blockSamples);
  }
}

function lineNoise(): Sound {
  return atLevel(lowPassNoise(new Xorshift32(noise.seed), noise.cornerHz), noise.dbfs);
}
