/**
 * A server of the OpenAI speech convention over real HTTP: it sings a tone whose length follows the
 * text, and misbehaves as the test says.
 */
import { encodeWav } from "../../src/audio/wav-writer.ts";

/** The body of one request, as it came. */
export interface SpeechOrder {
  readonly model: string;
  readonly voice: string;
  readonly input: string;
  readonly response_format: string;
  readonly speed: number;
  readonly stream: boolean;
}

/** Answers one request. */
export type SpeechScript = (order: SpeechOrder, request: Request) => Response | Promise<Response>;

const scriptedRateHz = 24_000;
const msPerCharacter = 20;

/** The tone for a text: 440 Hz at a quarter of full scale. */
export function tone(
  milliseconds: number,
  rateHz = scriptedRateHz,
  amplitude = 0.25,
): Float32Array {
  const samples = new Float32Array(Math.round((milliseconds * rateHz) / 1000));
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = amplitude * Math.sin((2 * Math.PI * 440 * index) / rateHz);
  }
  return samples;
}

export function samplesFor(order: Pick<SpeechOrder, "input" | "speed">): Float32Array {
  return tone((order.input.length * msPerCharacter) / order.speed);
}

export function toPcm(samples: Float32Array): Uint8Array<ArrayBuffer> {
  const pcm = new Uint8Array(samples.length * 2);
  const view = new DataView(pcm.buffer);
  for (const [index, sample] of samples.entries()) {
    view.setInt16(index * 2, Math.round(sample * 32_767), true);
  }
  return pcm;
}

/** Sends the parts one by one, each after the event loop had a turn; `after` follows the last. */
export function streamed(
  parts: Iterable<Uint8Array<ArrayBuffer>>,
  after: "close" | "stay-silent" = "close",
): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.iterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const next = iterator.next();
      if (next.done !== true) {
        controller.enqueue(next.value);
        return;
      }
      if (after === "close") controller.close();
      else await new Promise(() => undefined);
    },
  });
}

/** Cuts bytes into parts of these sizes, the last size for all that is left. */
export function* cut(
  bytes: Uint8Array<ArrayBuffer>,
  sizes: readonly number[],
): Generator<Uint8Array<ArrayBuffer>> {
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[Math.min(index, sizes.length - 1)] ?? bytes.length;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

export function pcmAnswer(body: Bun.BodyInit, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers: { "content-type": "audio/pcm", ...headers } });
}

export const scripts = {
  /** Raw samples in parts that split samples. */
  pcm: (order: SpeechOrder) =>
    pcmAnswer(streamed(cut(toPcm(samplesFor(order)), [1, 2, 4095, 7777]))),
  wav: (order: SpeechOrder) => {
    const wav = Uint8Array.from(encodeWav(samplesFor(order), scriptedRateHz));
    return new Response(streamed(cut(wav, [3, 11, 40, 1001])), {
      headers: { "content-type": "audio/wav" },
    });
  },
  /** Raw samples, half of them, then nothing more. */
  stalling: (order: SpeechOrder) => {
    const pcm = toPcm(samplesFor(order));
    return pcmAnswer(streamed([pcm.slice(0, pcm.length / 2)], "stay-silent"));
  },
  neverAnswering: () => new Promise<Response>(() => undefined),
  endless: () =>
    pcmAnswer(
      streamed(
        (function* (): Generator<Uint8Array<ArrayBuffer>> {
          for (;;) yield toPcm(tone(1000));
        })(),
      ),
    ),
} as const satisfies Record<string, SpeechScript>;

export class ScriptedSpeechServer implements Disposable {
  readonly orders: SpeechOrder[] = [];
  /** The Authorization headers of all requests. */
  readonly authorizations: (string | null)[] = [];
  script: SpeechScript = scripts.pcm;
  /** The body of `GET /v1/audio/voices`; undefined: 404. */
  voices: string | undefined;
  /** Requests whose client has gone away before the end. */
  abandoned = 0;
  readonly #server: Bun.Server<undefined>;

  constructor(port = 0) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.authorizations.push(request.headers.get("authorization"));
    request.signal.addEventListener("abort", () => (this.abandoned += 1));
    if (pathname === "/v1/audio/voices") {
      if (this.voices === undefined) return Response.json({ detail: "Not Found" }, { status: 404 });
      return new Response(this.voices, { headers: { "content-type": "application/json" } });
    }
    if (pathname !== "/v1/audio/speech" || request.method !== "POST") {
      return Response.json({ detail: "Not Found" }, { status: 404 });
    }
    const order = readOrder(await request.json());
    this.orders.push(order);
    return await this.script(order, request);
  }
}

/** A request that does not keep the convention is an error of the test's subject: it gets a 422. */
function readOrder(body: unknown): SpeechOrder {
  if (typeof body !== "object" || body === null) throw new Error("the body is no object");
  const field = (name: string): unknown => Object.getOwnPropertyDescriptor(body, name)?.value;
  const text = (name: string): string => {
    const value = field(name);
    if (typeof value !== "string") throw new Error(`${name} is missing`);
    return value;
  };
  const speed = field("speed");
  return {
    model: text("model"),
    voice: text("voice"),
    input: text("input"),
    response_format: text("response_format"),
    speed: typeof speed === "number" ? speed : 1,
    stream: field("stream") === true,
  };
}
