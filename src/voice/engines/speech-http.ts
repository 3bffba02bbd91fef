/** What all requests to a speech server share. */

export function headersFor(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

/** The parts of a body, one after the other. */
export interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

export function readerOf(response: Response): BodyReader | undefined {
  const body: ReadableStream<Uint8Array> | null = response.body;
  return body?.getReader();
}

/** The start of a body as text, up to a limit; the rest is not read. */
export async function readText(response: Response, limitBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  const reader = readerOf(response);
  let text = "";
  let bytes = 0;
  let part = await reader?.read();
  while (part?.value !== undefined && bytes < limitBytes) {
    bytes += part.value.length;
    text += decoder.decode(part.value, { stream: true });
    part = await reader?.read();
  }
  await reader?.cancel();
  return text;
}
