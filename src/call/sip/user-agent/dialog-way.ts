/** The flow that requests within a dialog take (RFC 3261 section 12.2.1.1, RFC 5626). */
import type { Clock } from "../../../core/clock.ts";
import { describeError, WildfireError } from "../../../core/errors.ts";
import type { Dialog } from "../dialog/dialog.ts";
import { parseIpv4 } from "../message/ip-address.ts";
import type { AnyUri } from "../message/sip-message.ts";
import type { SipFlow, SipTransportName } from "../transport/sip-flow.ts";
import type { CallContext, SipTarget } from "./call-context.ts";

/** Looking up names and connecting to several hosts is over before; this is for the worst of cases. */
const searchLimitMs = 15_000;

export class DialogWay {
  readonly #dialog: Dialog;
  readonly #context: CallContext;
  #flow: SipFlow;
  #isKnown = false;

  constructor(dialog: Dialog, flow: SipFlow, context: CallContext) {
    this.#dialog = dialog;
    this.#flow = flow;
    this.#context = context;
  }

  get flow(): SipFlow {
    return this.#flow;
  }

  refresh(): void {
    this.#isKnown = false;
  }

  /** Never rejects: where nothing better is found the flow stays what it was. */
  async find(): Promise<void> {
    if (this.#isKnown && this.#flow.isOpen) return;
    this.#isKnown = true;
    const target = this.#target();
    if (target !== undefined && (await this.#take(() => this.#context.findFlow(target)))) return;
    if (!this.#flow.isOpen) await this.#take(() => this.#context.line.flow());
  }

  /**
   * Undefined where the flow can stay. Streams stay on the connection that the call came by, which a
   * NAT or firewall is known to let through; datagrams go where the dialog says.
   */
  #target(): SipTarget | undefined {
    const { transport, isReliable, isOpen, remote } = this.#flow;
    if (isReliable && isOpen) return undefined;
    const target = targetOf(this.#dialog.nextHop, transport);
    if (target === undefined) {
      return isOpen ? undefined : { transport, host: remote.address, port: remote.port };
    }
    return isOpen && staysOn(this.#flow, target) ? undefined : target;
  }

  async #take(open: () => Promise<SipFlow>): Promise<boolean> {
    const { log, clock } = this.#context;
    try {
      this.#flow = await withinLimit(open(), clock);
      return true;
    } catch (error) {
      log.warn("the way that the peer told leads nowhere, its last one is used", {
        error: describeError(error),
      });
      return false;
    }
  }
}

async function withinLimit(search: Promise<SipFlow>, clock: Clock): Promise<SipFlow> {
  const tooLong = Promise.withResolvers<never>();
  const limit = clock.after(searchLimitMs, () =>
    tooLong.reject(new WildfireError("timeout", "no way was found in time")),
  );
  try {
    return await Promise.race([search, tooLong.promise]);
  } finally {
    limit.cancel();
  }
}

/** Undefined for URIs that name no host. */
function targetOf(uri: AnyUri, fallback: SipTransportName): SipTarget | undefined {
  if ("text" in uri) return undefined;
  if (uri.scheme === "sips") return { transport: "tls", host: uri.host, port: uri.port };
  const named = uri.parameters.get("transport")?.toLowerCase();
  const known = named === "udp" || named === "tcp" || named === "tls" ? named : undefined;
  return { transport: known ?? fallback, host: uri.host, port: uri.port };
}

/**
 * The target is where the flow leads. The same is true of a private address that a peer with a public
 * one tells: it does not know of the NAT in front of it.
 */
function staysOn(flow: SipFlow, { transport, host, port }: SipTarget): boolean {
  if (transport !== flow.transport) return false;
  const { remote } = flow;
  if (isPrivate(host) && parseIpv4(remote.address) !== undefined && !isPrivate(remote.address)) {
    return true;
  }
  const usualPort = transport === "tls" ? 5061 : 5060;
  return host === remote.address && (port ?? usualPort) === remote.port;
}

/** RFC 1918, RFC 6598 and what stays on one host or link. */
function isPrivate(host: string): boolean {
  const [first, second = 0] = parseIpv4(host) ?? [];
  if (first === undefined) return false;
  if (first === 10 || first === 127) return true;
  if (first === 172) return second >= 16 && second < 32;
  if (first === 192) return second === 168;
  if (first === 169) return second === 254;
  return first === 100 && second >= 64 && second < 128;
}
