/** What callers of the conversation say: the recordings at the line's rate and at chosen levels. */
import { levelDbfs } from "../src/audio/level.ts";
import { resampleWhole } from "../src/audio/resample-whole.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import { lineRateHz } from "./noise.ts";
import { sentences } from "./sentences.ts";

export interface SpokenUtterance {
  readonly name: string;
  /** Of its speech, pauses left out. */
  readonly dbfs: number;
  /** 8 kHz, -1..1. */
  readonly samples: Float32Array;
  /** The first that is not more than 30 dB below the level of the speech. */
  readonly firstSound: number;
  /** The last that is not more than 40 dB below the peak. */
  readonly lastSound: number;
}

/** 20 ms. */
const frameSamples = lineRateHz / 50;
/** Frames this far below the loudest are pauses. */
const pauseDb = 25;
const firstSoundDb = 30;
const lastSoundDb = 40;
/** What a telephone carries without being driven too hard. */
const callerLevelsDbfs = [-20, -26] as const;

/** Each recording at each level, the levels by turns. */
export async function spokenUtterances(
  levelsDbfs: readonly number[] = callerLevelsDbfs,
): Promise<SpokenUtterance[]> {
  const all = await sentences();
  return levelsDbfs.flatMap((_, round) =>
    all.map(({ name, samples }, index) => {
      const dbfs = levelsDbfs[(index + round) % levelsDbfs.length] ?? 0;
      const narrow = resampleWhole(samples, { fromHz: whisperSampleRateHz, toHz: lineRateHz });
      return spokenUtterance(name, atSpeechLevel(narrow, dbfs), dbfs);
    }),
  );
}

function spokenUtterance(name: string, samples: Float32Array, dbfs: number): SpokenUtterance {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const isFirst = gainOf(dbfs - firstSoundDb);
  const isLast = peak * gainOf(-lastSoundDb);
  return {
    name,
    dbfs,
    samples,
    firstSound: Math.max(
      0,
      samples.findIndex((sample) => Math.abs(sample) >= isFirst),
    ),
    lastSound: samples.findLastIndex((sample) => Math.abs(sample) >= isLast),
  };
}

/** A copy whose speech has this level; what is over full scale is cut off, as a line would. */
export function atSpeechLevel(samples: Float32Array, dbfs: number): Float32Array {
  const gain = gainOf(dbfs - speechDbfs(samples));
  return samples.map((sample) => Math.min(1, Math.max(-1, sample * gain)));
}

/** Mean power of the frames in which somebody speaks. */
function speechDbfs(samples: Float32Array): number {
  const levels: number[] = [];
  for (let at = 0; at < samples.length; at += frameSamples) {
    levels.push(levelDbfs(samples.subarray(at, at + frameSamples)));
  }
  const loudest = Math.max(...levels);
  const spoken = levels.filter((level) => level >= loudest - pauseDb);
  const power = spoken.reduce((sum, level) => sum + 10 ** (level / 10), 0) / spoken.length;
  return 10 * Math.log10(power);
}

function gainOf(decibels: number): number {
  return 10 ** (decibels / 20);
}
