/** Who is at the other end of a call, in the words of its PBX: number and name, as people read them. */
import { parseNameAddress } from "../call/sip/message/name-address.ts";
import type { AnyUri, NameAddress } from "../call/sip/message/sip-message.ts";
import { type Fields, textIn } from "./event-fields.ts";

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

/** As an event of a telephone tells it; what is no address of SIP is taken as it stands. */
export function partyIn(fields: Fields): RemoteParty {
  const told = textIn(fields, "remote");
  const address = parseNameAddress(told);
  const { remote, name } =
    address === undefined ? { remote: told, name: "" } : remoteParty(address);
  return { remote, name: textIn(fields, "name") || name };
}

/** What one dials to reach it. */
export function numberIn(uri: AnyUri): string {
  // Parameters such as phone-context are no part of what one dials (RFC 3966 section 3).
  if ("text" in uri) return uri.text.replace(/^tel:/i, "").split(";", 1).join();
  return uri.user ?? uri.host;
}
