/** Answers with a file from the disk, or with the part of it that was asked for; nothing is read into memory. */
import { RequestError } from "./answers.ts";
import { readByteRange } from "./byte-range.ts";

export interface AnsweredFile {
  readonly path: string;
  readonly bytes: number;
  readonly changedMs: number;
  readonly type: string;
}

/** Throws a RequestError(416) for a part that is not there. */
export function fileAnswer({ headers: asked }: Request, file: AnsweredFile): Response {
  const { path, bytes, changedMs, type } = file;
  const etag = `"${bytes.toString(36)}-${changedMs.toString(36)}"`;
  const headers = { "content-type": type, "accept-ranges": "bytes", etag };
  // Of a file that has changed since the parts before the whole is wanted.
  const condition = asked.get("if-range");
  const isSame = condition === null || condition === etag;
  const range = readByteRange(isSame ? asked.get("range") : null, bytes);
  switch (range.kind) {
    case "all":
      return new Response(Bun.file(path), { headers });
    case "none":
      throw new RequestError(416, "the file ends before that", {
        hint: `it has ${bytes} bytes`,
        headers: { "content-range": `bytes */${bytes}` },
      });
    case "part": {
      const { start, end } = range;
      return new Response(Bun.file(path).slice(start, end), {
        status: 206,
        headers: { ...headers, "content-range": `bytes ${start}-${end - 1}/${bytes}` },
      });
    }
  }
}
