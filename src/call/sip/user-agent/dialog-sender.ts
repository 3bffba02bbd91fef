/** Sends requests within one dialog: on the right flow, with the line's credentials. */
import type { Logger } from "../../../core/log.ts";
import type { Dialog, DialogRequest } from "../dialog/dialog.ts";
import type { AnyUri, NameAddress, SipRequest } from "../message/sip-message.ts";
import type { ClientTransactionHandlers } from "../transaction/transaction-user.ts";
import type { SipFlow, SipTransportName } from "../transport/sip-flow.ts";
import { type Challenger, OutgoingRequest, type RequestLayer } from "./outgoing-request.ts";

export interface SipTarget {
  readonly transport: SipTransportName;
  readonly host: string;
  readonly port: number | undefined;
}

/** Rejects with a WildfireError when there is no way to it. */
export type FlowFinder = (target: SipTarget) => Promise<SipFlow>;

export interface DialogSenderOptions {
  readonly dialog: Dialog;
  /** On which the dialog began. */
  readonly flow: SipFlow;
  readonly layer: RequestLayer;
  readonly credentials: Challenger;
  readonly findFlow: FlowFinder;
  readonly contactFor: (flow: SipFlow) => NameAddress;
  readonly log: Logger;
}

export class DialogSender {
  readonly dialog: Dialog;
  readonly #options: DialogSenderOptions;
  #flow: SipFlow;
  /** While the way is being looked for, requests wait in order. */
  #ready: Promise<void>;

  constructor(options: DialogSenderOptions) {
    this.#options = options;
    this.dialog = options.dialog;
    this.#flow = options.flow;
    this.#ready = this.#chooseFlow();
  }

  get flow(): SipFlow {
    return this.#flow;
  }

  get contact(): NameAddress {
    return this.#options.contactFor(this.#flow);
  }

  /** The peer's target or route may have changed. */
  refreshWay(): void {
    this.#ready = this.#ready.then(() => this.#chooseFlow());
  }

  /** `prepare` gets the request before it is sent, for instance to keep its number. */
  async send(parts: DialogRequest, handlers: ClientTransactionHandlers): Promise<OutgoingRequest> {
    const { dialog, layer, credentials, log } = { ...this.#options };
    await this.#ready;
    return new OutgoingRequest({
      layer,
      credentials,
      flow: this.#flow,
      request: dialog.request(parts),
      handlers,
      onResent: (again) => dialog.noteSent(again.cseq.number),
      onProblem: (problem) => log.warn("request within a call refused", { problem }),
    });
  }

  async acknowledge(invite: SipRequest): Promise<() => void> {
    const { dialog, layer } = this.#options;
    await this.#ready;
    const ack = dialog.ack(invite);
    const send = (): void => layer.send(ack, this.#flow);
    send();
    return send;
  }

  /**
   * Streams stay on the connection that the call came by, which a NAT or firewall is known to let
   * through (RFC 5626); datagrams go where the dialog says.
   */
  async #chooseFlow(): Promise<void> {
    const { findFlow, log } = this.#options;
    if (this.#flow.isReliable && this.#flow.isOpen) return;
    const target = targetOf(this.dialog.nextHop, this.#flow.transport);
    if (target === undefined || isSamePlace(target, this.#flow)) return;
    try {
      this.#flow = await findFlow(target);
    } catch (error) {
      log.warn("the way that the peer told leads nowhere, its last one is used", {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

/** Undefined for URIs that name no host. */
function targetOf(uri: AnyUri, fallback: SipTransportName): SipTarget | undefined {
  if (uri.scheme !== "sip" && uri.scheme !== "sips") return undefined;
  if (uri.scheme === "sips") return { transport: "tls", host: uri.host, port: uri.port };
  const named = uri.parameters.get("transport")?.toLowerCase();
  const known = named === "udp" || named === "tcp" || named === "tls" ? named : undefined;
  return { transport: known ?? fallback, host: uri.host, port: uri.port };
}

function isSamePlace({ transport, host, port }: SipTarget, flow: SipFlow): boolean {
  const usualPort = transport === "tls" ? 5061 : 5060;
  return (
    transport === flow.transport &&
    host === flow.remote.address &&
    (port ?? usualPort) === flow.remote.port
  );
}
