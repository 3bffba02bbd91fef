/**
 * The credentials of one line (RFC 3261 section 22): answers challenges, and gives later requests
 * their Authorization before anybody asks. One session serves all requests of its line.
 */
import { quote } from "../../../core/errors.ts";
import { headerValues, type SipRequest, type SipResponse } from "../message/sip-message.ts";
import { formatUri } from "../message/uri.ts";
import { parseSchemes } from "./authentication-header.ts";
import { authorizationOf, RealmAuthorization } from "./authorization.ts";
import {
  type ChallengerKind,
  type DigestChallenge,
  readChallenges,
  type RealmChallenge,
} from "./challenge.ts";
import { NonceHistory } from "./nonce-history.ts";

export interface DigestSessionOptions {
  /** The authentication user, which may differ from the user of the address. */
  readonly user: string;
  /** Undefined for a line that has none: then each challenge is a problem. */
  readonly password: string | undefined;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
}

export type ChallengeResult =
  | { readonly ok: true }
  /** One line for people, without any secret. */
  | { readonly ok: false; readonly problem: string };

export type AnswerResult =
  | { readonly ok: true; readonly request: SipRequest }
  | { readonly ok: false; readonly problem: string };

/** What became of one realm's challenge; hopeless: the request fails, whatever the others say. */
type RealmOutcome =
  { readonly kind: "taken" } | { readonly kind: "unusable" | "hopeless"; readonly problem: string };

/** Realms that are remembered; the one that asked first is forgotten. */
const maxRealms = 8;
/** Fresh nonces in a row that a peer may call stale before it is not believed any more. */
const maxStale = 2;
const cnonceBytes = 16;
const credentialHeaders = new Set(Object.values(authorizationOf).map((name) => name.toLowerCase()));

export class DigestSession {
  readonly #options: DigestSessionOptions;
  readonly #realms = new Map<string, RealmAuthorization>();
  readonly #nonces = new NonceHistory();

  constructor(options: DigestSessionOptions) {
    this.#options = options;
  }

  /**
   * The request that answers a 401 or 407: next CSeq, no Via, all credentials known by now.
   * `request` is the one that was challenged, as it was sent.
   */
  answer(request: SipRequest, response: SipResponse): AnswerResult {
    const taken = this.takeChallenge(request, response);
    if (!taken.ok) return taken;
    const cseq = { ...request.cseq, number: request.cseq.number + 1 };
    return { ok: true, request: this.decorate({ ...request, cseq, via: [] }) };
  }

  /** Learns what a 401 or 407 asks for, for a user that makes its next request itself. */
  takeChallenge(request: SipRequest, response: SipResponse): ChallengeResult {
    let isTaken = false;
    let problem: string | undefined;
    for (const offered of readChallenges(response)) {
      const outcome = this.#take(request, offered);
      if (outcome.kind === "hopeless") return { ok: false, problem: outcome.problem };
      if (outcome.kind === "taken") isTaken = true;
      else problem ??= outcome.problem;
    }
    if (isTaken) return { ok: true };
    problem ??= `the PBX answers ${response.status} without saying which credentials it wants`;
    return { ok: false, problem };
  }

  /** Adds the credentials of all realms that asked so far. ACK and CANCEL stay as they are. */
  decorate(request: SipRequest): SipRequest {
    if (request.method === "ACK" || request.method === "CANCEL") return request;
    if (this.#realms.size === 0) return request;
    const others = request.headers.filter(
      (header) => !credentialHeaders.has(header.name.toLowerCase()),
    );
    const uri = formatUri(request.uri);
    const credentials = [...this.#realms.values()].map((realm) => {
      this.#nonces.carried(realm.nonce, request);
      return realm.header(request.method, uri);
    });
    return { ...request, headers: [...others, ...credentials] };
  }

  /** For a response that was no challenge: `nextnonce` of (Proxy-)Authentication-Info counts from now. */
  observe(request: SipRequest, response: SipResponse): void {
    this.#takeNextNonce("server", "Authentication-Info", { request, response });
    this.#takeNextNonce("proxy", "Proxy-Authentication-Info", { request, response });
  }

  #take(request: SipRequest, offered: RealmChallenge): RealmOutcome {
    if (!offered.ok) return { kind: "unusable", problem: offered.problem };
    const { challenge } = offered;
    const { user, password } = this.#options;
    const who = `user ${quote(user)}, realm ${quote(challenge.realm)}`;
    if (password === undefined) {
      const what = `the PBX asks for a password (${who}) and the line has none`;
      return {
        kind: "hopeless",
        problem: `${what}; set WILDFIRE_LINE_PASSWORD or --password-file`,
      };
    }
    const key = keyOf(challenge.kind, challenge.realm);
    const carried = carriedNonce(request, challenge);
    const staleBefore = carried === undefined ? undefined : this.#nonces.freshUse(carried, request);
    // A nonce that had served before may have grown old; one that was fresh was refused for its response.
    const isFreshRefused =
      staleBefore !== undefined && (!challenge.isStale || staleBefore >= maxStale);
    if (isFreshRefused || carried === challenge.nonce) {
      this.#realms.delete(key);
      return { kind: "hopeless", problem: refusal(challenge, who) };
    }
    this.#remember(key, challenge, { password, staleBefore: (staleBefore ?? -1) + 1 });
    return { kind: "taken" };
  }

  #remember(
    key: string,
    challenge: DigestChallenge,
    { password, staleBefore }: { password: string; staleBefore: number },
  ): void {
    // Requests under way at once are challenged with one nonce each or all with the same.
    if (this.#realms.get(key)?.nonce === challenge.nonce) return;
    const { user, randomBytes } = this.#options;
    const cnonce = randomBytes(cnonceBytes).toHex();
    this.#nonces.issued(challenge.nonce, staleBefore);
    this.#realms.delete(key);
    this.#realms.set(key, new RealmAuthorization(challenge, { user, password, cnonce }));
    const oldest = this.#realms.keys().next();
    if (this.#realms.size > maxRealms && oldest.done !== true) this.#realms.delete(oldest.value);
  }

  /** The header names no realm, so it counts only where the request carried a single one. */
  #takeNextNonce(
    kind: ChallengerKind,
    header: string,
    { request, response }: { request: SipRequest; response: SipResponse },
  ): void {
    const info = headerValues(response, header).flatMap(parseSchemes)[0];
    const nextNonce = info?.parameters.get("nextnonce");
    if (nextNonce === undefined || nextNonce === "") return;
    const [carried, further] = carriedCredentials(request, kind);
    if (carried === undefined || further !== undefined) return;
    this.#realms.get(keyOf(kind, carried.realm))?.renew(nextNonce);
  }
}

function refusal(challenge: DigestChallenge, who: string): string {
  if (challenge.isStale) return `the PBX calls each of its nonces stale (${who})`;
  return `the PBX refuses the password (${who}); check the password`;
}

function keyOf(kind: ChallengerKind, realm: string): string {
  return `${kind}:${realm}`;
}

function carriedNonce(request: SipRequest, { kind, realm }: DigestChallenge): string | undefined {
  return carriedCredentials(request, kind).find((carried) => carried.realm === realm)?.nonce;
}

function carriedCredentials(
  request: SipRequest,
  kind: ChallengerKind,
): readonly { readonly realm: string; readonly nonce: string }[] {
  return headerValues(request, authorizationOf[kind])
    .flatMap(parseSchemes)
    .map(({ parameters }) => ({
      realm: parameters.get("realm") ?? "",
      nonce: parameters.get("nonce") ?? "",
    }));
}
