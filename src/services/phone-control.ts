/** Finds the telephone service that has a call of the LLaMA's, and tells it what shall happen to the call. */
import type { Clock } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { CallActions } from "../llama-bridge/conversation/call-tools.ts";
import type { CommandFields } from "./command-fields.ts";
import {
  commandService,
  listServiceSockets,
  removeDeadSocket,
  type ServiceSocket,
} from "./status-socket.ts";

export interface PhoneControlOptions {
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

type PhoneServiceName = "sip" | "audiosocket" | "web";

/** What a telephone service tells of a call; `remote` and `name` are private data. */
export interface PhoneCallInfo {
  /** As it was asked for. */
  readonly callId: string;
  readonly service: PhoneServiceName;
  /** Where the service takes commands. */
  readonly socket: ServiceSocket;
  /** By which the service knows the call. */
  readonly key: string;
  /** USER@HOST; empty for AudioSocket. */
  readonly line: string;
  readonly direction: "incoming" | "outgoing";
  /** Number or user part of the peer; the UUID of an AudioSocket call. */
  readonly remote: string;
  /** Display name of the peer; empty when there is none. */
  readonly name: string;
  /** Since it was answered; 0 before that, and where the service does not tell. */
  readonly ageMs: number;
}

const serviceNames: readonly PhoneServiceName[] = ["sip", "audiosocket", "web"];

/** In all: the greeting waits for it. */
const findLimitMs = 500;
const commandLimitMs = 3000;
/** Whoever it leads to may have to answer first. */
const transferLimitMs = 10_000;
/** Ours speaks first: it knows what was wanted. */
const spareMs = 1000;

interface Order {
  readonly command: string;
  readonly fields: CommandFields;
  readonly limitMs: number;
}

export class PhoneControl {
  readonly #options: PhoneControlOptions;

  constructor(options: PhoneControlOptions) {
    this.#options = options;
  }

  /** The call that is up under this id; undefined when no service says within 500 ms that it has it. Never rejects. */
  async find(callId: string): Promise<PhoneCallInfo | undefined> {
    const { clock, log } = this.#options;
    const asking = this.#services().map(
      async ([service, socket]) => await describe(service, socket, callId),
    );
    const late = Promise.withResolvers<"late">();
    const limit = clock.after(findLimitMs, () => late.resolve("late"));
    const first = Promise.any(asking).catch(nobody);
    const found = await Promise.race([first, late.promise]);
    limit.cancel();
    if (found !== undefined && found !== "late") return found;
    log.debug("no telephone service knows the call", {
      call: callId,
      asked: asking.length,
      isLate: found === "late",
    });
    return undefined;
  }

  /** What can be done to a call that was found; each rejects with a WildfireError that tells why not. */
  actions(info: PhoneCallInfo): CallActions {
    return {
      hangUp: async () => {
        await this.#order(info, { command: "hang-up", fields: {}, limitMs: commandLimitMs });
      },
      transfer: async (target) => {
        const fields = { number: target };
        const order = { command: "transfer", fields, limitMs: transferLimitMs };
        const outcome = await this.#order(info, order);
        if (outcome["ok"] !== true) throw refusal(outcome);
      },
      sendDigits: async (digits) => {
        const fields = { digits };
        await this.#order(info, { command: "digits", fields, limitMs: commandLimitMs });
      },
    };
  }

  #services(): [PhoneServiceName, ServiceSocket][] {
    const { stateFolder, log } = this.#options;
    try {
      return serviceNames.flatMap((name) =>
        listServiceSockets(stateFolder, name)
          .filter((socket) => !removeDeadSocket(socket))
          .map((socket): [PhoneServiceName, ServiceSocket] => [name, socket]),
      );
    } catch (error) {
      log.warn("telephone services cannot be looked for", { reason: describeError(error) });
      return [];
    }
  }

  /** The answer, when it is none of an error. */
  async #order(info: PhoneCallInfo, { command, fields, limitMs }: Order): Promise<CommandFields> {
    const { socket, service, key, callId } = info;
    const late = Promise.withResolvers<never>();
    const limit = this.#options.clock.after(limitMs, () => {
      const what = `the ${service} service has not done ${command} within ${limitMs / 1000} s`;
      late.reject(new WildfireError("timeout", what, { hint: "it may still happen" }));
    });
    try {
      const asked = { command, fields: { ...fields, key, callId } };
      const answering = commandService(socket, asked, limitMs + spareMs).catch((error: unknown) => {
        throw gone(service, error);
      });
      const answer = await Promise.race([answering, late.promise]);
      const { error } = answer;
      if (error === undefined) return answer;
      throw new WildfireError("state", textOf(error, "the service refuses it"));
    } finally {
      limit.cancel();
    }
  }
}

/** Of services that each have their reason, mostly that the call is another's. */
function nobody(): undefined {
  return undefined;
}

/** Rejects when the service does not have the call. */
async function describe(
  service: PhoneServiceName,
  socket: ServiceSocket,
  callId: string,
): Promise<PhoneCallInfo> {
  const asked = { command: "describe", fields: { callId } };
  const answer = await commandService(socket, asked, findLimitMs);
  const { key, line, direction, remote, name, ageMs } = answer;
  if (typeof key !== "string") throw new WildfireError("state", "the service has no such call");
  return {
    callId,
    service,
    socket,
    key,
    line: textOf(line),
    direction: direction === "outgoing" ? "outgoing" : "incoming",
    remote: textOf(remote),
    name: textOf(name),
    ageMs: typeof ageMs === "number" ? ageMs : 0,
  };
}

/** Whatever went wrong with the connection, the call cannot be reached any more. */
function gone(service: PhoneServiceName, cause: unknown): WildfireError {
  return new WildfireError("state", `the ${service} service is gone: ${messageOf(cause)}`, {
    cause,
    hint: "its calls are over",
  });
}

/** The peer's answer to REFER, or what became of the new call. */
function refusal({ status, reason }: CommandFields): WildfireError {
  const words = [typeof status === "number" ? String(status) : "", textOf(reason)];
  const told = words.filter((word) => word !== "").join(" ");
  return new WildfireError("state", `the transfer failed: ${told === "" ? "refused" : told}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function textOf(value: unknown, fallback = ""): string {
  return typeof value === "string" ? value : fallback;
}
