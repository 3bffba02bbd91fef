/** A server of model files that behaves as badly as it is told. */

export interface FileServer extends AsyncDisposable {
  /** Address of the folder. */
  readonly place: string;
  /** `GET /path range` of each request. */
  readonly requests: string[];
}

export type Answer = (request: Request) => Response | Promise<Response>;

/** Serves `answers` by path; the last answer of a list serves all further requests. */
export function serveFiles(answers: Readonly<Record<string, readonly Answer[]>>): FileServer {
  const requests: string[] = [];
  const counts = new Map<string, number>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    // A stream that breaks on purpose is no news.
    error: () => new Response(null, { status: 500 }),
    fetch(request) {
      const { pathname } = new URL(request.url);
      requests.push(`${pathname} ${request.headers.get("range") ?? "whole"}`);
      const list = answers[pathname] ?? [];
      const count = counts.get(pathname) ?? 0;
      counts.set(pathname, count + 1);
      const answer = list[Math.min(count, list.length - 1)];
      return answer === undefined ? new Response("no", { status: 404 }) : answer(request);
    },
  });
  return {
    place: `http://127.0.0.1:${server.port}`,
    requests,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

/** As a good server does, with ranges. */
export function whole(bytes: Uint8Array<ArrayBuffer>): Answer {
  return (request) => {
    const from = rangeStart(request);
    if (from === undefined) return new Response(bytes);
    if (from >= bytes.length) {
      const headers = { "Content-Range": `bytes */${bytes.length}` };
      return new Response(null, { status: 416, headers });
    }
    const headers = { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    return new Response(bytes.subarray(from), { status: 206, headers });
  };
}

/** Announces the rest of the file and breaks the connection behind `count` bytes of it. */
export function cutOff(bytes: Uint8Array<ArrayBuffer>, count: number): Answer {
  return (request) => {
    const from = rangeStart(request) ?? 0;
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(bytes.subarray(from, from + count));
        await Bun.sleep(20);
        controller.error(new Error("cut off"));
      },
    });
    const range = { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    return new Response(body, from === 0 ? {} : { status: 206, headers: range });
  };
}

/** Says the first bytes and then nothing. */
export function stalling(bytes: Uint8Array<ArrayBuffer>, count: number): Answer {
  return () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(bytes.subarray(0, count));
        },
      }),
    );
}

function rangeStart(request: Request): number | undefined {
  const start = /^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1];
  return start === undefined ? undefined : Number(start);
}
