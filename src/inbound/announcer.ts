/** Tells whisper by UDP that a call has audio, until whisper has connected; and that it is over. */
import type { Clock, Timer } from "../core/clock.ts";
import { formatErrno } from "../core/errno.ts";
import type { Logger } from "../core/log.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";
import { nextAnnouncementMs } from "../wire/announce-schedule.ts";
import type { CallId } from "../wire/call-id.ts";
import { encodeRegistration } from "../wire/registration.ts";

export interface AnnouncerOptions {
  readonly callId: CallId;
  /** IP address and UDP port on which whisper listens. */
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The first of a series, and then one in ten, is enough for a reader. */
const alwaysLogged = 5;
const loggedEvery = 10;

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #endpoint: UdpEndpoint;
  readonly #register: Uint8Array;
  #timer: Timer | undefined;
  #startedAtMs = 0;
  #count = 0;
  #lastErrno = "";

  private constructor(options: AnnouncerOptions, endpoint: UdpEndpoint) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.#register = encodeRegistration("register", options.callId);
  }

  /** Throws a WildfireError("socket") when no UDP socket can be opened. */
  static async open(options: AnnouncerOptions): Promise<Announcer> {
    const isIpv6 = options.address.includes(":");
    let announcer: Announcer | undefined;
    const endpoint = await openUdp({
      hostname: isIpv6 ? "::" : "0.0.0.0",
      port: 0,
      onDatagram: () => undefined,
      onError: (errno) => announcer?.noteError(errno),
    });
    announcer = new Announcer(options, endpoint);
    return announcer;
  }

  /** REGISTER datagrams sent so far. */
  get count(): number {
    return this.#count;
  }

  /** Sends REGISTER now and by the schedule, until `stop`. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#startedAtMs = this.#options.clock.nowMs();
    this.#announce();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  bye(): void {
    const bytes = encodeRegistration("bye", this.#options.callId);
    const outcome = this.#endpoint.send(bytes, this.#options.port, this.#options.address);
    this.#options.log.info("BYE sent", {
      bytes: bytes.length,
      errno: outcome.ok ? "none" : formatErrno(outcome.errno),
    });
  }

  close(): void {
    this.stop();
    this.#endpoint.close();
  }

  /** ECONNREFUSED means that no whisper service listens; it is told with the next REGISTER. */
  noteError(errno: string): void {
    this.#lastErrno = errno;
  }

  #announce(): void {
    const { address, port, clock, log } = this.#options;
    const outcome = this.#endpoint.send(this.#register, port, address);
    this.#count += 1;
    const errno = outcome.ok ? this.#lastErrno : outcome.errno;
    const isLogged = this.#count <= alwaysLogged || this.#count % loggedEvery === 0;
    log[isLogged ? "info" : "debug"]("REGISTER sent", {
      count: this.#count,
      bytes: this.#register.length,
      to: `${address}:${port}`,
      errno: errno === "" ? "none" : formatErrno(errno),
    });
    this.#lastErrno = "";
    const delayMs = nextAnnouncementMs(clock.nowMs() - this.#startedAtMs);
    this.#timer = clock.after(delayMs, () => this.#announce());
  }
}
