/** Our Contact at the registrar: what the next REGISTER asks for, and what it must take back. */
import type { NameAddress, SipResponse } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { Bindings, grantedSeconds, isSameContact } from "./bindings.ts";
import { learnAddress, type LearntAddress, withLearntAddress } from "./learnt-address.ts";

export interface OwnContactOptions {
  readonly contactFor: (flow: SipFlow) => NameAddress;
  /** Whether Contact takes the address at which the PBX sees us. */
  readonly learnsAddress: boolean;
}

export interface ContactRequest {
  readonly contact: NameAddress;
  readonly removed: readonly NameAddress[];
}

/** Until a request that was never answered can have reached the PBX. */
const strayMs = 32_000;

export class OwnContact {
  readonly #options: OwnContactOptions;
  readonly #bindings = new Bindings();
  #learnt: LearntAddress | undefined;
  /** Of the last request. */
  #asked: NameAddress | undefined;

  constructor(options: OwnContactOptions) {
    this.#options = options;
  }

  ask(flow: SipFlow, expiresSeconds: number, nowMs: number): ContactRequest {
    const contact = this.#contact(flow);
    const removed = this.#bindings.others(contact, nowMs);
    this.#bindings.asked(contact, nowMs + expiresSeconds * 1000 + strayMs);
    this.#asked = contact;
    return { contact, removed };
  }

  /** For each final response, of whatever status. */
  answered(response: SipResponse, flow: SipFlow): void {
    if (this.#options.learnsAddress) this.#learnt = learnAddress(response, flow);
    if (response.status >= 300 && this.#asked !== undefined) this.#bindings.denied(this.#asked);
  }

  /** For a 200: the seconds that were granted. */
  granted(response: SipResponse, expiresSeconds: number, nowMs: number): number {
    if (this.#asked === undefined) return 0;
    const seconds = grantedSeconds(response, this.#asked, expiresSeconds);
    if (seconds > 0) this.#bindings.granted(this.#asked, nowMs + seconds * 1000);
    return seconds;
  }

  /** The PBX has told meanwhile that it sees us elsewhere than the last request said. */
  hasMoved(flow: SipFlow): boolean {
    return this.#asked !== undefined && !isSameContact(this.#asked, this.#contact(flow));
  }

  /** All that the registrar has of us or may have. */
  bound(nowMs: number): readonly NameAddress[] {
    return this.#bindings.current(nowMs);
  }

  /** What was learnt belongs to a network that we have left. */
  forgetLearnt(): void {
    this.#learnt = undefined;
  }

  /** For calls: where the PBX reaches us on this flow, as far as is known. */
  current(flow: SipFlow): NameAddress {
    return this.#contact(flow);
  }

  #contact(flow: SipFlow): NameAddress {
    return withLearntAddress(this.#options.contactFor(flow), this.#learnt, flow);
  }
}
