/** The registrar of the small PBX: whoever asks is bound, after showing a password where there is one. */
import { parseSchemes } from "../src/call/sip/digest/authentication-header.ts";
import { digestResponse, sessionKey } from "../src/call/sip/digest/digest-hash.ts";
import { createResponse } from "../src/call/sip/message/create-response.ts";
import {
  headerValue,
  type NameAddress,
  type SipRequest,
  type SipResponse,
} from "../src/call/sip/message/sip-message.ts";
import type { SipFlow } from "../src/call/sip/transport/sip-flow.ts";

const realm = "small-pbx";
const defaultGrantedSeconds = 3600;

export interface SmallRegistrarOptions {
  /** Time that each registration is granted; an hour when left out. */
  readonly grantedSeconds?: number | undefined;
  /** Of all users, by MD5 digest; nobody is asked when left out. */
  readonly password?: string | undefined;
}

export interface Binding {
  readonly contact: NameAddress;
  readonly flow: SipFlow;
}

export class SmallRegistrar {
  /** Registrations granted so far, refreshes among them. */
  granted = 0;
  /** Requests whose password was wrong. */
  refused = 0;
  readonly #options: SmallRegistrarOptions;
  readonly #nonce = crypto.randomUUID();
  readonly #bindings = new Map<string, Binding>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(options: SmallRegistrarOptions) {
    this.#options = options;
  }

  binding(user: string): Binding | undefined {
    return this.#bindings.get(user);
  }

  /** Resolves when this user is registered. */
  async registered(user: string): Promise<void> {
    if (this.#bindings.has(user)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.set(user, [...(this.#waiting.get(user) ?? []), resolve]);
    });
  }

  /** The answer to a REGISTER. */
  answer(request: SipRequest, flow: SipFlow): SipResponse {
    const { password, grantedSeconds = defaultGrantedSeconds } = this.#options;
    if (password !== undefined && !this.#isAuthentic(request, password)) {
      return this.#challenge(request);
    }
    this.granted += 1;
    const contacts = request.contacts === "*" ? [] : request.contacts;
    const kept = contacts.filter((contact) => expiresOf(request, contact) > 0);
    this.#bind(userOf(request), kept[0], flow);
    const headers = [{ name: "Expires", value: String(grantedSeconds) }];
    const granted = kept.map((contact) => ({
      ...contact,
      parameters: new Map(contact.parameters).set("expires", String(grantedSeconds)),
    }));
    return createResponse(request, 200, { contacts: granted, headers, toTag: "pbx" });
  }

  #bind(user: string, contact: NameAddress | undefined, flow: SipFlow): void {
    if (contact === undefined) {
      this.#bindings.delete(user);
      return;
    }
    const bare = { ...contact, parameters: new Map<string, string | undefined>() };
    this.#bindings.set(user, { contact: bare, flow });
    for (const resolve of this.#waiting.get(user) ?? []) resolve();
    this.#waiting.delete(user);
  }

  #challenge(request: SipRequest): SipResponse {
    const value = `Digest realm="${realm}", nonce="${this.#nonce}", algorithm=MD5, qop="auth"`;
    const headers = [{ name: "WWW-Authenticate", value }];
    return createResponse(request, 401, { headers, toTag: "pbx" });
  }

  #isAuthentic(request: SipRequest, password: string): boolean {
    const header = headerValue(request, "Authorization");
    const given = header === undefined ? undefined : parseSchemes(header)[0]?.parameters;
    if (given?.get("nonce") !== this.#nonce) return false;
    const key = sessionKey({
      algorithm: { hash: "md5", isSession: false },
      user: given.get("username") ?? "",
      realm,
      password,
      nonce: this.#nonce,
      cnonce: given.get("cnonce") ?? "",
    });
    const expected = digestResponse({
      hash: "md5",
      key,
      nonce: this.#nonce,
      method: request.method,
      uri: given.get("uri") ?? "",
      protection: { nonceCount: given.get("nc") ?? "", cnonce: given.get("cnonce") ?? "" },
    });
    const isRight = given.get("response") === expected;
    if (!isRight) this.refused += 1;
    return isRight;
  }
}

function userOf({ to }: SipRequest): string {
  return "user" in to.uri ? (to.uri.user ?? "") : "";
}

function expiresOf(request: SipRequest, contact: NameAddress): number {
  return Number(contact.parameters.get("expires") ?? headerValue(request, "Expires") ?? 3600);
}
