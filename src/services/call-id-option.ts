/** The option `--call-id` of services that serve one call. */
import type { OptionTable } from "../config/options.ts";
import { WildfireError } from "../core/errors.ts";
import { type CallId, parseCallId } from "../wire/call-id.ts";

export const callIdOption = {
  "call-id": { kind: "string", value: "N", help: "id of the call, 0 to 52535 (required)" },
} as const satisfies OptionTable;

/** Throws a WildfireError("usage"). */
export function requireCallId(text: string | undefined): CallId {
  if (text === undefined) {
    throw new WildfireError("usage", "--call-id is missing", {
      hint: "give one, such as --call-id 111",
    });
  }
  const parsed = parseCallId(text);
  if (!parsed.ok) throw new WildfireError("usage", `--call-id: ${parsed.refusal}`);
  return parsed.callId;
}
