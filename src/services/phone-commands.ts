/** What a running sip service can be told and asked: call, describe, hang up, hold, transfer, press keys. */
import { quote, WildfireError } from "../core/errors.ts";
import {
  callIdField,
  type CommandFields,
  noCallWithId,
  textField,
  unknownCommand,
} from "./command-fields.ts";
import type { PhoneCall } from "./phone-call.ts";
import { remoteParty } from "./remote-party.ts";
import type { CommandHandler } from "./status-socket.ts";
import type { Telephone } from "./telephone.ts";

type Command = (telephone: Telephone, fields: CommandFields) => Promise<CommandFields>;

export function phoneCommands(telephone: Telephone): CommandHandler {
  return async (name, fields) => {
    const command = commands.get(name);
    if (command !== undefined) return await command(telephone, fields);
    throw unknownCommand(name, [...commands.keys()]);
  };
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    "call",
    async (telephone, fields) => {
      const number = textField(fields, "number");
      const line = fields["line"] === undefined ? undefined : textField(fields, "line");
      return { key: await telephone.dial({ number, line }) };
    },
  ],
  ["drain", async (telephone) => telephone.setDraining(true)],
  ["undrain", async (telephone) => telephone.setDraining(false)],
  ["describe", async (telephone, fields) => describeCall(telephone, fields)],
  [
    "hang-up",
    async (telephone, fields) => {
      callOf(telephone, fields).hangUp();
      return {};
    },
  ],
  ["hold", async (telephone, fields) => ({ ...(await setHeld(telephone, fields, true)) })],
  ["resume", async (telephone, fields) => ({ ...(await setHeld(telephone, fields, false)) })],
  [
    "digits",
    async (telephone, fields) => {
      const digits = textField(fields, "digits");
      const isSent = callOf(telephone, fields).sendDigits(digits);
      if (isSent) return {};
      throw new WildfireError("state", `${quote(digits)} cannot be sent as digits`, {
        hint: "use 0-9, *, # and A-D on a call whose PBX takes RFC 4733",
      });
    },
  ],
  [
    "transfer",
    async (telephone, fields) => {
      const call = callOf(telephone, fields);
      const { target, replaces } = transferTarget(telephone, call, fields);
      const outcome = await call.transfer(target, replaces);
      if (outcome === undefined) throw noCall(call.key);
      return { ...outcome };
    },
  ],
]);

/** For those who know a call by the id that whisper and the voice have for it. */
function describeCall(telephone: Telephone, fields: CommandFields): CommandFields {
  const callId = callIdField(fields);
  const call = telephone.callWithId(callId);
  if (call?.sip === undefined) throw noCallWithId(callId, "sip");
  const { lineLabel: line, direction, remote } = call.sip;
  return { key: call.key, line, direction, ageMs: call.ageMs, ...remoteParty(remote) };
}

/** Blind to `number`, or attended: to whom we talk in the call `toKey`, whose place the peer takes. */
function transferTarget(telephone: Telephone, call: PhoneCall, fields: CommandFields) {
  if (fields["toKey"] === undefined) {
    const target = telephone.uriOn(call, textField(fields, "number"));
    if (target === undefined) throw noCall(call.key);
    return { target, replaces: undefined };
  }
  const key = textField(fields, "toKey");
  const other = telephone.call(key)?.sip;
  if (other?.replaces === undefined) throw noCall(key);
  return { target: other.remote.uri, replaces: other.replaces };
}

async function setHeld(telephone: Telephone, fields: CommandFields, isHeld: boolean) {
  const call = callOf(telephone, fields);
  const outcome = await call.setHeld(isHeld);
  if (outcome === undefined) throw noCall(call.key);
  return outcome;
}

function callOf(telephone: Telephone, fields: CommandFields): PhoneCall {
  const key = textField(fields, "key");
  const call = telephone.call(key);
  if (call === undefined) throw noCall(key);
  return call;
}

function noCall(key: string): WildfireError {
  return new WildfireError("state", `there is no call ${quote(key)}`, {
    hint: "`wildfire status sip` shows those that are up",
  });
}
