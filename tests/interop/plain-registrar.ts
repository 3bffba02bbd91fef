/**
 * The least exchange that a line can register at: it grants everything, or stays silent, or passes on
 * what is no registration to somebody else, such as a sipp that is to be called.
 */
import { eventually } from "../end-to-end/eventually.ts";
import { freeSipPort, loopback } from "./ports.ts";
import { answerTo, sipHeaders } from "./sip-text.ts";

export interface PlainRegistrarOptions {
  /** A free one unless it is given. */
  readonly port?: number;
  /** Only listens. */
  readonly isSilent?: boolean;
}

export class PlainRegistrar implements Disposable {
  /** REGISTER requests, oldest first. */
  readonly registrations: string[] = [];
  readonly port: number;
  readonly #socket: Bun.udp.Socket<"buffer">;
  #behind: number | undefined;
  #linePort = 0;

  private constructor(socket: Bun.udp.Socket<"buffer">) {
    this.#socket = socket;
    this.port = socket.port;
  }

  static async open(options: PlainRegistrarOptions = {}): Promise<PlainRegistrar> {
    const { port = await freeSipPort(), isSilent = false } = options;
    let registrar: PlainRegistrar | undefined;
    const socket = await Bun.udpSocket({
      hostname: loopback,
      port,
      socket: {
        data: (_socket, bytes, fromPort) => {
          if (isSilent) registrar?.note(bytes.toString());
          else registrar?.receive(bytes.toString(), fromPort);
        },
        // Whoever asked is gone already.
        error: () => undefined,
      },
    });
    registrar = new PlainRegistrar(socket);
    return registrar;
  }

  /** From now on the line's requests that are no REGISTER go to this port, and its own to the line. */
  passTo(port: number): void {
    this.#behind = port;
  }

  note(text: string): void {
    if (text.startsWith("REGISTER ")) this.registrations.push(text);
  }

  receive(text: string, fromPort: number): void {
    this.note(text);
    if (fromPort === this.#behind) {
      this.#socket.send(text, this.#linePort, loopback);
      return;
    }
    this.#linePort = fromPort;
    if (text.startsWith("REGISTER ")) this.#socket.send(accept(text), fromPort, loopback);
    else if (this.#behind !== undefined) this.#socket.send(text, this.#behind, loopback);
    else if (isRequest(text)) this.#socket.send(answerTo(text, "200 OK"), fromPort, loopback);
  }

  get address(): string {
    return `${loopback}:${this.port}`;
  }

  /** Resolves when so many registrations have been asked for. */
  async asked(count: number, limitMs = 20_000): Promise<void> {
    await eventually({
      what: `${count} REGISTER requests`,
      limitMs,
      probe: () => this.registrations.length >= count,
      explain: () => `there were ${this.registrations.length}`,
    });
  }

  /** Where the line wants its calls, as user and `host:port`. */
  async contact(): Promise<{ readonly user: string; readonly address: string }> {
    return await eventually({
      what: "a contact to call",
      probe: () => {
        const value = sipHeaders(this.registrations.at(-1) ?? "", "Contact")[0] ?? "";
        const found = /<sip:([^@>]+)@([^;>]+)/.exec(value);
        if (found === null) return undefined;
        const [, user = "", host = ""] = found;
        return { user, address: host.includes(":") ? host : `${host}:5060` };
      },
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

function isRequest(text: string): boolean {
  return !text.startsWith("SIP/") && !text.startsWith("ACK ");
}

function accept(request: string): string {
  const [contact = ""] = sipHeaders(request, "Contact");
  const [expires = "60"] = sipHeaders(request, "Expires");
  return answerTo(request, "200 OK", [`Contact: ${contact}`, `Expires: ${expires}`]);
}
