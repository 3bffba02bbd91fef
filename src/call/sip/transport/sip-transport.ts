/** Everything that SIP sends and receives: one UDP and one TCP port, and connections out of them. */
import type { Clock, Timer } from "../../../core/clock.ts";
import { WildfireError, quote } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import type { SocketControl } from "../../../core/socket-control.ts";
import type { TlsClientOptions } from "../../../tcp.ts";
import type { SipMessage } from "../message/sip-message.ts";
import { canonicalAddress, formatEndpoint, isIpv6 } from "./address-text.ts";
import {
  type AddressSource,
  type LocalAddressChange,
  LocalAddresses,
  LocalAddressWatch,
  systemAddresses,
} from "./local-addresses.ts";
import { type IntakeStatus, MessageIntake } from "./message-intake.ts";
import { type NameLookup, systemNameLookup } from "./name-lookup.ts";
import { type FlowTarget, ServerLocator } from "./server-locator.ts";
import type { SipEndpoint, SipFlow } from "./sip-flow.ts";
import { bindAddresses, openSipSockets, type SipSockets } from "./sip-sockets.ts";
import { StreamFlow } from "./stream-flow.ts";
import type { StreamFlowsStatus } from "./stream-flows.ts";
import { systemCertificates } from "./system-certificates.ts";
import { UdpFlow } from "./udp-flow.ts";
import type { UdpFlowsStatus } from "./udp-flows.ts";
import { answerEndpoint } from "./via-stamp.ts";

export interface SipTransportOptions {
  /** IP address to bind to; undefined: all of IPv4 and IPv6. */
  readonly bind?: string | undefined;
  /** For UDP and TCP alike; 0 lets the system choose, since a PBX on this host has 5060. */
  readonly port?: number | undefined;
  /** IP address or name that peers shall use to reach us, for a host behind NAT. */
  readonly advertise?: string | undefined;
  readonly tls?: TlsSettings | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0..1, below 1. */
  readonly random: () => number;
  /** Requests carry `received` and `rport`; answers to one go on the flow that comes with it. */
  readonly onMessage: (message: SipMessage, flow: SipFlow) => void;
  /** Nothing goes out on this flow any more: its peer refused, broke off, or is silent. */
  readonly onFlowClosed: (flow: SipFlow, errno: string) => void;
  /** Towards a peer that is kept, this host has another address now. */
  readonly onLocalChanged?: ((change: LocalAddressChange) => void) | undefined;
  readonly control?: SocketControl | undefined;
  readonly lookup?: NameLookup | undefined;
  readonly addresses?: AddressSource | undefined;
}

export interface TlsSettings {
  /** PEM text of the authorities to trust in place of those that the system trusts. */
  readonly ca?: string | undefined;
  /** False accepts any certificate; true where it is left out. */
  readonly verify?: boolean | undefined;
}

/** While it is held its flow is kept open: keep-alives are sent, and a connection is not closed for being idle. */
export interface FlowLease {
  release(): void;
}

export interface SipTransportStatus {
  /** What the sockets are bound to. */
  readonly address: string;
  readonly port: number;
  readonly messages: IntakeStatus;
  readonly udp: UdpFlowsStatus;
  readonly streams: StreamFlowsStatus;
}

const tickMs = 1000;
/** Each may take 4 s, and a call does not wait for ever. */
const maxConnects = 3;

export class SipTransport {
  readonly #options: SipTransportOptions;
  readonly #sockets: SipSockets;
  readonly #locator: ServerLocator;
  readonly #intake: MessageIntake;
  readonly #watch: LocalAddressWatch;
  readonly #locals: LocalAddresses;
  readonly #ticker: Timer;
  #certificates: Promise<string | undefined> | undefined;
  #isClosed = false;

