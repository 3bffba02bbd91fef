/**
 * UDP 13001: hears when a caller begins and ends to speak, and the ready and bye signals of older
 * outbound services; REGISTER for outbound is sent from the same socket.
 */
import type { Clock } from "../core/clock.ts";
import { formatErrno } from "../core/errno.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";
import type { CallId } from "../wire/call-id.ts";
import { readySignalPort } from "../wire/ports.ts";
import { encodeRegistration, parseRegistration, type Signal } from "../wire/registration.ts";

export interface SignalPortOptions {
  readonly bind: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** IP address to which REGISTER is sent. */
  readonly outboundAddress: string;
  readonly onSignal: (signal: Signal) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface SignalPortStatus {
  readonly received: number;
  readonly refused: number;
  readonly sent: number;
  readonly sendFailures: number;
}

export class SignalPort {
  readonly #options: SignalPortOptions;
  readonly #repeated: RepeatedLog;
  #endpoint: UdpEndpoint | undefined;
  #refused = 0;

  private constructor(options: SignalPortOptions) {
    this.#options = options;
    this.#repeated = new RepeatedLog(options.log, options.clock);
  }

  /** Throws a WildfireError("socket") when the port cannot be opened. */
  static async open(options: SignalPortOptions): Promise<SignalPort> {
    const port = new SignalPort(options);
    try {
      port.#endpoint = await openUdp({
        hostname: options.bind,
        port: options.port,
        onDatagram: (bytes, address) => port.#take(bytes, address),
        // An outbound that is not there yet refuses each REGISTER; that is no news.
        onError: (errno) =>
          options.log.debug("error on the port for signals", { errno: formatErrno(errno) }),
      });
    } catch (error) {
      port.close();
      throw error;
    }
    return port;
  }

  get port(): number {
    return this.#endpoint?.port ?? 0;
  }

  status(): SignalPortStatus {
    const { received = 0, sent = 0, sendFailures = 0 } = this.#endpoint?.counters ?? {};
    return { received, refused: this.#refused, sent, sendFailures };
  }

  /** Tells outbound that the sound of this call can be fetched. */
  announce(callId: CallId): void {
    const { outboundAddress } = this.#options;
    this.#endpoint?.send(
      encodeRegistration("register", callId),
      readySignalPort(callId),
      outboundAddress,
    );
  }

  close(): void {
    this.#endpoint?.close();
    this.#repeated.close();
  }

  #take(bytes: Uint8Array, from: string): void {
    const signal = parseRegistration(bytes);
    if (signal.kind !== "refused") {
      this.#options.onSignal(signal);
      return;
    }
    this.#refused += 1;
    this.#repeated.say("warn", `datagram refused: ${signal.reason}`, () => ({
      datagram: signal.quoted,
      from,
    }));
  }
}
