/** Reads a response of which only so much is believed. */

export interface BodyHandlers {
  /** False: no more of it is wanted. */
  data(bytes: Uint8Array): boolean;
  /** More than the limit has come; nothing follows. */
  tooLong(): void;
}

/** Resolves at the body's end; rejects with what `fetch` says when the connection breaks. */
export async function readBody(
  response: Response,
  maxBytes: number,
  handlers: BodyHandlers,
): Promise<void> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return;
  let total = 0;
  for await (const bytes of body) {
    total += bytes.length;
    if (total > maxBytes) {
      handlers.tooLong();
      return;
    }
    if (!handlers.data(bytes)) return;
  }
}

/** The beginning of a body as text: at most `maxBytes` of it. */
export async function readStart(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let left = maxBytes;
  const take = (bytes: Uint8Array): boolean => {
    parts.push(bytes.subarray(0, left));
    left -= bytes.length;
    return left > 0;
  };
  await readBody(response, Number.POSITIVE_INFINITY, { data: take, tooLong: () => undefined });
  return new TextDecoder().decode(Buffer.concat(parts));
}
