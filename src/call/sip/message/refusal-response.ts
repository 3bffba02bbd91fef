/** The answer to a request that could be read only in part: as much of it as its sender needs. */
import { createResponse } from "./create-response.ts";
import type { HeaderBlock, StructuredValues } from "./header-block.ts";
import { readCallId, readCSeq } from "./message-fields.ts";
import { parseNameAddress } from "./name-address.ts";
import { maxListMembers } from "./sip-limits.ts";
import type { NameAddress, SipResponse, Via } from "./sip-message.ts";
import { SipProblem } from "./sip-problem.ts";
import type { RequestLine, StatusLine } from "./start-line.ts";
import { parseVias } from "./via.ts";

const fnvOffset = 0x811c_9dc5;
const fnvPrime = 0x0100_0193;

/** Undefined for responses, for ACK, and when Via, From, To, Call-ID or CSeq cannot be told back. */
export function refusalResponse(
  startLine: RequestLine | StatusLine,
  { structured, others }: HeaderBlock,
  problem: SipProblem,
): SipResponse | undefined {
  if (startLine.kind === "response" || startLine.method === "ACK") return undefined;
  const first = firstValues(structured);
  const via = parseAllVias(structured.Via);
  const from = salvageAddress(first.From[0] ?? "");
  const to = salvageAddress(first.To[0] ?? "");
  const callId = readCallId(first);
  const cseq = readCSeq(first);
  if (via === undefined || from === undefined || to === undefined) return undefined;
  if (callId instanceof SipProblem || cseq instanceof SipProblem) return undefined;
  const known = { via, from, to, callId, cseq, contacts: [], recordRoutes: [], headers: others };
  const toTag = statelessTag(`${callId} ${cseq.number} ${via[0]?.parameters.get("branch") ?? ""}`);
  return createResponse({ ...known, body: new Uint8Array(0) }, problem.status, { toTag });
}

/** Of headers that came twice the first one counts. */
function firstValues(values: StructuredValues): StructuredValues {
  const single = ["From", "To", "Call-ID", "CSeq"] as const;
  const first = { ...values };
  for (const name of single) first[name] = values[name].slice(0, 1);
  return first;
}

function parseAllVias(lines: readonly string[]): readonly Via[] | undefined {
  const vias: Via[] = [];
  for (const line of lines) {
    const parsed = parseVias(line);
    if (parsed === undefined || vias.length + parsed.length > maxListMembers) return undefined;
    vias.push(...parsed);
  }
  return vias.length === 0 ? undefined : vias;
}

/** Display names are what goes wrong most, and nobody needs them to know their own request. */
function salvageAddress(text: string): NameAddress | undefined {
  return parseNameAddress(text) ?? parseNameAddress(text.slice(Math.max(text.lastIndexOf("<"), 0)));
}

/** The same tag for the same request, however often it comes (section 8.2.7): FNV-1a. */
function statelessTag(text: string): string {
  let hash = fnvOffset;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), fnvPrime);
  }
  return (hash >>> 0).toString(16);
}
