/** The calls that were found as one file, sent while it is made: piece by piece, as fast as it is read. */
import type { CallFilter } from "../../history/call-selection.ts";
import { type ListFormat, listFormats, listFrames } from "../../history/export-list.ts";
import type { PageMark } from "../../history/call-selection.ts";
import type { History } from "../appliance.ts";
import { RequestError } from "../answers.ts";

/** Each holds one piece; all of them ask the same thread. */
const maxExports = 4;

export class ListExports {
  readonly #history: History;
  #open = 0;

  constructor(history: History) {
    this.#history = history;
  }

  /** Throws a RequestError with 400 or 503. */
  open(
    { url, method }: { readonly url: URL; readonly method: string },
    filter: CallFilter,
  ): Response {
    const wanted = url.searchParams.get("format") ?? "csv";
    const format = listFormats.find((name) => name === wanted);
    if (format === undefined)
      throw new RequestError(400, "there is no such format", { hint: listFormats.join(", ") });
    const headers = {
      "content-type": listFrames[format].contentType,
      "content-disposition": `attachment; filename="calls.${format}"`,
    };
    // Nobody would read it, and nobody would end it.
    if (method === "HEAD") return new Response(null, { headers });
    if (this.#open >= maxExports) {
      throw new RequestError(503, `${maxExports} exports are being made already`, {
        hint: "try again when one is done",
        headers: { "retry-after": "10" },
      });
    }
    return new Response(this.#stream(format, filter), { headers });
  }

  #stream(format: ListFormat, filter: CallFilter): ReadableStream<Uint8Array> {
    this.#open += 1;
    const pieces = piecesOf(this.#history, format, filter);
    const encoder = new TextEncoder();
    const state = { isOpen: true };
    const end = (): void => {
      if (state.isOpen) this.#open -= 1;
      state.isOpen = false;
    };
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const piece = await pieces.next();
            if (piece.done !== true) {
              controller.enqueue(encoder.encode(piece.value));
              return;
            }
            end();
            controller.close();
          } catch (error) {
            end();
            // The connection breaks, so that half a file is not taken for a whole one.
            controller.error(error);
          }
        },
        cancel: end,
      },
      { highWaterMark: 1 },
    );
  }
}

async function* piecesOf(
  history: History,
  format: ListFormat,
  filter: CallFilter,
): AsyncGenerator<string, undefined> {
  const { head, separator, tail } = listFrames[format];
  let after: PageMark | undefined;
  let before = head;
  do {
    const { text, next } = await history.list({ format, filter, after });
    if (text !== "") {
      yield before + text;
      before = separator;
    }
    after = next;
  } while (after !== undefined);
  yield (before === head ? head : "") + tail;
  return undefined;
}
