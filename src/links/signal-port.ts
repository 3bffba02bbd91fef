/**
 * A UDP port for the signals and reports of all calls, as llama and the voice have one; what they tell
 * others is sent from the same socket.
 */
import type { Clock } from "../core/clock.ts";
import { formatErrno } from "../core/errno.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";
import { parseRegistration, type Signal } from "../wire/registration.ts";
import { parseReport, type Report } from "../wire/reports.ts";

export interface SignalPortOptions {
  readonly bind: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** `address` and `port` are its sender's. */
  readonly onSignal: (signal: Signal, address: string, port: number) => void;
  /** Without it reports are refused. */
  readonly onReport?: ((report: Report) => void) | undefined;
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
        onDatagram: (bytes, address, from) => port.#take(bytes, address, from),
        // A peer that is not there yet refuses each datagram; that is no news.
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

  /** `address` must be an IP address. Nobody acknowledges: what must arrive is sent twice. */
  send(datagram: Uint8Array, port: number, address: string): void {
    this.#endpoint?.send(datagram, port, address);
  }

  close(): void {
    this.#endpoint?.close();
    this.#repeated.close();
  }

  #take(bytes: Uint8Array, address: string, port: number): void {
    const signal = parseRegistration(bytes);
    if (signal.kind !== "refused") {
      this.#options.onSignal(signal, address, port);
      return;
    }
    const report = this.#options.onReport === undefined ? undefined : parseReport(bytes);
    if (report !== undefined && report.kind !== "refused") {
      this.#options.onReport?.(report);
      return;
    }
    const { reason, quoted } = report?.reason === "unknown-verb" ? signal : (report ?? signal);
    this.#refuse(reason, quoted, address);
  }

  #refuse(reason: string, datagram: string, from: string): void {
    this.#refused += 1;
    this.#repeated.say("warn", `datagram refused: ${reason}`, () => ({ datagram, from }));
  }
}
