/** What a running audiosocket service can be told and asked: describe a call, hang up. */
import { quote, WildfireError } from "../core/errors.ts";
import type { AudioSocketCall } from "./audiosocket-call.ts";
import {
  callIdField,
  type CommandFields,
  noCallWithId,
  textField,
  unknownCommand,
} from "./command-fields.ts";
import type { CommandHandler } from "./status-socket.ts";

/** The part of the exchange that commands need. */
export interface TalkingCalls {
  readonly talking: readonly AudioSocketCall[];
}

type Command = (calls: TalkingCalls, fields: CommandFields) => CommandFields;

export function audioSocketCommands(calls: TalkingCalls): CommandHandler {
  return async (name, fields) => {
    const command = commands.get(name);
    if (command !== undefined) return command(calls, fields);
    const missing = beyondAudioSocket.get(name);
    if (missing === undefined) throw unknownCommand(name, [...commands.keys()]);
    throw new WildfireError("state", `AudioSocket cannot ${missing}`, {
      hint: "take the PBX's calls with --service sip for that",
    });
  };
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["describe", describeCall],
  ["hang-up", hangUp],
]);

/** What the sip service can do besides. */
const beyondAudioSocket: ReadonlyMap<string, string> = new Map([
  ["transfer", "transfer a call"],
  ["digits", "send digits"],
]);

/** AudioSocket tells neither line nor number: the UUID is all that the dialplan can be asked for. */
function describeCall(calls: TalkingCalls, fields: CommandFields): CommandFields {
  const callId = callIdField(fields);
  const call = calls.talking.find((one) => one.callId?.number === callId.number);
  if (call === undefined) throw noCallWithId(callId, "audiosocket");
  return { key: call.key, line: "", direction: "incoming", remote: call.key, name: "" };
}

/** A dialplan may give one UUID to several calls; `callId` says which one is meant. */
function hangUp(calls: TalkingCalls, fields: CommandFields): CommandFields {
  const key = textField(fields, "key");
  const callId = fields["callId"] === undefined ? undefined : callIdField(fields);
  const named = calls.talking.filter((call) => call.key === key);
  const meant = named.filter((one) => callId === undefined || one.callId?.number === callId.number);
  const [call, ...others] = meant;
  if (call === undefined) {
    throw new WildfireError("state", `there is no call ${quote(key)}`, {
      hint: "`wildfire status audiosocket` shows those that are up",
    });
  }
  if (others.length > 0) {
    throw new WildfireError("state", `${meant.length} calls have the key ${quote(key)}`, {
      hint: "say which one by its callId",
    });
  }
  call.hangUp("hung up by a command");
  return {};
}
