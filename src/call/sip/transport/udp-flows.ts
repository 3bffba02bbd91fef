/** The UDP socket of SIP and the peers behind it, and whom an ICMP message is about. */
import type { Clock } from "../../../core/clock.ts";
import type { SocketControl } from "../../../core/socket-control.ts";
import { openUdp, probeUdp, type UdpEndpoint, type UdpProbe } from "../../../udp.ts";
import { canonicalAddress, formatEndpoint } from "./address-text.ts";
import type { FlowSendOutcome, SipEndpoint } from "./sip-flow.ts";
import { UdpFlow } from "./udp-flow.ts";

export interface UdpFlowsOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly clock: Clock;
  readonly control?: SocketControl | undefined;
  readonly localOf: (remote: SipEndpoint, port: number) => SipEndpoint;
  /** A view that is valid during the call only. */
  readonly onDatagram: (bytes: Uint8Array, source: SipEndpoint) => void;
  readonly onClosed: (flow: UdpFlow, errno: string) => void;
}

export interface UdpFlowsStatus {
  readonly flows: number;
  readonly received: number;
  readonly sent: number;
  readonly sendFailures: number;
  /** Datagrams that found the send buffer full, as good as lost on the way. */
  readonly lostAtSend: number;
  readonly keepAlivesSent: number;
  readonly icmpErrors: number;
  /** Of these, how many were about nobody we know. */
  readonly icmpUnattributed: number;
}

/** Requests from anybody make a flow; who is only remembered here can still be sent to. */
const maxFlows = 1024;
const receiveBufferBytes = 1 << 20;
const keepAliveMs = 25_000;
/** Every peer passes over it, and each router on the way keeps the port open. */
const keepAlive = new TextEncoder().encode("\r\n");
/** A host that does not answer ARP is reported after three seconds. */
const blameMs = 4000;
const probeMs = 4000;
const maxProbes = 8;

export class UdpFlows {
  readonly #options: UdpFlowsOptions;
  readonly #endpoint: UdpEndpoint;
  readonly #flows = new Map<string, UdpFlow>();
  readonly #probes = new Map<UdpFlow, UdpProbe>();
  readonly #counts = { lostAtSend: 0, keepAlivesSent: 0, icmpErrors: 0, icmpUnattributed: 0 };

  private constructor(options: UdpFlowsOptions, endpoint: UdpEndpoint) {
    this.#options = options;
    this.#endpoint = endpoint;
  }

  /** Throws a WildfireError("socket") that names address, port and errno. */
  static async open(options: UdpFlowsOptions): Promise<UdpFlows> {
    let flows: UdpFlows | undefined;
    const endpoint = await openUdp({
      hostname: options.hostname,
      port: options.port,
      receiveBufferBytes,
      ...(options.control === undefined ? {} : { control: options.control }),
      onDatagram(bytes, text, port) {
        const address = canonicalAddress(text);
        if (address !== undefined) options.onDatagram(bytes, { address, port });
      },
      onError: (errno) => flows?.blame(errno),
    });
    flows = new UdpFlows(options, endpoint);
    return flows;
  }

  get port(): number {
    return this.#endpoint.port;
  }

  flowTo(remote: SipEndpoint): UdpFlow {
    const key = formatEndpoint(remote);
    const known = this.#flows.get(key);
    // The one used last stands last, so that the first ones can go.
    if (known !== undefined) this.#flows.delete(key);
    const flow = known ?? this.#create(remote);
    this.#flows.set(key, flow);
    if (this.#flows.size > maxFlows) this.#forgetOne();
    return flow;
  }

  *kept(): Generator<UdpFlow> {
    for (const flow of this.#flows.values()) if (flow.isKept) yield flow;
  }

  tick(nowMs: number): void {
    for (const flow of this.kept()) {
      if (nowMs - flow.lastSentMs < keepAliveMs) continue;
      this.#counts.keepAlivesSent += 1;
      flow.send(keepAlive);
    }
  }

  /**
   * An ICMP error came. Bun does not say which destination it was about: where we sent to one peer
   * lately it was that one, otherwise each of them is asked from a socket of its own.
   */
  blame(errno: string): void {
    // What was too large for the network has been told to its sender already.
    if (errno === "EMSGSIZE") return;
    this.#counts.icmpErrors += 1;
    const suspects = this.#suspects();
    const [only] = suspects;
    if (only === undefined) this.#counts.icmpUnattributed += 1;
    else if (suspects.length === 1) this.#end(only, errno);
    else for (const flow of suspects) this.#probe(flow);
  }

  status(): UdpFlowsStatus {
    const { received, sent, sendFailures } = this.#endpoint.counters;
    return { flows: this.#flows.size, received, sent, sendFailures, ...this.#counts };
  }

  close(): void {
    for (const flow of this.#flows.values()) flow.end();
    for (const probe of this.#probes.values()) probe.close();
    this.#flows.clear();
    this.#probes.clear();
    this.#endpoint.close();
  }

  #create(remote: SipEndpoint): UdpFlow {
    return new UdpFlow({
      remote,
      local: () => this.#options.localOf(remote, this.port),
      send: (bytes, to) => this.#send(bytes, to),
      nowMs: () => this.#options.clock.nowMs(),
    });
  }

  #send(bytes: Uint8Array, { address, port }: SipEndpoint): FlowSendOutcome {
    const outcome = this.#endpoint.send(bytes, port, address);
    if (outcome.ok || outcome.errno !== "EAGAIN") return outcome;
    // Retransmission is there for datagrams that get lost, wherever that happens.
    this.#counts.lostAtSend += 1;
    return { ok: true };
  }

  /** The ones sent to last, latest first. */
  #suspects(): readonly UdpFlow[] {
    const sinceMs = this.#options.clock.nowMs() - blameMs;
    return Array.from(this.#flows.values())
      .filter((flow) => flow.lastSentMs >= sinceMs)
      .toSorted((a, b) => b.lastSentMs - a.lastSentMs)
      .slice(0, maxProbes);
  }

  #probe(flow: UdpFlow): void {
    if (this.#probes.has(flow) || this.#probes.size >= maxProbes) return;
    const finish = (): void => {
      timer.cancel();
      this.#probes.get(flow)?.close();
      this.#probes.delete(flow);
    };
    const timer = this.#options.clock.after(probeMs, finish);
    const { address, port } = flow.remote;
    const onRefused = (errno: string): void => {
      finish();
      this.#end(flow, errno);
    };
    this.#probes.set(flow, probeUdp({ address, port, bytes: keepAlive, onRefused }));
  }

  #end(flow: UdpFlow, errno: string): void {
    if (!flow.isOpen) return;
    flow.end();
    const key = formatEndpoint(flow.remote);
    if (this.#flows.get(key) === flow) this.#flows.delete(key);
    this.#options.onClosed(flow, errno);
  }

  #forgetOne(): void {
    for (const [key, flow] of this.#flows) {
      if (flow.isKept) continue;
      this.#flows.delete(key);
      return;
    }
  }
}
