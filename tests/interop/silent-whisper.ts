/** A whisper that takes the sound of every call and never says a word: for tests of telephony alone. */
import { connectRaw } from "../end-to-end/raw-connection.ts";
import { AudioFrameDecoder } from "../../src/wire/audio-frames.ts";
import { parseCallId } from "../../src/wire/call-id.ts";
import { callerAudioPort } from "../../src/wire/ports.ts";
import { loopback } from "./ports.ts";

/** All transcripts are out. */
const nothingFollows = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

export class SilentWhisper implements Disposable {
  /** Seconds of sound of all calls. */
  heardS = 0;
  /** Kept from the moment on at which somebody puts a list here; 16 kHz. */
  sound: Float32Array[] | undefined;
  readonly #socket: Bun.udp.Socket<"buffer">;
  readonly #connected = new Set<number>();

  private constructor(socket: Bun.udp.Socket<"buffer">) {
    this.#socket = socket;
  }

  static async open(): Promise<SilentWhisper> {
    let whisper: SilentWhisper | undefined;
    const socket = await Bun.udpSocket({
      hostname: loopback,
      socket: {
        data: (_socket, bytes) => {
          const [verb, id = ""] = bytes.toString().trim().split(":");
          const parsed = parseCallId(id);
          if (verb === "REGISTER" && parsed.ok) {
            void whisper?.listen(callerAudioPort(parsed.callId));
          }
        },
        error: () => undefined,
      },
    });
    whisper = new SilentWhisper(socket);
    return whisper;
  }

  get port(): number {
    return this.#socket.port;
  }

  async listen(port: number): Promise<void> {
    if (this.#connected.has(port)) return;
    this.#connected.add(port);
    const raw = await connectRaw(port).catch(() => undefined);
    if (raw === undefined) {
      // The call was over already.
      this.#connected.delete(port);
      return;
    }
    const decoder = new AudioFrameDecoder();
    raw.onData = (bytes) =>
      decoder.push(bytes, {
        hello: () => undefined,
        chunkDeclared: () => undefined,
        samples: (samples) => {
          this.heardS += samples.length / 16_000;
          this.sound?.push(samples.slice());
        },
        end: () => {
          this.#connected.delete(port);
          raw.send(nothingFollows);
          raw.end();
        },
        violation: (reason) => {
          throw new Error(`the sound of a call broke the protocol: ${reason}`);
        },
      });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
