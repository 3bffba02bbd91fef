/** The whisper end of one call id, played over real sockets by a test that can kill and replace it. */
import { systemClock } from "../../src/core/clock.ts";
import { connectTcp } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { AudioFrameDecoder, type EndMarker } from "../../src/wire/audio-frames.ts";
import type { CallId } from "../../src/wire/call-id.ts";
import { callerAudioPort } from "../../src/wire/ports.ts";
import { until } from "../fakes/until.ts";

/** One connection of whisper to the caller's audio. */
export class WhisperConnection {
  readonly heard: number[] = [];
  hello = "";
  endMarker: EndMarker | undefined;
  isClosed = false;
  #link: TcpLink | undefined;
  readonly #decoder = new AudioFrameDecoder();

  static async open(callId: CallId): Promise<WhisperConnection> {
    const connection = new WhisperConnection();
    const options = {
      hostname: "127.0.0.1",
      port: callerAudioPort(callId),
      timeoutMs: 5000,
      clock: systemClock,
      maxPendingBytes: 1 << 20,
    };
    const attempt = connectTcp(options, {
      data: (bytes) => connection.#hear(bytes),
      closed: () => void (connection.isClosed = true),
    });
    connection.#link = await attempt.link;
    await until(() => connection.hello !== "", "HELLO");
    return connection;
  }

  /** Waits until so many samples came in all on this connection. */
  async hears(samples: number): Promise<void> {
    await until(() => this.heard.length >= samples, `${samples} samples heard`);
  }

  async hearsEnd(): Promise<void> {
    await until(() => this.endMarker !== undefined, "the end marker");
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, "the end of the connection");
  }

  send(...frames: readonly Uint8Array[]): void {
    this.#link?.write(Buffer.concat(frames));
  }

  /** Closes in order, as a whisper does that is done. */
  end(): void {
    this.#link?.end();
  }

  /** As the kernel does for a process that is killed. */
  kill(): void {
    this.#link?.destroy();
  }

  #hear(bytes: Uint8Array): void {
    this.#decoder.push(bytes, {
      hello: (text) => void (this.hello = text),
      chunkDeclared: () => undefined,
      samples: (samples) => {
        for (const sample of samples) this.heard.push(sample);
      },
      end: (marker) => void (this.endMarker = marker),
      violation: (reason) => {
        throw new Error(`inbound broke the protocol: ${reason}`);
      },
    });
  }
}

/** Where inbound registers its calls. */
export class RegistrationRecorder implements Disposable {
  readonly datagrams: string[] = [];
  #endpoint: UdpEndpoint | undefined;

  static async open(): Promise<RegistrationRecorder> {
    const recorder = new RegistrationRecorder();
    recorder.#endpoint = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: (bytes) => recorder.datagrams.push(new TextDecoder().decode(bytes)),
      onError: () => undefined,
    });
    return recorder;
  }

  get port(): number {
    return this.#endpoint?.port ?? 0;
  }

  /** Waits for the datagram that comes so many-th of its kind. */
  async receives(datagram: string, count = 1): Promise<void> {
    await until(
      () => this.datagrams.filter((text) => text === datagram).length >= count,
      `${count} times ${datagram}`,
    );
  }

  [Symbol.dispose](): void {
    this.#endpoint?.close();
  }
}
