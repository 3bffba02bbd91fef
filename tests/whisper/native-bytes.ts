/** Bytes as the native library writes them, for tests of what reads them. */

/** Concatenates little-endian words and texts. */
export function bytesOf(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  const chunks = parts.map((part) => {
    if (typeof part === "string") return Buffer.from(part);
    if (typeof part !== "number") return part;
    const word = Buffer.alloc(4);
    if (Number.isInteger(part)) word.writeInt32LE(part);
    else word.writeFloatLE(part);
    return word;
  });
  return new Uint8Array(Buffer.concat(chunks));
}
