/** The answer to a request that takes a while: events while it runs, its result as the last one. */

export interface TrialStreamOptions {
  readonly request: Request;
  /** Rejects never; its signal is aborted when nobody reads any more. */
  readonly run: (tell: TellEvent, signal: AbortSignal) => Promise<unknown>;
  /** Called once, when `run` is over. */
  readonly done: () => void;
}

/** One event; after the end nothing is told any more. */
export type TellEvent = (name: string, data: unknown) => void;

/** Server-sent events: those that `run` tells, then `result`. */
export function trialStream({ request, run, done }: TrialStreamOptions): Response {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  request.signal.addEventListener("abort", leave, { once: true });
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const tell: TellEvent = (name, data) => {
        if (gone.signal.aborted) return;
        controller.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
      };
      const finish = (result: unknown): void => {
        request.signal.removeEventListener("abort", leave);
        done();
        tell("result", result);
        if (!gone.signal.aborted) controller.close();
      };
      void run(tell, gone.signal).then(finish, () => finish({ level: "fault" }));
    },
    cancel: leave,
  });
  return new Response(stream, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" },
  });
}
