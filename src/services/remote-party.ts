/** Who is at the other end of a call, in the words of its PBX: number and name, as people read them. */
import type { AnyUri, NameAddress } from "../call/sip/message/sip-message.ts";

/** Private data. */
export interface RemoteParty {
  /** Number or user part; the host where a peer has no user, such as a trunk. */
  readonly remote: string;
  /** Display name; empty when the PBX tells none. */
  readonly name: string;
}

export function remoteParty({ displayName = "", uri }: NameAddress): RemoteParty {
  return { remote: numberIn(uri), name: displayName };
}

/** What one dials to reach it. */
export function numberIn(uri: AnyUri): string {
  // Parameters such as phone-context are no part of what one dials (RFC 3966 section 3).
  if ("text" in uri) return uri.text.replace(/^tel:/i, "").split(";", 1).join();
  return uri.user ?? uri.host;
}
