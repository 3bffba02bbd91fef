/** What a running sip service can be told: call, hang up, hold, transfer, press keys. */
import { quote, WildfireError } from "../core/errors.ts";
import type { PhoneCall } from "./phone-call.ts";
import type { CommandHandler } from "./status-socket.ts";
import type { Telephone } from "./telephone.ts";

type Fields = Readonly<Record<string, unknown>>;
type Command = (telephone: Telephone, fields: Fields) => Promise<Fields>;

export function phoneCommands(telephone: Telephone): CommandHandler {
  return async (name, fields) => {
    const command = commands.get(name);
    if (command !== undefined) return await command(telephone, fields);
    throw new WildfireError("usage", `unknown command ${quote(name)}`, {
      hint: `there are ${[...commands.keys()].join(", ")}`,
    });
  };
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    "call",
    async (telephone, fields) => {
      const number = textOf(fields, "number");
      const line = fields["line"] === undefined ? undefined : textOf(fields, "line");
      return { key: await telephone.dial({ number, line }) };
    },
  ],
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
      const digits = textOf(fields, "digits");
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
      if (call.sip === undefined) throw noCall(call.key);
      return { ...(await call.sip.transfer(target, replaces)) };
    },
  ],
]);

/** Blind to `number`, or attended: to whom we talk in the call `toKey`, whose place the peer takes. */
function transferTarget(telephone: Telephone, call: PhoneCall, fields: Fields) {
  if (fields["toKey"] === undefined) {
    const target = telephone.uriOn(call, textOf(fields, "number"));
    if (target === undefined) throw noCall(call.key);
    return { target, replaces: undefined };
  }
  const key = textOf(fields, "toKey");
  const other = telephone.call(key)?.sip;
  if (other?.replaces === undefined) throw noCall(key);
  return { target: other.remote.uri, replaces: other.replaces };
}

async function setHeld(telephone: Telephone, fields: Fields, isHeld: boolean) {
  const call = callOf(telephone, fields);
  const outcome = await call.setHeld(isHeld);
  if (outcome === undefined) throw noCall(call.key);
  return outcome;
}

function callOf(telephone: Telephone, fields: Fields): PhoneCall {
  const key = textOf(fields, "key");
  const call = telephone.call(key);
  if (call === undefined) throw noCall(key);
  return call;
}

function noCall(key: string): WildfireError {
  return new WildfireError("state", `there is no call ${quote(key)}`, {
    hint: "`wildfire status sip` shows those that are up",
  });
}

const longestText = 256;

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  const isText = typeof value === "string" && value !== "" && value.length <= longestText;
  // Control characters would end a line of SIP.
  // oxlint-disable-next-line no-control-regex
  if (isText && !/[\0-\x1f\x7f]/.test(value)) return value;
  throw new WildfireError("usage", `${name} ${quote(String(value))} is not usable`);
}
