/** Where an exchange connects to: open, or closed for a while and opened again on the same port. */
import { WildfireError } from "../core/errors.ts";
import { listenTcp, type TcpServer } from "../tcp.ts";
import type { TcpHandlers, TcpLink } from "../tcp-link.ts";

export interface AudioSocketDoorOptions {
  readonly host: string;
  /** 0 lets the system choose, once. */
  readonly port: number;
  readonly accept: (link: TcpLink) => TcpHandlers;
}

const maxPendingBytes = 64 * 1024;

export class AudioSocketDoor {
  readonly port: number;
  readonly #options: AudioSocketDoorOptions;
  #server: TcpServer | undefined;

  /** Open; throws a WildfireError("socket") when the port is taken. */
  constructor(options: AudioSocketDoorOptions) {
    this.#options = options;
    this.#server = listen(options, options.port);
    this.port = this.#server.port;
  }

  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  /** Throws a WildfireError("socket") when somebody else has the port by now. */
  open(): void {
    this.#server ??= listen(this.#options, this.port);
  }

  /** Connections that are there stay. */
  close(): void {
    this.#server?.stop(false);
    this.#server = undefined;
  }
}

function listen({ host, accept }: AudioSocketDoorOptions, port: number): TcpServer {
  try {
    return listenTcp({ hostname: host, port, maxPendingBytes, accept });
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    const hint = "stop what has the port, or choose another one with --listen";
    throw new WildfireError("socket", error.message, { cause: error, hint });
  }
}
