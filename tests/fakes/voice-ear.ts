/** The voice as the llama service meets it: takes the texts of all calls, and tells what was heard of them. */
import { listenTcp, type TcpServer } from "../../src/tcp.ts";
import type { TcpHandlers, TcpLink } from "../../src/tcp-link.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { encodeReport } from "../../src/wire/reports.ts";
import { TextFrameDecoder } from "../../src/wire/text-frames.ts";
import { until } from "./until.ts";

/** `at-once`: whatever comes has been heard to its end; `never`: as voices that tell nothing. */
export type EarReports = "at-once" | "never";

export interface SaidText {
  readonly callId: string;
  /** On its connection, from 1. */
  readonly number: number;
  readonly text: string;
}

/** A text lasts so long in the reports, whatever it says. */
const textSamples = 24_000;
const host = "127.0.0.1";

export class VoiceEar implements Disposable {
  /** Of all calls, in the order in which they came. */
  readonly said: SaidText[] = [];
  /** Ids of calls that ended with BYE. */
  readonly byes: string[] = [];
  /** Datagrams on the port for signals. */
  readonly signals: string[] = [];
  readonly links = new Set<TcpLink>();
  /** Where reports go: the port of the LLaMA. */
  reportPort = 0;
  reports: EarReports;
  /** Told of each connection, to misbehave on it. */
  onConnection: ((link: TcpLink) => void) | undefined;
  #server: TcpServer | undefined;
  readonly #port: number;
  readonly #endpoint: UdpEndpoint;

  private constructor(reports: EarReports, endpoint: UdpEndpoint) {
    this.reports = reports;
    this.#endpoint = endpoint;
    this.#server = this.#listen(0);
    this.#port = this.#server.port;
  }

  static async open(reports: EarReports = "at-once"): Promise<VoiceEar> {
    const holder: { ear?: VoiceEar } = {};
    const endpoint = await openUdp({
      hostname: host,
      port: 0,
      onDatagram: (bytes) => void holder.ear?.signals.push(new TextDecoder().decode(bytes)),
      onError: () => undefined,
    });
    holder.ear = new VoiceEar(reports, endpoint);
    return holder.ear;
  }

  get port(): number {
    return this.#port;
  }

  get signalPort(): number {
    return this.#endpoint.port;
  }

  texts(callId: number): string[] {
    const own = this.said.filter((text) => text.callId === String(callId));
    return own.map(({ text }) => text);
  }

  /** Resolves with what one call was told, once that holds so many texts. */
  async hears(count: number, callId = 111, limitMs?: number): Promise<string[]> {
    const what = `${count} texts of call ${callId} at the voice`;
    await until(() => this.texts(callId).length >= count, what, limitMs).catch((error: unknown) => {
      throw new Error(`${what}: ${JSON.stringify(this.texts(callId))}`, { cause: error });
    });
    return this.texts(callId);
  }

  /** So many samples of a text were heard; all of it unless told otherwise. */
  heard(text: number, { callId = 111, samples = textSamples } = {}): void {
    const values = { text, samples, of: textSamples, voice: 1, wait: 1 };
    const datagram = encodeReport({ kind: "heard", callId: callIdOf(callId), values });
    this.#endpoint.send(datagram, this.reportPort, host);
  }

  /** Refuses connections and breaks those that are open. */
  stop(): void {
    this.#server?.stop(false);
    this.#server = undefined;
    for (const link of this.links) link.destroy();
  }

  restart(): void {
    this.#server ??= this.#listen(this.#port);
  }

  [Symbol.dispose](): void {
    this.stop();
    this.#endpoint.close();
  }

  #listen(port: number): TcpServer {
    return listenTcp({
      hostname: host,
      port,
      maxPendingBytes: 1 << 20,
      accept: (link) => this.#accept(link),
    });
  }

  #accept(link: TcpLink): TcpHandlers {
    const decoder = new TextFrameDecoder({ expectHello: true, zeroMeans: "close" });
    let callId = "";
    let number = 0;
    this.links.add(link);
    this.onConnection?.(link);
    return {
      data: (bytes) =>
        decoder.push(bytes, {
          hello: (id) => {
            callId = id;
          },
          text: (text) => {
            number += 1;
            this.#take({ callId, number, text });
          },
          bye: () => void this.byes.push(callId),
          close: () => link.end(),
          violation: (reason) => {
            throw new Error(reason);
          },
        }),
      closed: () => void this.links.delete(link),
    };
  }

  #take(said: SaidText): void {
    this.said.push(said);
    if (this.reports === "never") return;
    this.heard(said.number, { callId: Number(said.callId), samples: 0 });
    this.heard(said.number, { callId: Number(said.callId) });
  }
}
