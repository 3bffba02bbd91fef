/** An INVITE of ours, up to its final answer and ACK (RFC 3261 sections 9.1 and 13.2). */
import type { CallContext } from "./call-context.ts";
import { allowHeader } from "./call-context.ts";
import { Dialog, tagOf, withTag } from "../dialog/dialog.ts";
import type { NameAddress, SipRequest, SipResponse } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { DialogSender } from "./dialog-sender.ts";
import { OutgoingRequest } from "./outgoing-request.ts";
import { sdpType, type SessionMedia } from "./session-media.ts";
import { agreedTimer, minimumSessionSeconds, type SessionTimer, wishFor } from "./session-timer.ts";

export interface OutgoingLegEvents {
  provisional(status: number, reason: string): void;
  /** A line says what is wrong when the peer's answer to our offer is of no use. */
  accepted(leg: ConnectedLeg, problem: string | undefined): void;
  refused(status: number, reason: string): void;
}

export interface ConnectedLeg {
  readonly sender: DialogSender;
  readonly timer: SessionTimer | undefined;
}

export interface OutgoingLegOptions {
  readonly context: CallContext;
  readonly to: NameAddress;
  readonly media: SessionMedia;
  readonly events: OutgoingLegEvents;
}

const ignore = (): void => undefined;
const nobodyCares = { provisional: ignore, final: ignore, timedOut: ignore, failed: ignore };

/** 3xx answers that are followed, and 422 that are obeyed, for one call. */
const maxDetours = 5;

export class OutgoingLeg {
  readonly #options: OutgoingLegOptions;
  readonly #from: NameAddress;
  readonly #callId: string;
  #cseq: number;
  #request: OutgoingRequest | undefined;
  #isCancelled = false;
  #detours = 0;
  #sessionSeconds: number | undefined;
  /** By the tag of each peer that accepted: a forked INVITE may reach several. */
  readonly #acknowledged = new Map<string, () => void>();

  constructor(options: OutgoingLegOptions) {
    const { context } = options;
    this.#options = options;
    this.#from = withTag(context.line.address, context.newToken());
    this.#callId = context.newToken();
    this.#cseq = 1 + Math.floor(context.random() * 32_768);
  }

  get callId(): string {
    return this.#callId;
  }

  get localTag(): string {
    return tagOf(this.#from) ?? "";
  }

  /** Rejects with a WildfireError when there is no way to the PBX. */
  async start(): Promise<void> {
    const flow = await this.#options.context.line.flow();
    if (this.#isCancelled) return;
    this.#send(this.#invite(flow, this.#options.to), flow);
  }

  /** True when a CANCEL is on its way and a final answer will come. */
  cancel(): boolean {
    this.#isCancelled = true;
    this.#request?.cancel();
    return this.#request !== undefined;
  }

  abandon(): void {
    this.#isCancelled = true;
    this.#request?.abandon();
  }

  #invite(flow: SipFlow, to: NameAddress): SipRequest {
    const { context, media } = this.#options;
    const headers = [
      allowHeader,
      { name: "Supported", value: "timer" },
      { name: "Content-Type", value: sdpType },
      ...wishFor(this.#sessionSeconds),
    ];
    this.#cseq += 1;
    return {
      kind: "request",
      method: "INVITE",
      uri: to.uri,
      via: [],
      routes: [],
      maxForwards: undefined,
      from: this.#from,
      to: { ...to, parameters: new Map() },
      callId: this.#callId,
      cseq: { number: this.#cseq, method: "INVITE" },
      contacts: [context.line.contactFor(flow)],
      recordRoutes: [],
      headers,
      body: media.offer(),
    };
  }

  #send(request: SipRequest, flow: SipFlow): void {
    const { context, events } = this.#options;
    const { layer, line, log } = context;
    this.#request = new OutgoingRequest({
      layer,
      credentials: line.credentials,
      flow,
      request,
      handlers: {
        provisional: (response) => events.provisional(response.status, response.reason),
        final: (response) => this.#final(response, flow),
        timedOut: () => events.refused(408, "nobody answered"),
        failed: (errno) => events.refused(503, `the way to the PBX failed: ${errno}`),
      },
      onResent: (again) => (this.#cseq = again.cseq.number),
      onProblem: (problem) => log.warn("call refused", { problem }),
    });
  }

  #final(response: SipResponse, flow: SipFlow): void {
    const { status, reason } = response;
    if (status < 300) {
      this.#accepted(response, flow);
      return;
    }
    const detour =
      this.#isCancelled || this.#detours === maxDetours ? undefined : this.#detour(response);
    if (detour === undefined) {
      this.#options.events.refused(status, reason);
      return;
    }
    this.#detours += 1;
    this.#send(this.#invite(flow, detour), flow);
  }

  /** Whom to ask next: a redirection's first address, or the same with a longer session. */
  #detour(response: SipResponse): NameAddress | undefined {
    const { to } = this.#options;
    if (response.status === 422) {
      const least = Number(
        response.headers.find(({ name }) => name.toLowerCase() === "min-se")?.value.split(";")[0],
      );
      if (!(least > minimumSessionSeconds) || least > 86_400) return undefined;
      this.#sessionSeconds = Math.max(least, 1800);
      return to;
    }
    if (response.status >= 400 || response.contacts === "*") return undefined;
    const contact = response.contacts.find(({ uri }) => uri.scheme !== "other");
    return contact === undefined ? undefined : { ...to, uri: contact.uri };
  }

  #accepted(response: SipResponse, flow: SipFlow): void {
    const tag = tagOf(response.to) ?? "";
    const again = this.#acknowledged.get(tag);
    if (again !== undefined) {
      again();
      return;
    }
    const isFirst = this.#acknowledged.size === 0;
    const invite = this.#request?.request;
    if (invite === undefined) return;
    const sender = this.#senderFor(Dialog.ofOutgoing(invite, response), flow);
    // Until the ACK is sent a repeated 2xx is nothing new.
    this.#acknowledged.set(tag, () => undefined);
    void sender.acknowledge(invite).then((resend) => {
      this.#acknowledged.set(tag, resend);
      if (!isFirst) this.#dismiss(sender);
    });
    if (!isFirst) return;
    const { events, media } = this.#options;
    events.accepted({ sender, timer: agreedTimer(response) }, media.accept(response.body));
  }

  /** Two peers cannot both have the call: the later one is thanked and let go (section 13.2.2.4). */
  #dismiss(sender: DialogSender): void {
    void sender.send({ method: "BYE" }, nobodyCares);
  }

  #senderFor(dialog: Dialog, flow: SipFlow): DialogSender {
    const { layer, line, findFlow, log } = this.#options.context;
    return new DialogSender({
      dialog,
      flow,
      layer,
      credentials: line.credentials,
      findFlow,
      contactFor: (on) => line.contactFor(on),
      log,
    });
  }
}
