/** Recognises by their first bytes the files that people give in place of a ggml model. */

export interface ForeignFile {
  /** Continues "the file is …". */
  readonly what: string;
  /** What to do with it. */
  readonly hint: string;
}

interface Signature extends ForeignFile {
  readonly start: string;
}

const convertHint = "use the ggml file of the model, as whisper.cpp's converters write it";
const unpackHint = "unpack it and name the .bin file";
const downloadHint = "download the model itself; this is what the server sent in its place";

/** Compared as Latin-1; the first that fits counts. */
const signatures: readonly Signature[] = [
  { start: "GGUF", what: "a GGUF file", hint: convertHint },
  { start: "tjgg", what: "a ggml model of the old GGJT kind", hint: convertHint },
  { start: "fmgg", what: "a ggml model of the old GGMF kind", hint: convertHint },
  { start: "\x1f\x8b", what: "a gzip archive", hint: unpackHint },
  { start: "\xfd7zXZ", what: "an xz archive", hint: unpackHint },
  { start: "\x28\xb5\x2f\xfd", what: "a zstd archive", hint: unpackHint },
  { start: "BZh", what: "a bzip2 archive", hint: unpackHint },
  { start: "7z\xbc\xaf", what: "a 7z archive", hint: unpackHint },
  { start: "\x80\x02", what: "a PyTorch checkpoint", hint: convertHint },
  { start: "RIFF", what: "a recording", hint: "give the recording to --wav" },
  { start: "version https://git-lfs", what: "a Git LFS pointer", hint: downloadHint },
];

/** Each byte as the character of its number; no decoder does just that. */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** What a file is, from its first 128 bytes; undefined when it may be a ggml model. */
export function recogniseForeignFile(start: Uint8Array): ForeignFile | undefined {
  const text = latin1(start.subarray(0, 128));
  if (text.startsWith("PK\x03\x04")) return describeZip(text);
  if (/^\s*(?:<!doctype|<html|<\?xml)/i.test(text)) {
    return { what: "a web page", hint: downloadHint };
  }
  // Safetensors: a 64-bit length, then JSON.
  if (/^[^]{8}\{\s*"/.test(text)) return { what: "a safetensors file", hint: convertHint };
  // A Silero model has the same magic, then the length of its name and the name.
  if (/^lmgg[^]{4}silero/.test(text)) {
    return { what: "a Silero voice-activity model", hint: "name a whisper model" };
  }
  return signatures.find((signature) => text.startsWith(signature.start));
}

function describeZip(text: string): ForeignFile {
  const isCheckpoint = text.includes("data.pkl");
  if (isCheckpoint) return { what: "a PyTorch checkpoint", hint: convertHint };
  return { what: "a zip archive", hint: unpackHint };
}
