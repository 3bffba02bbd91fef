/** `wildfire events`: shows what all calls say while they say it. */
import colors from "picocolors";
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { systemClock } from "../core/clock.ts";
import { describeKinds, eventCatalogue } from "../services/event-catalogue.ts";
import { EventFollower, parseObject } from "../services/event-follower.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import { CommandOutput } from "./command-output.ts";
import { EventScreen } from "./event-screen.ts";

const options = {
  service: {
    kind: "string",
    value: "NAME",
    choices: Object.keys(eventCatalogue),
    default: "whisper",
    help: "whose events",
  },
  json: { kind: "boolean", help: "each event as the service tells it, a JSON object on a line" },
  kinds: { kind: "boolean", help: "say which kinds of events the service tells, and leave" },
  "state-dir": { kind: "string", value: "DIR", help: "state folder of the service" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Shows what the callers say, also unfinished words when it writes to a terminal. It goes on until it
is stopped, and waits for a service that is not there.

Usage: wildfire events [options]

${formatOptions(options)}
`;

/** Output that may wait for a slow reader before no more is read. */
const maxPendingCharacters = 64 * 1024;

export async function events(argv: readonly string[]): Promise<number> {
  const values = readOptions(options, {
    argv,
    env: process.env,
    command: "events",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { service } = values;
  if (values.kinds) {
    process.stdout.write(describeKinds(service));
    return 0;
  }
  const stateFolder = values["state-dir"] ?? currentStateFolder();
  const audience = values.json ? new JsonAudience() : new ReadingAudience();
  return await follow({ service, stateFolder, audience });
}

/** How events reach whoever asked for them. */
interface Audience {
  readonly output: CommandOutput;
  /** Unfinished texts cost the service work. */
  readonly showsPassing: boolean;
  event(line: string, services: number): void;
  /** About the services, not about calls. */
  note(text: string): void;
  left(): void;
  close(): void;
}

class JsonAudience implements Audience {
  readonly showsPassing = true;
  readonly output = new CommandOutput(process.stdout);

  event(line: string): void {
    this.output.write(`${line}\n`);
  }

  note(text: string): void {
    process.stderr.write(`wildfire: ${text}\n`);
  }

  left(): void {
    // Programs see the end of the events themselves.
  }

  close(): void {
    // Nothing is left on the screen.
  }
}

class ReadingAudience implements Audience {
  readonly showsPassing = process.stdout.isTTY;
  readonly output = new CommandOutput(process.stdout);
  readonly #screen = new EventScreen({
    columns: process.stdout.isTTY ? columnsNow : undefined,
    colors,
  });

  event(line: string, services: number): void {
    const event = parseObject(line);
    if (event === undefined) return;
    this.#write(this.#screen.show(event, callName(event, services)));
  }

  note(text: string): void {
    this.#write(this.#screen.clear());
    process.stderr.write(`${colors.dim(text)}\n`);
  }

  left(): void {
    this.#write(this.#screen.forget());
  }

  close(): void {
    this.#write(this.#screen.clear());
  }

  #write(text: string): void {
    if (text !== "") this.output.write(text);
  }
}

/** Some terminals do not tell their width. */
function columnsNow(): number {
  const { columns } = process.stdout;
  return columns > 0 ? columns : 80;
}

/** Several services may each have a call of the same name. */
function callName({ key, pid }: Readonly<Record<string, unknown>>, services: number): string {
  if (typeof key !== "string") return "";
  return services > 1 && typeof pid === "number" ? `${pid}/${key}` : key;
}

interface Following {
  readonly service: string;
  readonly stateFolder: string;
  readonly audience: Audience;
}

async function follow({ service, stateFolder, audience }: Following): Promise<number> {
  const { output } = audience;
  const failed = Promise.withResolvers<never>();
  const follower = new EventFollower({
    stateFolder,
    service,
    clock: systemClock,
    passing: audience.showsPassing,
    onJoined: (pid) => audience.note(`listening to ${service} (process ${pid})`),
    onLeft(pid) {
      audience.left();
      audience.note(`${service} (process ${pid}) has ended; waiting for the next one`);
    },
    onLine(_pid, line) {
      audience.event(line, follower.joined);
      if (output.pendingCharacters <= maxPendingCharacters) return;
      follower.pause();
      void output.flushed().then(() => follower.resume());
    },
    onRefused: (error) => failed.reject(error),
  });
  const missing = systemClock.after(patienceMs, () => {
    if (follower.joined === 0) audience.note(`no ${service} runs yet; waiting for it`);
  });
  try {
    await Promise.race([failed.promise, output.gone, stopSignal()]);
  } finally {
    missing.cancel();
    follower.close();
    audience.close();
  }
  return 0;
}

/** A service that runs answers sooner. */
const patienceMs = 400;

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.on("SIGINT", () => resolve());
    process.on("SIGTERM", () => resolve());
  });
}
