/** Which Contacts the registrar holds for us, or may hold: what must be taken back one day. */
import {
  headerValue,
  type AnyUri,
  type NameAddress,
  type SipResponse,
} from "../message/sip-message.ts";
import { formatUri } from "../message/uri.ts";
import { isSipUri } from "./registrar-target.ts";

interface Binding {
  readonly contact: NameAddress;
  readonly untilMs: number;
  readonly isConfirmed: boolean;
}

/** Addresses that a line may leave behind while its PBX cannot be reached; then the oldest is left. */
const maxBindings = 4;

export class Bindings {
  #bindings: readonly Binding[] = [];

  /** A request with this Contact is under way: the registrar may have it from now on. */
  asked(contact: NameAddress, untilMs: number): void {
    const known = this.#bindings.find((binding) => isSameContact(binding.contact, contact));
    const others = this.#bindings.filter((binding) => binding !== known);
    const isConfirmed = known?.isConfirmed === true;
    this.#bindings = [...others, { contact, untilMs, isConfirmed }].slice(-maxBindings);
  }

  /** The registrar has this one; all others were taken back in the same request. */
  granted(contact: NameAddress, untilMs: number): void {
    this.#bindings = [{ contact, untilMs, isConfirmed: true }];
  }

  /** The request was not granted: what it asked for is there only if it was there before. */
  denied(contact: NameAddress): void {
    this.#bindings = this.#bindings.filter(
      (binding) => binding.isConfirmed || !isSameContact(binding.contact, contact),
    );
  }

  current(nowMs: number): readonly NameAddress[] {
    return this.#bindings
      .filter((binding) => binding.untilMs > nowMs)
      .map((binding) => binding.contact);
  }

  /** Those that a request with this Contact must take back. */
  others(contact: NameAddress, nowMs: number): readonly NameAddress[] {
    return this.current(nowMs).filter((other) => !isSameContact(other, contact));
  }
}

export function isSameContact(one: NameAddress, other: NameAddress): boolean {
  return formatUri(one.uri) === formatUri(other.uri);
}

/**
 * Seconds that a 200 grants (RFC 3261 section 10.2.4): of our own Contact, which the PBX may have
 * rewritten to the address where it sees us, else of Expires, else what was asked for.
 */
export function grantedSeconds(
  response: SipResponse,
  contact: NameAddress,
  askedSeconds: number,
): number {
  const listed = response.contacts === "*" ? [] : response.contacts;
  const own = listed.find((candidate) => isSameEnd(candidate.uri, contact.uri));
  const common = readSeconds(headerValue(response, "Expires"));
  const granted = readSeconds(own?.parameters.get("expires")) ?? common;
  if (own !== undefined || common !== undefined) return granted ?? askedSeconds;
  // The binding that was made just now has the most time left.
  const times = listed.flatMap((one) => readSeconds(one.parameters.get("expires")) ?? []);
  return times.length === 0 ? askedSeconds : Math.min(Math.max(...times), askedSeconds);
}

/** User, host and port; registrars drop or add parameters. */
function isSameEnd(one: AnyUri, other: AnyUri): boolean {
  if (!isSipUri(one) || !isSipUri(other)) return false;
  const isSameHost = one.host.toLowerCase() === other.host.toLowerCase();
  return isSameHost && one.user === other.user && (one.port ?? 5060) === (other.port ?? 5060);
}

/** delta-seconds (RFC 3261 section 25.1), with what may follow them ignored. */
export function readSeconds(text: string | undefined): number | undefined {
  const digits = /^\s*(\d{1,10})(?!\d)/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
