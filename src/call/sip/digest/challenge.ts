/** What a 401 or 407 asks for: the strongest challenge of each realm that we can answer. */
import { quote } from "../../../core/errors.ts";
import { headerValues, type SipResponse } from "../message/sip-message.ts";
import { parseSchemes } from "./authentication-header.ts";
import { type DigestAlgorithm, digestAlgorithm, strengthRank } from "./digest-hash.ts";

/** server: WWW-Authenticate and Authorization; proxy: the same with Proxy- in front. */
export type ChallengerKind = "server" | "proxy";

export interface DigestChallenge {
  readonly kind: ChallengerKind;
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  /** As the challenge spells it; undefined when it names none. */
  readonly algorithmName: string | undefined;
  /** qop=auth was offered; else none was. */
  readonly hasProtection: boolean;
  /** Only the nonce was too old. */
  readonly isStale: boolean;
  readonly wantsUserHash: boolean;
}

/** What one realm asks for, or why nothing of it can be answered. */
export type RealmChallenge =
  | { readonly ok: true; readonly challenge: DigestChallenge }
  | { readonly ok: false; readonly problem: string };

const headerOf: Readonly<Record<ChallengerKind, string>> = {
  server: "WWW-Authenticate",
  proxy: "Proxy-Authenticate",
};

/** More realms than this in one answer are not looked at. */
const maxRealms = 8;

/** One entry for each realm; a 401 may carry those of proxies too (RFC 3261 section 22.3). */
export function readChallenges(response: SipResponse): readonly RealmChallenge[] {
  const realms = new Map<string, RealmChallenge>();
  for (const kind of ["server", "proxy"] as const) {
    for (const { scheme, parameters } of headerValues(response, headerOf[kind]).flatMap(
      parseSchemes,
    )) {
      const offered = readOne(kind, scheme, parameters);
      const key = `${kind}:${parameters.get("realm") ?? ""}`;
      const known = realms.get(key);
      if (known === undefined && realms.size === maxRealms) continue;
      if (isBetter(offered, known)) realms.set(key, offered);
    }
  }
  return [...realms.values()];
}

/** Of equally strong ones the first: the peer lists them in its own order of preference. */
function isBetter(offered: RealmChallenge, known: RealmChallenge | undefined): boolean {
  if (known === undefined) return true;
  if (!offered.ok) return false;
  if (!known.ok) return true;
  const byStrength =
    strengthRank(offered.challenge.algorithm) - strengthRank(known.challenge.algorithm);
  if (byStrength !== 0) return byStrength < 0;
  return offered.challenge.hasProtection && !known.challenge.hasProtection;
}

function readOne(
  kind: ChallengerKind,
  scheme: string,
  parameters: ReadonlyMap<string, string>,
): RealmChallenge {
  const realm = parameters.get("realm");
  const refuse = (why: string): RealmChallenge => ({
    ok: false,
    problem: `the PBX asks for credentials (realm ${quote(realm ?? "")}) in a way that is not supported: ${why}`,
  });
  if (scheme !== "digest") return refuse(`scheme ${quote(scheme)}; set it to Digest`);
  const nonce = parameters.get("nonce");
  if (realm === undefined || nonce === undefined)
    return refuse("the challenge has no realm or nonce");

  const algorithmName = parameters.get("algorithm");
  const algorithm = digestAlgorithm(algorithmName);
  if (algorithm === undefined) {
    return refuse(`algorithm ${quote(algorithmName ?? "")}; set it to SHA-256 or MD5`);
  }
  const qop = qualities(parameters.get("qop"));
  if (qop.length > 0 && !qop.includes("auth")) {
    return refuse(`qop ${quote(qop.join(","))}; set it to "auth"`);
  }
  return {
    ok: true,
    challenge: {
      kind,
      realm,
      nonce,
      opaque: parameters.get("opaque"),
      algorithm,
      algorithmName,
      hasProtection: qop.length > 0,
      isStale: parameters.get("stale")?.toLowerCase() === "true",
      wantsUserHash: parameters.get("userhash")?.toLowerCase() === "true",
    },
  };
}

function qualities(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return text
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
}
