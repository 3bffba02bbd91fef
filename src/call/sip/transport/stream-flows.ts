/** All TCP and TLS connections of SIP: those that peers open to us and those that we open to them. */
import type { Clock } from "../../../core/clock.ts";
import { WildfireError } from "../../../core/errors.ts";
import type { SocketControl } from "../../../core/socket-control.ts";
import type { TcpHandlers, TcpLink } from "../../../tcp-link.ts";
import {
  type ConnectAttempt,
  connectTcp,
  listenTcp,
  type TcpServer,
  type TlsClientOptions,
} from "../../../tcp.ts";
import { canonicalAddress, formatEndpoint } from "./address-text.ts";
import type { SipEndpoint } from "./sip-flow.ts";
import { StreamFlow } from "./stream-flow.ts";

export interface StreamFlowsOptions {
  readonly hostname: string;
  readonly port: number;
  readonly clock: Clock;
  readonly control?: SocketControl | undefined;
  /** What `local` of a flow is for this end of its connection. */
  readonly localOf: (bound: SipEndpoint) => SipEndpoint;
  readonly onMessage: (bytes: Uint8Array, flow: StreamFlow) => void;
  readonly onViolation: (reason: string, flow: StreamFlow) => void;
  readonly onClosed: (flow: StreamFlow, errno: string) => void;
}

export interface StreamTarget {
  readonly endpoint: SipEndpoint;
  /** TLS where it is there. */
  readonly tls?: TlsClientOptions | undefined;
}

export interface StreamFlowsStatus {
  readonly connections: number;
  readonly accepted: number;
  readonly acceptedInAll: number;
  /** Turned away, since there were too many. */
  readonly turnedAway: number;
  readonly connected: number;
  readonly connectFailures: number;
  readonly closed: number;
}

const connectLimitMs = 4000;
const maxAccepted = 256;
/** More than this waits for no peer that reads. */
const maxPendingBytes = 1 << 18;

const turnedAwayHandlers: TcpHandlers = { data: () => undefined, closed: () => undefined };

export class StreamFlows {
  readonly #options: StreamFlowsOptions;
  readonly #server: TcpServer;
  readonly #flows = new Set<StreamFlow>();
  readonly #connecting = new Map<string, Promise<StreamFlow>>();
  readonly #attempts = new Set<ConnectAttempt>();
  readonly #counts = {
    acceptedInAll: 0,
    turnedAway: 0,
    connected: 0,
    connectFailures: 0,
    closed: 0,
  };
  #accepted = 0;
  #isClosed = false;

  /** Throws a WildfireError("socket") that names address, port and errno. */
  constructor(options: StreamFlowsOptions) {
    this.#options = options;
    const { hostname, port, control } = options;
    const accept = (link: TcpLink): TcpHandlers => this.#accept(link);
    this.#server = listenTcp({ hostname, port, maxPendingBytes, control, accept });
  }

  get port(): number {
    return this.#server.port;
  }

  /**
   * An open connection that serves the target. One that was checked for a name serves its address too:
   * peers put that into the Contact and Record-Route of calls that came over this very connection.
   */
  find({ endpoint, tls }: StreamTarget): StreamFlow | undefined {
    const transport = tls === undefined ? "tcp" : "tls";
    for (const flow of this.#flows) {
      if (flow.transport !== transport || !flow.isOpen) continue;
      if (formatEndpoint(flow.remote) !== formatEndpoint(endpoint)) continue;
      if (tls === undefined || isServedName(tls.serverName, flow.serverName)) return flow;
    }
    return undefined;
  }

  /** Rejects with a WildfireError("socket") that says why and what to do. */
  async connect(target: StreamTarget): Promise<StreamFlow> {
    const open = this.find(target);
    if (open !== undefined) return open;
    const key = `${formatEndpoint(target.endpoint)} ${target.tls?.serverName ?? ""}`;
    let connecting = this.#connecting.get(key);
    if (connecting === undefined) {
      connecting = this.#open(target).finally(() => this.#connecting.delete(key));
      this.#connecting.set(key, connecting);
    }
    return await connecting;
  }

  *all(): Generator<StreamFlow> {
    yield* this.#flows;
  }

  tick(nowMs: number): void {
    for (const flow of this.#flows) flow.tick(nowMs);
  }

  status(): StreamFlowsStatus {
    return { connections: this.#flows.size, accepted: this.#accepted, ...this.#counts };
  }

  close(): void {
    this.#isClosed = true;
    for (const attempt of this.#attempts) attempt.cancel();
    for (const flow of this.#flows) flow.end("ECANCELED");
    this.#server.stop(true);
  }

  async #open({ endpoint, tls }: StreamTarget): Promise<StreamFlow> {
    const { clock, control } = this.#options;
    const flow = this.#create({ remote: endpoint, tls, isAccepted: false });
    const { address: hostname, port } = endpoint;
    const limits = { timeoutMs: connectLimitMs, maxPendingBytes, control };
    const attempt = connectTcp({ hostname, port, clock, tls, ...limits }, flow.handlers);
    this.#attempts.add(attempt);
    try {
      this.#adopt(flow, await attempt.link);
      this.#counts.connected += 1;
      return flow;
    } catch (error) {
      this.#counts.connectFailures += 1;
      throw error;
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  #adopt(flow: StreamFlow, link: TcpLink): void {
    if (this.#isClosed) link.destroy();
    flow.attach(link);
    if (!flow.isOpen) {
      const where = formatEndpoint(flow.remote);
      throw new WildfireError("socket", `cannot connect to ${where}: closed at once`, {
        hint: "see the log of the other side",
      });
    }
    this.#flows.add(flow);
  }

  #accept(link: TcpLink): TcpHandlers {
    const address = canonicalAddress(link.remoteAddress);
    if (address === undefined || this.#accepted >= maxAccepted) {
      this.#counts.turnedAway += 1;
      link.destroy();
      return turnedAwayHandlers;
    }
    this.#accepted += 1;
    this.#counts.acceptedInAll += 1;
    const remote = { address, port: link.ports.remote };
    const flow = this.#create({ remote, isAccepted: true });
    flow.attach(link);
    this.#flows.add(flow);
    return flow.handlers;
  }

  #create(of: {
    readonly remote: SipEndpoint;
    readonly tls?: TlsClientOptions | undefined;
    readonly isAccepted: boolean;
  }): StreamFlow {
    const { clock, onMessage, onViolation } = this.#options;
    const transport = of.tls === undefined ? "tcp" : "tls";
    return new StreamFlow({
      transport,
      remote: of.remote,
      serverName: of.tls?.serverName,
      isAccepted: of.isAccepted,
      clock,
      local: (link) => this.#localOf(link, transport),
      onMessage,
      onViolation,
      onClosed: (flow, errno) => this.#closed(flow, errno),
    });
  }

  /**
   * Peers reach us over TCP on the port that listens. Nothing listens for TLS, so there the connection
   * itself is all they have.
   */
  #localOf(link: TcpLink, transport: "tcp" | "tls"): SipEndpoint {
    const address = canonicalAddress(link.localAddress) ?? link.localAddress;
    const port = transport === "tcp" ? this.port : link.ports.local;
    return this.#options.localOf({ address, port });
  }

  #closed(flow: StreamFlow, errno: string): void {
    if (!this.#flows.delete(flow)) return;
    if (flow.isAccepted) this.#accepted -= 1;
    this.#counts.closed += 1;
    if (!this.#isClosed) this.#options.onClosed(flow, errno);
  }
}

function isServedName(wanted: string, checked: string | undefined): boolean {
  return wanted === checked || canonicalAddress(wanted) !== undefined;
}
