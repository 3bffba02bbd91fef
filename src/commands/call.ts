/** `wildfire call NUMBER`: the running sip service calls somebody, and this shows how it goes. */
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { systemClock } from "../core/clock.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { EventFollower, parseObject } from "../services/event-follower.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import {
  commandService,
  listServedSockets,
  type ServiceSocket,
} from "../services/status-socket.ts";
import { takeOperands } from "./operands.ts";

const options = {
  line: { kind: "string", value: "LINE", help: "the line to call from: USER or USER@HOST" },
  digits: { kind: "string", value: "KEYS", help: "keys to press when the call is up" },
  wait: { kind: "boolean", help: "stay until the call is over; Ctrl+C hangs up" },
  "state-dir": { kind: "string", value: "DIR", help: "state folder of the service" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Makes a call through the running sip service.

Usage: wildfire call NUMBER [options]
Example: wildfire call 600 --wait

${formatOptions(options)}
`;

/** Whoever listens late would miss how it went. */
const joinLimitMs = 3000;
/** To find a way to the PBX, resolving its name included. */
const dialLimitMs = 20_000;
const usual = { interrupted: 130, failed: 1 };

/** 0 when the call was answered; with `--wait` when it has ended after that. */
export async function call(argv: readonly string[]): Promise<number> {
  const { operands, rest } = takeOperands(options, argv);
  const values = readOptions(options, {
    argv: rest,
    env: process.env,
    command: "call",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const [number, ...others] = operands;
  if (number === undefined || others.length > 0) {
    throw new WildfireError("usage", `call takes one number, not ${operands.length}`, {
      hint: "see wildfire call --help",
    });
  }
  const stateFolder = values["state-dir"] ?? currentStateFolder();
  const dialled = new DialledCall(await requireService(stateFolder), stateFolder, values.wait);
  return await dialled.run({ number, line: values.line }, values.digits);
}

async function requireService(stateFolder: string): Promise<ServiceSocket> {
  const [service] = await listServedSockets(stateFolder, "sip");
  if (service !== undefined) return service;
  throw new WildfireError("state", "no sip service is running", {
    hint: "start it: wildfire --service sip --line USER@HOST",
  });
}

interface Dialling {
  readonly number: string;
  readonly line: string | undefined;
}

type Event = Readonly<Record<string, unknown>>;

/** Follows the service's events for one call. */
class DialledCall {
  readonly #service: ServiceSocket;
  readonly #waits: boolean;
  readonly #follower: EventFollower;
  readonly #joined = Promise.withResolvers<void>();
  readonly #exit = Promise.withResolvers<number>();
  /** Events that came before it was known which call is ours. */
  readonly #early: Event[] = [];
  #key: string | undefined;
  #digits: string | undefined;
  #wasUp = false;
  #isInterrupted = false;

  constructor(service: ServiceSocket, stateFolder: string, waits: boolean) {
    this.#service = service;
    this.#waits = waits;
    this.#follower = new EventFollower({
      stateFolder,
      service: "sip",
      clock: systemClock,
      onJoined: (pid) => {
        if (pid === service.pid) this.#joined.resolve();
      },
      onLeft: (pid) => {
        if (pid !== service.pid) return;
        this.#exit.resolve(this.#say("the sip service has ended", usual.failed));
      },
      onLine: (pid, line) => {
        const event = parseObject(line);
        if (pid === service.pid && event !== undefined) this.#event(event);
      },
      onRefused: (error) => this.#joined.reject(error),
    });
  }

  async run({ number, line }: Dialling, digits: string | undefined): Promise<number> {
    this.#digits = digits;
    const stop = (): void => void this.#interrupt();
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    const limit = systemClock.after(joinLimitMs, () => this.#joined.resolve());
    try {
      await this.#joined.promise;
      const fields = line === undefined ? { number } : { number, line };
      const { key, error } = await this.#command("call", fields);
      if (typeof key !== "string") {
        throw new WildfireError("state", `cannot call ${quote(number)}: ${textOf(error)}`);
      }
      this.#key = key;
      if (this.#isInterrupted) await this.#command("hang-up", { key });
      for (const event of this.#early) this.#event(event);
      return await this.#exit.promise;
    } finally {
      limit.cancel();
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      this.#follower.close();
    }
  }

  #event(event: Event): void {
    if (this.#key === undefined) {
      this.#early.push(event);
      return;
    }
    if (event["key"] !== this.#key) return;
    const { kind, status, text, by, reason } = event;
    if (kind === "progress") this.#say(status === 180 ? "ringing" : `progress ${textOf(status)}`);
    if (kind === "transcript") this.#say(`heard: ${textOf(text)}`);
    if (kind === "established") void this.#established();
    if (kind === "ended") {
      const code = this.#exitCode();
      const why = [status, reason].filter((part) => part !== undefined && part !== "").map(textOf);
      const words = why.length === 0 ? "" : `: ${why.join(" ")}`;
      this.#exit.resolve(this.#say(`ended by ${textOf(by)}${words}`, code));
    }
  }

  async #established(): Promise<void> {
    this.#wasUp = true;
    this.#say("answered");
    if (this.#digits !== undefined) {
      await this.#try("digits", { key: this.#key, digits: this.#digits });
    }
    if (!this.#waits) this.#exit.resolve(0);
  }

  #exitCode(): number {
    if (this.#isInterrupted) return usual.interrupted;
    return this.#wasUp ? 0 : usual.failed;
  }

  async #interrupt(): Promise<void> {
    this.#isInterrupted = true;
    if (this.#key !== undefined) await this.#try("hang-up", { key: this.#key });
    this.#exit.resolve(usual.interrupted);
  }

  /** What goes wrong is said, and the call goes its way. */
  async #try(command: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    const { error } = await this.#command(command, fields).catch((reason: unknown) => ({
      error: describeError(reason),
    }));
    if (error !== undefined) this.#say(textOf(error));
  }

  #command(command: string, fields: Readonly<Record<string, unknown>>): Promise<Event> {
    return commandService(this.#service, { command, fields }, dialLimitMs);
  }

  #say(text: string, code = 0): number {
    process.stdout.write(`${text}\n`);
    return code;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
