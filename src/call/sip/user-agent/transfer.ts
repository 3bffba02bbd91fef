/** Handing a call to somebody else: REFER and what the peer reports of it (RFC 3515, 3891, 6665). */
import type { Clock, Timer } from "../../../core/clock.ts";
import { formatUri } from "../message/uri.ts";
import {
  type AnyUri,
  headerValue,
  type NameAddress,
  type SipRequest,
  type SipResponse,
} from "../message/sip-message.ts";
import type { DialogRequest } from "../dialog/dialog.ts";
import type { DialogSender } from "./dialog-sender.ts";

export type TransferOutcome =
  { readonly ok: true } | { readonly ok: false; readonly status: number; readonly reason: string };

export interface TransferOptions {
  readonly sender: DialogSender;
  readonly clock: Clock;
  readonly target: AnyUri;
  /** Call-ID and tags of the call that the peer's new one takes over: an attended transfer. */
  readonly replaces: string | undefined;
  /** Exactly once. */
  readonly onDone: (outcome: TransferOutcome) => void;
}

/** How long the new call may ring before we take the transfer for failed. */
const limitMs = 60_000;

export class Transfer {
  readonly #options: TransferOptions;
  readonly #limit: Timer;
  #isAccepted = false;
  #isDone = false;

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#limit = options.clock.after(limitMs, () => this.#fail(408, "nobody told how it went"));
    options.sender.send((contact) => this.#refer(contact), {
      provisional: () => undefined,
      final: (response) => this.#answered(response),
      timedOut: () => this.#fail(408, "nobody answered"),
      failed: (errno) => this.#fail(503, errno),
    });
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** A NOTIFY of this transfer: its body is the first line of the answer that the peer got. */
  notified(notify: SipRequest): void {
    this.#isAccepted = true;
    const text = new TextDecoder().decode(notify.body.subarray(0, 1024));
    const match = /^SIP\/2\.0\s+([1-6]\d\d)\s*([^\r\n]*)/i.exec(text);
    const status = match === null ? 0 : Number(match[1]);
    if (status >= 300) this.#fail(status, match?.[2] ?? "");
    else if (status >= 200) this.#finish({ ok: true });
    else if (isTerminated(notify)) this.#fail(500, "the peer stopped reporting");
  }

  /** The peer hung up: most do as soon as the new call is up, some without a word. */
  peerHungUp(): void {
    if (this.#isAccepted) this.#finish({ ok: true });
  }

  /** The call is over. */
  stop(): void {
    this.#fail(481, "the call is over");
  }

  #refer(contact: NameAddress): DialogRequest | undefined {
    if (this.#isDone) return undefined;
    const { sender, target, replaces } = this.#options;
    const headers = [
      { name: "Refer-To", value: referTo(target, replaces) },
      { name: "Referred-By", value: `<${formatUri(sender.dialog.local.uri)}>` },
    ];
    return { method: "REFER", headers, contacts: [contact] };
  }

  #answered(response: SipResponse): void {
    const { status, reason } = response;
    if (status >= 300) {
      this.#fail(status, reason);
      return;
    }
    this.#isAccepted = true;
    // RFC 4488: the peer will not report, so its word is all that there is.
    const isReported = !/^\s*false\b/i.test(headerValue(response, "Refer-Sub") ?? "");
    if (!isReported) this.#finish({ ok: true });
  }

  #fail(status: number, reason: string): void {
    this.#finish({ ok: false, status, reason });
  }

  #finish(outcome: TransferOutcome): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#limit.cancel();
    this.#options.onDone(outcome);
  }
}

function referTo(target: AnyUri, replaces: string | undefined): string {
  const uri = formatUri(target);
  if (replaces === undefined) return `<${uri}>`;
  const separator = uri.includes("?") ? "&" : "?";
  return `<${uri}${separator}Replaces=${encodeURIComponent(replaces)}>`;
}

function isTerminated(notify: SipRequest): boolean {
  return /^\s*terminated/i.test(headerValue(notify, "Subscription-State") ?? "");
}
