/** A small pseudo-random generator (xorshift32), so that every failure can be repeated. */

export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 0x9e3779b9;
    for (let round = 0; round < 8; round += 1) this.#next();
  }

  /** 0 up to, not including, 1. */
  unit(): number {
    return this.#next() / 0x1_0000_0000;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.unit() * (most - least + 1));
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.between(0, items.length - 1)] ?? items[0];
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() & 0xff);
  }

  /** A copy with a few bytes changed, cut out, doubled, or the end cut off. */
  mutate(original: Uint8Array): Uint8Array {
    let bytes = original.slice();
    for (let count = this.between(1, 4); count > 0 && bytes.length > 0; count -= 1) {
      const at = this.between(0, bytes.length - 1);
      const until = Math.min(bytes.length, at + this.between(1, 16));
      const how = this.between(0, 4);
      if (how === 0) bytes = bytes.slice(0, at);
      else if (how === 1) bytes = join(bytes.subarray(0, at), bytes.subarray(until));
      else if (how === 2) bytes = join(bytes.subarray(0, until), bytes.subarray(at));
      else bytes[at] = this.pick([0, 1, 0x7f, 0x80, 0xff, this.between(0, 255)]);
    }
    return bytes;
  }

  /** The bytes in pieces of random length, some of them empty. */
  split(bytes: Uint8Array, longest: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      const end = at + this.between(0, longest);
      pieces.push(bytes.subarray(at, end));
      at = Math.min(end, bytes.length);
    }
    return pieces;
  }

  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
