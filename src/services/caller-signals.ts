/** Tells outbound, the voice and the LLaMA by UDP when calls begin and end, and when callers speak. */
import type { Clock, Timer } from "../core/clock.ts";
import { formatErrno } from "../core/errno.ts";
import type { Logger } from "../core/log.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";
import type { CallTeller } from "../whisper/call-signals.ts";
import type { CallerSignal } from "../whisper/caller-activity-states.ts";
import type { TurnTiming } from "../whisper/hearing-events.ts";
import type { CallId } from "../wire/call-id.ts";
import { readySignalPort } from "../wire/ports.ts";
import { encodeRegistration, type SignalKind } from "../wire/registration.ts";
import { encodeReport } from "../wire/reports.ts";

export interface SignalPeer {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

export interface CallerSignalsOptions {
  /** Undefined where nobody is to be told. */
  readonly voice: SignalPeer | undefined;
  readonly llama: SignalPeer | undefined;
  /** UDP port of this service, to which nothing is ever sent. */
  readonly ownPort: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface CallerSignalsStatus {
  /** By kind, each counted once, however many peers heard of it. */
  readonly told: Readonly<Record<SignalKind | "turn", number>>;
  readonly datagrams: number;
  readonly sendFailures: number;
  /** Peers that were not there, as far as they said so. */
  readonly refused: number;
}

type PeerName = "outbound" | "voice" | "llama";

interface Told {
  readonly name: PeerName;
  readonly peer: SignalPeer;
  readonly callId: CallId;
  readonly kind: SignalKind;
}

/** What was told once and is to be told again. */
interface Copy {
  readonly told: Told;
  readonly timer: Timer;
}

/** Nobody acknowledges a datagram, so each signal is sent twice. */
const copyDelayMs = 20;

const audience: Readonly<Record<CallerSignal, readonly PeerName[]>> = {
  pause: ["outbound"],
  resume: ["outbound"],
  speech: ["outbound", "voice", "llama"],
  silence: ["outbound", "voice", "llama"],
};

export class CallerSignals {
  readonly #options: CallerSignalsOptions;
  readonly #endpoint: UdpEndpoint;
  readonly #copies = new Set<Copy>();
  readonly #told: Record<SignalKind | "turn", number> = {
    register: 0,
    bye: 0,
    speech: 0,
    silence: 0,
    pause: 0,
    resume: 0,
    turn: 0,
  };

  private constructor(options: CallerSignalsOptions, endpoint: UdpEndpoint) {
    this.#options = options;
    this.#endpoint = endpoint;
  }

  /** Throws a WildfireError("socket") when no socket can be opened. */
  static async open(options: CallerSignalsOptions): Promise<CallerSignals> {
    return new CallerSignals(options, await openSocket(options.log));
  }

  /** Tells that a call begins; `address` is where its outbound side listens. */
  begin(callId: CallId, address: string): CallTeller {
    const outbound = this.#outboundOf(callId, address);
    this.#tell("register", callId, [["llama", this.#options.llama]]);
    return {
      tell: (signal) => this.#tellOfCaller(signal, callId, outbound),
      turn: (timing) => this.#turn(callId, timing),
      end: () => this.#tell("bye", callId, [["llama", this.#options.llama]]),
    };
  }

  status(): CallerSignalsStatus {
    const { sent, sendFailures, errors } = this.#endpoint.counters;
    return { told: { ...this.#told }, datagrams: sent, sendFailures, refused: errors };
  }

  /** What is to be told once more is told now. */
  close(): void {
    for (const copy of this.#copies) {
      copy.timer.cancel();
      this.#send(copy.told);
    }
    this.#copies.clear();
    this.#endpoint.close();
  }

  /** Undefined where the number of the call leads to a port that belongs to somebody else. */
  #outboundOf(callId: CallId, address: string): SignalPeer | undefined {
    const port = readySignalPort(callId);
    if (port === this.#options.ownPort() || port === this.#options.voice?.port) return undefined;
    return { address, port };
  }

  #tellOfCaller(signal: CallerSignal, callId: CallId, outbound: SignalPeer | undefined): void {
    const { voice, llama } = this.#options;
    const peers = { outbound, voice, llama };
    this.#tell(
      signal,
      callId,
      audience[signal].map((name) => [name, peers[name]]),
    );
  }

  #turn(callId: CallId, { silenceMs, textMs }: TurnTiming): void {
    const { llama } = this.#options;
    this.#told.turn += 1;
    if (llama === undefined) return;
    const values = { silence: silenceMs, text: textMs };
    this.#endpoint.send(encodeReport({ kind: "turn", callId, values }), llama.port, llama.address);
  }

  #tell(
    kind: SignalKind,
    callId: CallId,
    peers: readonly (readonly [PeerName, SignalPeer | undefined])[],
  ): void {
    this.#told[kind] += 1;
    for (const [name, peer] of peers) {
      if (peer !== undefined) this.#tellTwice({ name, peer, callId, kind });
    }
  }

  #tellTwice(told: Told): void {
    for (const copy of this.#copies) if (isOutdated(copy.told, told)) this.#drop(copy);
    this.#send(told);
    const timer = this.#options.clock.after(copyDelayMs, () => {
      this.#copies.delete(copy);
      this.#send(told);
    });
    const copy: Copy = { told, timer };
    this.#copies.add(copy);
  }

  #drop(copy: Copy): void {
    copy.timer.cancel();
    this.#copies.delete(copy);
  }

  #send({ peer, callId, kind }: Told): void {
    this.#endpoint.send(encodeRegistration(kind, callId), peer.port, peer.address);
  }
}

/** A copy that came after what was told since would take it back. */
function isOutdated(copy: Told, told: Told): boolean {
  if (copy.name !== told.name || copy.callId.number !== told.callId.number) return false;
  return isOfCall(told.kind) || !isOfCall(copy.kind);
}

function isOfCall(kind: SignalKind): boolean {
  return kind === "register" || kind === "bye";
}

/** One socket for both families where the host has both. */
async function openSocket(log: Logger): Promise<UdpEndpoint> {
  const options = {
    port: 0,
    onDatagram: () => undefined,
    // A peer that is not there yet refuses each datagram; that is no news.
    onError: (errno: string) => log.debug("a peer refused a signal", { errno: formatErrno(errno) }),
  };
  try {
    return await openUdp({ ...options, hostname: "::" });
  } catch {
    return await openUdp({ ...options, hostname: "0.0.0.0" });
  }
}
