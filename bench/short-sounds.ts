/** Sounds of people who listen, as short as an "mm-hm": voiced pieces of the recordings. */
import { levelDbfs } from "../src/audio/level.ts";
import { lineRateHz } from "./noise.ts";
import { inTurn } from "./sentences.ts";
import { atSpeechLevel, type SpokenUtterance, spokenUtterances } from "./spoken-utterance.ts";
import { Xorshift32 } from "./xorshift.ts";

const samplesPerMs = lineRateHz / 1000;
const lengthsMs = [150, 180, 210, 240, 270, 300] as const;
const fadeMs = 10;
/** A piece that is softer than this, against the speech around it, holds a pause. */
const leastDb = -6;
/** One of them begins with "sorry", which stops an agent by itself. */
const leastStartMs = 400;
const seed = 33;
const attempts = 5000;

/** Their speech has this level. */
export async function shortSounds(count: number, dbfs: number): Promise<SpokenUtterance[]> {
  const utterances = await spokenUtterances([dbfs]);
  const random = new Xorshift32(seed);
  const found: SpokenUtterance[] = [];
  for (let attempt = 0; attempt < attempts && found.length < count; attempt += 1) {
    const piece = cut(inTurn(utterances, attempt), inTurn(lengthsMs, found.length), random);
    if (piece !== undefined) found.push(piece);
  }
  if (found.length < count) throw new Error("the recordings have too few voiced pieces");
  return found;
}

/** Undefined when it fell on a pause. */
function cut(
  { samples, dbfs, name }: SpokenUtterance,
  lengthMs: number,
  random: Xorshift32,
): SpokenUtterance | undefined {
  const length = lengthMs * samplesPerMs;
  const from = leastStartMs * samplesPerMs;
  const start = from + Math.floor(random.unit() * (samples.length - length - from));
  const piece = samples.slice(start, start + length);
  if (!isVoiced(piece, dbfs)) return undefined;
  fade(piece);
  return {
    name: `${lengthMs} ms of ${name} at ${Math.round(start / samplesPerMs)} ms`,
    dbfs,
    samples: atSpeechLevel(piece, dbfs),
    firstSound: 0,
    lastSound: length - 1,
  };
}

/** In each third. */
function isVoiced(piece: Float32Array, speechDbfs: number): boolean {
  const third = Math.floor(piece.length / 3);
  return [0, 1, 2].every(
    (part) => levelDbfs(piece.subarray(part * third, (part + 1) * third)) >= speechDbfs + leastDb,
  );
}

function fade(piece: Float32Array): void {
  const samples = fadeMs * samplesPerMs;
  for (let index = 0; index < samples; index += 1) {
    const gain = (index + 1) / samples;
    const last = piece.length - 1 - index;
    piece[index] = (piece[index] ?? 0) * gain;
    piece[last] = (piece[last] ?? 0) * gain;
  }
}
