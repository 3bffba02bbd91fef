/** Whisper as the llama service meets it: a connection for each call, and signals of all by UDP. */
import { systemClock } from "../../src/core/clock.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { connectTcp } from "../../src/tcp.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { encodeRegistration, type SignalKind } from "../../src/wire/registration.ts";
import { encodeReport } from "../../src/wire/reports.ts";
import {
  byeMarker,
  closeMarker,
  encodeHello,
  encodeText,
  TextFrameDecoder,
} from "../../src/wire/text-frames.ts";

const host = "127.0.0.1";
const connectLimitMs = 5000;
const maxPendingBytes = 64 << 20;

export class WhisperMouth implements Disposable {
  /** Of the LLaMA: TCP for texts, UDP for signals. */
  readonly port: number;
  readonly #endpoint: UdpEndpoint;
  readonly #calls = new Set<MouthCall>();

  private constructor(port: number, endpoint: UdpEndpoint) {
    this.port = port;
    this.#endpoint = endpoint;
  }

  static async open(port: number): Promise<WhisperMouth> {
    const endpoint = await openUdp({
      hostname: host,
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    return new WhisperMouth(port, endpoint);
  }

  /** Connects for a call and announces it. */
  async call(id = 111): Promise<MouthCall> {
    const call = await this.connect(id);
    call.signal("register");
    return call;
  }

  /** As a legacy whisper does: there are no signals. */
  async connect(id = 111): Promise<MouthCall> {
    const call = await MouthCall.open(this, id);
    this.#calls.add(call);
    return call;
  }

  datagram(bytes: Uint8Array | string): void {
    this.#endpoint.send(Buffer.from(bytes), this.port, host);
  }

  signal(kind: SignalKind, id: number): void {
    this.datagram(encodeRegistration(kind, callIdOf(id)));
  }

  [Symbol.dispose](): void {
    for (const call of this.#calls) call.breakOff();
    this.#endpoint.close();
  }
}

export class MouthCall {
  readonly id: number;
  /** Texts that came back on the connection. */
  readonly returned: string[] = [];
  isClosed = false;
  readonly #mouth: WhisperMouth;
  #link: TcpLink | undefined;

  private constructor(mouth: WhisperMouth, id: number) {
    this.#mouth = mouth;
    this.id = id;
  }

  static async open(mouth: WhisperMouth, id: number): Promise<MouthCall> {
    const call = new MouthCall(mouth, id);
    const decoder = new TextFrameDecoder({ expectHello: false, zeroMeans: "close" });
    const sink = {
      hello: () => undefined,
      text: (text: string) => void call.returned.push(text),
      bye: () => undefined,
      close: () => undefined,
      violation: () => undefined,
    };
    const { port } = mouth;
    call.#link = await connectTcp(
      { hostname: host, port, timeoutMs: connectLimitMs, clock: systemClock, maxPendingBytes },
      {
        data: (bytes) => decoder.push(bytes, sink),
        closed: () => {
          call.isClosed = true;
        },
      },
    ).link;
    call.bytes(encodeHello(String(id)));
    return call;
  }

  signal(kind: SignalKind): void {
    this.#mouth.signal(kind, this.id);
  }

  /** The caller speaks, and this is what they said. */
  turn(text: string): void {
    this.signal("speech");
    const values = { silence: 500, text: 0 };
    this.#mouth.datagram(encodeReport({ kind: "turn", callId: callIdOf(this.id), values }));
    this.text(text);
    this.signal("silence");
  }

  /** A transcript alone. */
  text(text: string): void {
    this.bytes(encodeText(text));
  }

  bytes(bytes: Uint8Array): void {
    this.#link?.write(bytes);
  }

  /** The call is over; the connection stays. */
  bye(): void {
    this.bytes(byeMarker);
  }

  /** As whisper does it: behind the last text, and by UDP. */
  hangUp(): void {
    this.bye();
    this.signal("bye");
  }

  close(): void {
    this.bytes(closeMarker);
    this.#link?.end();
  }

  breakOff(): void {
    this.#link?.destroy();
  }
}
