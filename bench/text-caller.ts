/** One call as whisper tells of it: its texts by TCP, and by UDP what the caller does. */
import { systemClock } from "../src/core/clock.ts";
import type { TcpLink } from "../src/tcp-link.ts";
import { connectTcp } from "../src/tcp.ts";
import { openUdp, type UdpEndpoint } from "../src/udp.ts";
import { type CallId, callIdOf } from "../src/wire/call-id.ts";
import { encodeRegistration, type SignalKind } from "../src/wire/registration.ts";
import { encodeReport } from "../src/wire/reports.ts";
import { byeMarker, encodeHello, encodeText } from "../src/wire/text-frames.ts";

export interface TextCallerOptions {
  readonly callId: number;
  /** Of the LLaMA or the voice, on this host: TCP for texts, UDP for signals. */
  readonly port: number;
  /** Where signals go as well. */
  readonly voiceSignalPort?: number | undefined;
}

const host = "127.0.0.1";
const connectLimitMs = 2000;
const maxPendingBytes = 1 << 20;
/** What whisper tells of a turn; nobody judges it here. */
const turnFigures = { silence: 512, text: 0 } as const;

export class TextCaller {
  readonly callId: CallId;
  readonly #options: TextCallerOptions;
  readonly #link: TcpLink;
  readonly #endpoint: UdpEndpoint;

  private constructor(options: TextCallerOptions, link: TcpLink, endpoint: UdpEndpoint) {
    this.#options = options;
    this.callId = callIdOf(options.callId);
    this.#link = link;
    this.#endpoint = endpoint;
  }

  static async open(options: TextCallerOptions): Promise<TextCaller> {
    const endpoint = await openUdp({
      hostname: host,
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    const { port } = options;
    const link = await connectTcp(
      { hostname: host, port, timeoutMs: connectLimitMs, clock: systemClock, maxPendingBytes },
      { data: () => undefined, closed: () => undefined },
    ).link;
    const caller = new TextCaller(options, link, endpoint);
    link.write(encodeHello(caller.callId.text));
    return caller;
  }

  /** Returns when the first datagram was sent. */
  signal(kind: SignalKind): number {
    const { port, voiceSignalPort } = this.#options;
    const datagram = encodeRegistration(kind, this.callId);
    const atMs = performance.now();
    for (const to of [port, voiceSignalPort]) {
      if (to !== undefined) this.#endpoint.send(datagram, to, host);
    }
    return atMs;
  }

  /** A final text as whisper hands it over, and the silence behind it; returns when it was written. */
  finishTurn(text: string): number {
    const { callId } = this;
    const turn = encodeReport({ kind: "turn", callId, values: turnFigures });
    this.#endpoint.send(turn, this.#options.port, host);
    const atMs = this.say(text);
    this.signal("silence");
    return atMs;
  }

  /** Returns when it was written. */
  say(text: string): number {
    const frame = encodeText(text);
    const atMs = performance.now();
    this.#link.write(frame);
    return atMs;
  }

  close(): void {
    this.#link.write(byeMarker);
    this.#link.end();
    this.#endpoint.close();
  }
}
