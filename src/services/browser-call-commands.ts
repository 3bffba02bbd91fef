/** What the web service can be told of calls from browsers: describe one, hang one up. */
import { quote, WildfireError } from "../core/errors.ts";
import type { BrowserCall } from "./browser-call.ts";
import {
  callIdField,
  type CommandFields,
  noCallWithId,
  textField,
  unknownCommand,
} from "./command-fields.ts";
import type { CommandHandler } from "./status-socket.ts";

/** The part of all calls that commands need. */
interface TalkingCalls {
  readonly talking: readonly BrowserCall[];
}

export function browserCallCommands(calls: TalkingCalls): CommandHandler {
  return async (name, fields) => {
    if (name === "describe") return describeCall(calls, fields);
    if (name === "hang-up") return hangUp(calls, fields);
    const missing = beyondBrowsers.get(name);
    if (missing === undefined) throw unknownCommand(name, ["describe", "hang-up"]);
    throw new WildfireError("state", `a call from a browser cannot ${missing}`, {
      hint: "call by telephone for that",
    });
  };
}

/** What the sip service can do besides. */
const beyondBrowsers: ReadonlyMap<string, string> = new Map([
  ["transfer", "be transferred"],
  ["digits", "take digits"],
]);

function describeCall({ talking }: TalkingCalls, fields: CommandFields): CommandFields {
  const callId = callIdField(fields);
  const call = talking.find((one) => one.callId?.number === callId.number);
  if (call === undefined) throw noCallWithId(callId, "web");
  return { ...call.name, name: "", ageMs: call.ageMs };
}

function hangUp({ talking }: TalkingCalls, fields: CommandFields): CommandFields {
  const key = textField(fields, "key");
  const call = talking.find((one) => one.key === key);
  if (call === undefined) {
    throw new WildfireError("state", `there is no call ${quote(key)}`, {
      hint: "`wildfire status web` shows those that are up",
    });
  }
  call.hangUp("hung up by a command");
  return {};
}
