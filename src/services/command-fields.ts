/** What the commands of services have in common: fields that come from outside, and what is said about wrong ones. */
import { quote, WildfireError } from "../core/errors.ts";
import { type CallId, parseCallId } from "../wire/call-id.ts";

export type CommandFields = Readonly<Record<string, unknown>>;

const longestText = 256;

/** A text of one line, not empty; throws a WildfireError("usage") for anything else. */
export function textField(fields: CommandFields, name: string): string {
  const value = fields[name];
  const isText = typeof value === "string" && value !== "" && value.length <= longestText;
  // Control characters would end a line of SIP.
  // oxlint-disable-next-line no-control-regex
  if (isText && !/[\0-\x1f\x7f]/.test(value)) return value;
  throw new WildfireError("usage", `${name} ${quote(String(value))} is not usable`);
}

/** The field `callId`: the id by which whisper, the LLaMA and the voice know a call. */
export function callIdField(fields: CommandFields): CallId {
  const parsed = parseCallId(textField(fields, "callId"));
  if (parsed.ok) return parsed.callId;
  throw new WildfireError("usage", parsed.refusal);
}

export function unknownCommand(name: string, known: readonly string[]): WildfireError {
  return new WildfireError("usage", `unknown command ${quote(name)}`, {
    hint: `there are ${known.join(", ")}`,
  });
}

export function noCallWithId({ text }: CallId, service: string): WildfireError {
  return new WildfireError("state", `no call is up under the id ${quote(text)}`, {
    hint: `\`wildfire status ${service}\` shows those that are up`,
  });
}
