/** What a running audiosocket service can be told and asked: describe a call, hang up. */
import { quote, WildfireError } from "../core/errors.ts";
import { type AudioSocketCall, audioSocketLine } from "./audiosocket-call.ts";
import {
  callIdField,
  type CommandFields,
  noCallWithId,
  textField,
  unknownCommand,
} from "./command-fields.ts";
import type { CommandHandler } from "./status-socket.ts";

/** What commands need of the service. */
export interface AudioSocketDesk {
  readonly talking: readonly AudioSocketCall[];
  /** No new calls, or calls again; throws a WildfireError when nobody can be listened to any more. */
  setDraining(isDraining: boolean): CommandFields;
}

type Command = (desk: AudioSocketDesk, fields: CommandFields) => CommandFields;

export function audioSocketCommands(desk: AudioSocketDesk): CommandHandler {
  return async (name, fields) => {
    const command = commands.get(name);
    if (command !== undefined) return command(desk, fields);
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
  ["drain", (desk) => desk.setDraining(true)],
  ["undrain", (desk) => desk.setDraining(false)],
]);

/** What the sip service can do besides. */
const beyondAudioSocket: ReadonlyMap<string, string> = new Map([
  ["transfer", "transfer a call"],
  ["digits", "send digits"],
]);

/** AudioSocket tells neither line nor number: the UUID is all that the dialplan can be asked for. */
function describeCall(calls: AudioSocketDesk, fields: CommandFields): CommandFields {
  const callId = callIdField(fields);
  const call = calls.talking.find((one) => one.callId?.number === callId.number);
  if (call === undefined) throw noCallWithId(callId, "audiosocket");
  const { key, uuid: remote, ageMs } = call;
  return { key, line: audioSocketLine, direction: "incoming", remote, name: "", ageMs };
}

/** By its key or its UUID, of which a dialplan may give one to several calls: `callId` says which is meant. */
function hangUp(calls: AudioSocketDesk, fields: CommandFields): CommandFields {
  const key = textField(fields, "key");
  const callId = fields["callId"] === undefined ? undefined : callIdField(fields);
  const named = calls.talking.filter((call) => call.key === key || call.uuid === key);
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
