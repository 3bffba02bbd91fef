/** Netstrings (`5:hello,`), in which baresip frames the messages of its control connection. Pure. */

/** A frame that claims more than this is none of baresip's. */
const maxBytes = 1 << 20;

export function encodeNetstring(text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  return Buffer.concat([Buffer.from(`${body.length}:`), body, Buffer.from(",")]);
}

export class NetstringDecoder {
  #rest: Buffer = Buffer.alloc(0);

  /** The texts that these bytes complete; throws on bytes that are no netstring. */
  push(bytes: Uint8Array): string[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const texts: string[] = [];
    for (let text = this.#take(); text !== undefined; text = this.#take()) texts.push(text);
    return texts;
  }

  #take(): string | undefined {
    const colon = this.#rest.indexOf(":");
    const digits = this.#rest.subarray(0, colon < 0 ? this.#rest.length : colon).toString("latin1");
    if (!/^\d{0,7}$/.test(digits)) throw new Error(`${JSON.stringify(digits)} is no length`);
    if (colon < 0) return undefined;
    const length = Number(digits);
    if (length > maxBytes) throw new Error(`a message of ${length} bytes`);
    const end = colon + 1 + length;
    if (this.#rest.length < end + 1) return undefined;
    const text = this.#rest.subarray(colon + 1, end).toString("utf8");
    this.#rest = this.#rest.subarray(end + 1);
    return text;
  }
}