  private constructor(options: SipTransportOptions, sockets: SipSockets, locals: LocalAddresses) {
    const { clock, lookup = systemNameLookup, random } = options;
    this.#options = options;
    this.#sockets = sockets;
    this.#locals = locals;
    this.#locator = new ServerLocator({ lookup, clock, random });
    this.#intake = new MessageIntake(options);
    this.#watch = new LocalAddressWatch({
      clock,
      addresses: locals,
      remotes: () => this.#keptRemotes(),
      onChanged: (change) => this.#localChanged(change),
    });
    this.#ticker = clock.every(tickMs, () => this.#tick());
  }

  /** Throws a WildfireError that says which address or port it cannot have. */
  static async open(options: SipTransportOptions): Promise<SipTransport> {
    const { clock, control, port = 0, addresses: source = systemAddresses } = options;
    const bind = bindAddresses(options.bind);
    const locals = new LocalAddresses({ clock, source, bound: bind.bound });
    let transport: SipTransport | undefined;
    /** What comes before the transport is there is as good as lost on the way. */
    const whenOpen = (act: (opened: SipTransport) => void): void => {
      if (transport !== undefined) act(transport);
    };
    const sockets = await openSipSockets({
      hostnames: bind.hostnames,
      port,
      clock,
      control,
      localOf: (address, ownPort) => ({ address: options.advertise ?? address, port: ownPort }),
      localTowards: (remote) => locals.towards(remote),
      onDatagram: (bytes, from) => whenOpen((opened) => opened.#datagram(bytes, from)),
      onMessage: (bytes, flow) => whenOpen((opened) => opened.#streamed(bytes, flow)),
      onViolation: (reason, flow) => whenOpen((opened) => opened.#violated(reason, flow)),
      onClosed: (flow, errno) => whenOpen((opened) => opened.#closed(flow, errno)),
    });
    transport = new SipTransport(options, sockets, locals);
    const address = formatEndpoint({ address: sockets.hostname, port: sockets.port });
    options.log.info("listening for SIP", { address, advertised: options.advertise });
    return transport;
  }

  /** Of UDP and TCP. */
  get port(): number {
    return this.#sockets.port;
  }

  /**
   * A flow to the target: an open connection is used again, a name is resolved (RFC 3263), and of
   * several servers the first one is taken that accepts a connection; over UDP that is the first one
   * that did not fail lately. Rejects with a WildfireError that says what to do.
   */
  async flowTo(target: FlowTarget): Promise<SipFlow> {
    this.#checkOpen();
    const located = await this.#locator.locate(target);
    this.#checkOpen();
    const endpoints = located.filter((endpoint) => this.#sockets.reaches(endpoint.address));
    const [first] = endpoints;
    if (first === undefined) throw otherFamily(target, this.#sockets.hostname);
    if (target.transport === "udp") return this.#sockets.udp.flowTo(first);
    const tls = target.transport === "tls" ? await this.#tlsFor(target.host) : undefined;
    return await this.#connectToFirst(endpoints, tls);
  }

  /** Keeps the flow until it is released or closes; a lease costs a datagram or two a minute. */
  keep(flow: SipFlow): FlowLease {
    if (!(flow instanceof UdpFlow) && !(flow instanceof StreamFlow)) return { release() {} };
    flow.lease();
    this.#watch.note(flow.remote.address);
    let isHeld = true;
    return {
      release() {
        if (isHeld) flow.release();
        isHeld = false;
      },
    };
  }

  /** Its peer does not answer: for half a minute `flowTo` prefers other servers of the same name. */
  avoid(flow: SipFlow): void {
    this.#locator.avoid(flow.remote);
  }

  /** Its peer did not answer at all: a connection is ended, so that the next request opens another. */
  giveUp(flow: SipFlow): void {
    this.avoid(flow);
    if (flow instanceof StreamFlow) flow.end("ETIMEDOUT");
  }

  status(): SipTransportStatus {
    const { hostname, port, udp, streams } = this.#sockets;
    return {
      address: hostname,
      port,
      messages: this.#intake.status(),
      udp: udp.status(),
      streams: streams.status(),
    };
  }

  /** Frees everything; `onFlowClosed` is not called for what is closed here. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ticker.cancel();
    this.#watch.close();
    this.#intake.close();
    this.#sockets.udp.close();
    this.#sockets.streams.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new WildfireError("state", "the SIP transport is closed");
  }

  async #tlsFor(serverName: string): Promise<TlsClientOptions> {
    const { ca, verify = true } = this.#options.tls ?? {};
    this.#certificates ??= ca === undefined ? systemCertificates() : Promise.resolve(ca);
    return {
      serverName: canonicalAddress(serverName) ?? serverName,
      verify,
      ca: await this.#certificates,
    };
  }

  async #connectToFirst(
    endpoints: readonly SipEndpoint[],
    tls: TlsClientOptions | undefined,
  ): Promise<SipFlow> {
    const { streams } = this.#sockets;
    for (const endpoint of endpoints) {
      const open = streams.find({ endpoint, tls });
      if (open !== undefined) return open;
    }
    let failure: unknown;
    for (const endpoint of endpoints.slice(0, maxConnects)) {
      this.#checkOpen();
      try {
        return await streams.connect({ endpoint, tls });
      } catch (error) {
        failure = error;
        this.#locator.avoid(endpoint);
      }
    }
    throw failure;
  }

  #datagram(bytes: Uint8Array, source: SipEndpoint): void {
    const { udp } = this.#sockets;
    this.#intake.receive(bytes, {
      source,
      flowFor: (top) => udp.flowTo(top === undefined ? source : answerEndpoint(top, source)),
    });
  }

  #streamed(bytes: Uint8Array, flow: StreamFlow): void {
    this.#intake.receive(bytes, { source: flow.remote, flowFor: () => flow });
  }

  #violated(reason: string, flow: StreamFlow): void {
    this.#intake.violated(reason, flow.remote);
  }

  #closed(flow: SipFlow, errno: string): void {
    if (this.#isClosed) return;
    this.#locator.avoid(flow.remote);
    const { transport, remote } = flow;
    this.#options.log.debug("SIP flow closed", { transport, peer: formatEndpoint(remote), errno });
    this.#options.onFlowClosed(flow, errno);
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    this.#sockets.udp.tick(nowMs);
    this.#sockets.streams.tick(nowMs);
  }

  *#keptRemotes(): Generator<string> {
    for (const flow of this.#sockets.udp.kept()) yield flow.remote.address;
    for (const flow of this.#sockets.streams.all()) if (flow.isKept) yield flow.remote.address;
  }

  #localChanged(change: LocalAddressChange): void {
    const { log, onLocalChanged } = this.#options;
    log.info("this host has another address now", { ...change });
    // The kernel would keep such a connection for many minutes, although nothing comes back to it.
    const own = this.#locals.own();
    for (const flow of this.#sockets.streams.all()) {
      if (!own.has(flow.boundAddress)) flow.end("EADDRNOTAVAIL");
    }
    onLocalChanged?.(change);
  }
}

function otherFamily({ host }: FlowTarget, bound: string): WildfireError {
  const [wanted, used] = isIpv6(bound) ? ["IPv6", "IPv4"] : ["IPv4", "IPv6"];
  return new WildfireError("socket", `${quote(host)} has no ${wanted} address, only ${used}`, {
    hint: `SIP is bound to ${bound}: bind it to an ${used} address or to all addresses`,
  });
}
