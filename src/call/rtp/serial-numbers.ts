/** Distances between numbers that wrap around, and numbers in network order. */

/** How far `to` is ahead of `from`, both 16-bit: -32768..32767. */
export function distance16(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** How far `to` is ahead of `from`, both 32-bit: -2 ** 31..2 ** 31 - 1. */
export function distance32(from: number, to: number): number {
  return (to - from) | 0;
}

/** The caller has checked that the bytes are there. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** The caller has checked that the bytes are there. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((readUint16(bytes, at) << 16) | readUint16(bytes, at + 2)) >>> 0;
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  writeUint16(bytes, at, value >>> 16);
  writeUint16(bytes, at + 2, value & 0xffff);
}
