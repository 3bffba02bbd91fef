/** The structured headers of a message as values, or what is wrong with them (RFC 3261 section 20). */
import { quote } from "../../../core/errors.ts";
import { consistsOf, visibleCharacters } from "./character-sets.ts";
import type { StructuredValues } from "./header-block.ts";
import type { StructuredName } from "./header-names.ts";
import { parseAddressList, parseNameAddress } from "./name-address.ts";
import { maxListMembers } from "./sip-limits.ts";
import type { CSeq, NameAddress, Via } from "./sip-message.ts";
import { malformed, SipProblem } from "./sip-problem.ts";
import { parseVias } from "./via.ts";

const cseqPattern = /^(\d{1,10})[ \t]+([\w.!%*+`'~-]+)$/;
const sequenceLimit = 2 ** 31;
const magicCookie = "z9hG4bK";

/** At least one. */
export function readVias(values: StructuredValues): readonly Via[] | SipProblem {
  const vias = readList("Via", values.Via, parseVias);
  const isMissing = !(vias instanceof SipProblem) && vias.length === 0;
  return isMissing ? new SipProblem(400, "Via is missing") : vias;
}

/** A branch that is the magic cookie and nothing more would match any other such request. */
export function checkBranch(vias: readonly Via[]): SipProblem | undefined {
  const branch = vias[0]?.parameters.get("branch");
  return branch === magicCookie ? malformed("branch of Via", branch) : undefined;
}

export function readParty(values: StructuredValues, name: "From" | "To"): NameAddress | SipProblem {
  const value = readSingle(values, name);
  if (value instanceof SipProblem) return value;
  return parseNameAddress(value) ?? malformed(name, value);
}

export function readCallId(values: StructuredValues): string | SipProblem {
  const value = readSingle(values, "Call-ID");
  if (value instanceof SipProblem) return value;
  return consistsOf(value, visibleCharacters) ? value : malformed("Call-ID", value);
}

export function readCSeq(values: StructuredValues): CSeq | SipProblem {
  const value = readSingle(values, "CSeq");
  if (value instanceof SipProblem) return value;
  const [, number = "", method] = cseqPattern.exec(value) ?? [];
  if (method === undefined || Number(number) >= sequenceLimit) return malformed("CSeq", value);
  return { number: Number(number), method };
}

export function readContacts(values: StructuredValues): readonly NameAddress[] | "*" | SipProblem {
  if (values.Contact.length === 1 && values.Contact[0] === "*") return "*";
  return readList("Contact", values.Contact, parseAddressList);
}

/** Angle brackets are a must here: without them nobody could tell whose parameter `lr` is. */
export function readRoutes(
  values: StructuredValues,
  name: "Route" | "Record-Route",
): readonly NameAddress[] | SipProblem {
  return readList(name, values[name], (value) => {
    const routes = parseAddressList(value);
    return routes?.some(({ parameters }) => parameters.has("lr")) === true ? undefined : routes;
  });
}

export function readMaxForwards(values: StructuredValues): number | undefined | SipProblem {
  return readNumber(values, "Max-Forwards", 255);
}

export function readContentLength(values: StructuredValues): number | undefined | SipProblem {
  return readNumber(values, "Content-Length", Number.MAX_SAFE_INTEGER);
}

function readNumber(
  values: StructuredValues,
  name: "Max-Forwards" | "Content-Length",
  limit: number,
): number | undefined | SipProblem {
  if (values[name].length === 0) return undefined;
  const value = readSingle(values, name);
  if (value instanceof SipProblem) return value;
  const isNumber = /^\d{1,15}$/.test(value) && Number(value) <= limit;
  return isNumber ? Number(value) : malformed(name, value);
}

function readSingle(values: StructuredValues, name: StructuredName): string | SipProblem {
  const [value, second] = values[name];
  if (value === undefined) return new SipProblem(400, `${name} is missing`);
  return second === undefined
    ? value
    : new SipProblem(400, `${name} comes twice: ${quote(second)}`);
}

/** Values on many lines are one list (section 7.3.1). */
function readList<T>(
  name: StructuredName,
  lines: readonly string[],
  parse: (line: string) => readonly T[] | undefined,
): readonly T[] | SipProblem {
  const members: T[] = [];
  for (const line of lines) {
    const parsed = parse(line);
    if (parsed === undefined) return malformed(name, line);
    if (members.length + parsed.length > maxListMembers) {
      return new SipProblem(400, `${name} has more than ${maxListMembers} values`);
    }
    members.push(...parsed);
  }
  return members;
}
