/** The file of a spoken phrase: mark, rate, hash of the sound, and the sound as 16-bit samples. */

export interface PhraseSound {
  readonly samples: Float32Array;
  readonly rateHz: number;
}

const mark = new TextEncoder().encode("WFphrase1\n");
const hashBytes = 32;
const rateAt = mark.length;
const hashAt = rateAt + 4;
const soundAt = hashAt + hashBytes;
const fullScale = 32_767;

export async function encodePhrase({ samples, rateHz }: PhraseSound): Promise<Uint8Array> {
  const file = new Uint8Array(soundAt + 2 * samples.length);
  const view = new DataView(file.buffer);
  for (let index = 0; index < samples.length; index += 1) {
    view.setInt16(soundAt + 2 * index, Math.round((samples[index] ?? 0) * fullScale), true);
  }
  file.set(mark);
  view.setUint32(rateAt, rateHz, true);
  file.set(await hashOf(file), hashAt);
  return file;
}

/** Undefined for anything that `encodePhrase` has not made, byte for byte. */
export async function decodePhrase(bytes: Uint8Array): Promise<PhraseSound | undefined> {
  if (bytes.length < soundAt + 2 || bytes.length % 2 !== soundAt % 2) return undefined;
  const file = Uint8Array.from(bytes);
  if (!mark.every((byte, index) => file[index] === byte)) return undefined;
  const claimed = file.slice(hashAt, soundAt);
  file.fill(0, hashAt, soundAt);
  const actual = await hashOf(file);
  if (!actual.every((byte, index) => claimed[index] === byte)) return undefined;
  const view = new DataView(file.buffer);
  const samples = new Float32Array((file.length - soundAt) / 2);
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = Math.max(-1, view.getInt16(soundAt + 2 * index, true) / fullScale);
  }
  return { samples, rateHz: view.getUint32(rateAt, true) };
}

/** Of the file with zeros where the hash stands; computed on another thread. */
async function hashOf(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", file));
}
