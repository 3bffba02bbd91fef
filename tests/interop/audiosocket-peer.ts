/** The far end of Asterisk's AudioSocket(), as little as proves that the exchange sends and plays sound. */
import { eventually } from "../end-to-end/eventually.ts";
import { listenRaw, type RawConnection, type RawServer } from "../end-to-end/raw-connection.ts";
import { loopback } from "./ports.ts";

const kinds = { uuid: 0x01, digit: 0x03, sound: 0x10 } as const;
const headerBytes = 3;

/** Sends back all sound that it gets. */
export class AudioSocketEcho implements Disposable {
  readonly uuids: string[] = [];
  readonly digits: string[] = [];
  soundBytes = 0;
  readonly #server: RawServer;
  readonly #connections: RawConnection[] = [];

  constructor() {
    this.#server = listenRaw(0, (raw) => {
      this.#connections.push(raw);
      let rest: Buffer = Buffer.alloc(0);
      raw.onData = (bytes) => {
        rest = Buffer.concat([rest, bytes]);
        while (rest.length >= headerBytes && rest.length >= headerBytes + rest.readUInt16BE(1)) {
          const frame = rest.subarray(0, headerBytes + rest.readUInt16BE(1));
          rest = rest.subarray(frame.length);
          if (this.#note(frame)) raw.send(frame);
        }
      };
    });
  }

  /** Connections that are over; Asterisk closes them when the caller hangs up, without a word. */
  get closed(): number {
    return this.#connections.filter(({ isClosed }) => isClosed).length;
  }

  get address(): string {
    return `${loopback}:${this.#server.port}`;
  }

  async hears(what: string, probe: () => boolean): Promise<void> {
    await eventually({ what: `${what} at the AudioSocket`, probe });
  }

  [Symbol.dispose](): void {
    this.#server.stop();
  }

  /** True for sound. */
  #note(frame: Buffer): boolean {
    const payload = frame.subarray(headerBytes);
    if (frame[0] === kinds.uuid) this.uuids.push(payload.toString("hex"));
    if (frame[0] === kinds.digit) this.digits.push(payload.toString("latin1"));
    if (frame[0] === kinds.sound) this.soundBytes += payload.length;
    return frame[0] === kinds.sound;
  }
}
