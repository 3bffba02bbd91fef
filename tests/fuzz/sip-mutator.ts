/** Damage that knows what SIP looks like: lines that move, and pieces that parsers stumble over. */
import type { SeededRandom } from "./seeded-random.ts";

export type Corpus = readonly [Uint8Array, ...Uint8Array[]];

const pieces = [
  "\r\n",
  "\n",
  "\r",
  "\r\n ",
  "\r\n\r\n",
  " ",
  "\t",
  ":",
  ";",
  ",",
  "=",
  "?",
  "@",
  "%",
  "%00",
  "%ff",
  "%C3%A4",
  '"',
  '\\"',
  "\\",
  "<",
  ">",
  "[",
  "]",
  ":::192.0.2.1",
  "*",
  "+x=1",
  ";lr",
  ";tag=",
  ";rport",
  "\0",
  "\\\u0007",
  "\u007f",
  "\u0085",
  "\ufeff",
  "é",
  "👋",
  "SIP/2.0",
  "sip:",
  "z9hG4bK",
  "l: 5\r\n",
  "4294967296",
  "-1",
  "İΣ",
] as const;

const encoder = new TextEncoder();
const encodedPieces = pieces.map((piece) => encoder.encode(piece));
const noPiece = new Uint8Array(0);

/** A message of the corpus with one to three changes. */
export function mutateSip(random: SeededRandom, corpus: Corpus): Uint8Array {
  let bytes = random.pick(corpus);
  for (let count = random.between(1, 3); count > 0; count -= 1) {
    const how = random.between(0, 5);
    if (how === 0) bytes = random.mutate(bytes);
    else if (how === 1) bytes = swapInLine(random, bytes, random.pick(corpus));
    else if (how === 2) bytes = cut(bytes, lineAt(random, bytes));
    else bytes = insertPiece(random, bytes);
  }
  return bytes;
}

function insertPiece(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const at = random.between(0, bytes.length);
  const piece = encodedPieces[random.between(0, encodedPieces.length - 1)] ?? noPiece;
  const isReplacing = random.between(0, 1) === 0;
  return splice(bytes, { start: at, end: at + (isReplacing ? piece.length : 0) }, piece);
}

/** A line of another message in place of one, or before it. */
function swapInLine(random: SeededRandom, bytes: Uint8Array, donor: Uint8Array): Uint8Array {
  const { start, end } = lineAt(random, bytes);
  const line = lineAt(random, donor);
  const isReplacing = random.between(0, 1) === 0;
  const place = { start, end: isReplacing ? end : start };
  return splice(bytes, place, donor.subarray(line.start, line.end));
}

function cut(bytes: Uint8Array, place: Place): Uint8Array {
  return splice(bytes, place, noPiece);
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** The line, with its end, around some byte. */
function lineAt(random: SeededRandom, bytes: Uint8Array): Place {
  const at = random.between(0, Math.max(bytes.length - 1, 0));
  const next = bytes.indexOf(0x0a, at);
  const before = at === 0 ? -1 : bytes.lastIndexOf(0x0a, at - 1);
  return { start: before + 1, end: next < 0 ? bytes.length : next + 1 };
}

function splice(bytes: Uint8Array, { start, end }: Place, middle: Uint8Array): Uint8Array {
  const tail = bytes.subarray(end);
  const whole = new Uint8Array(start + middle.length + tail.length);
  whole.set(bytes.subarray(0, start));
  whole.set(middle, start);
  whole.set(tail, start + middle.length);
  return whole;
}
