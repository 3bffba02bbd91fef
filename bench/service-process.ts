/** A service in a process of its own, started as a user would start it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sourceConditions } from "../scripts/bootstrap/platform.mjs";
import { endWithBench } from "./children.ts";
import { CannotRun } from "./context.ts";
import { linesOf } from "./line-process.ts";
import { familyTicks, tickMs } from "./machine-load.ts";

export interface ServiceOptions {
  readonly service: string;
  /** Besides those that all services share. */
  readonly argv: readonly string[];
  /** Emptied by the caller; holds the status socket and the unpacked library. */
  readonly stateFolder: string;
  /** On top of the bench's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dir, "..");
const executable = join(root, "dist", "wildfire");
const rememberedLines = 10;

export class ServiceProcess {
  /** From the start of the process to the line that says so. */
  readonly readyMs: number;
  /** The log record that says that the service is ready. */
  readonly readyRecord: unknown;
  readonly #process: Child;
  readonly #output: AsyncIterator<string, undefined>;

  protected constructor(started: Started) {
    this.readyMs = started.readyMs;
    this.readyRecord = started.record;
    this.#process = started.process;
    this.#output = linesOf(started.process.stdout);
  }

  /** Resolves when the service is ready. */
  static async launch(options: ServiceOptions): Promise<ServiceProcess> {
    return new ServiceProcess(await start(options));
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What `wildfire status` prints; asked for by signal. One question at a time. */
  async status(): Promise<unknown> {
    this.#process.kill("SIGUSR1");
    const { value, done } = await this.#output.next();
    if (done === true) throw new Error("the service has ended");
    const status: unknown = JSON.parse(value);
    return status;
  }

  /** Ends it with whatever it is doing. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  /** The most memory that it had in RAM so far. */
  peakMemoryMegabytes(): number {
    return this.#memory("VmHWM");
  }

  /** What it has in RAM now. */
  memoryMegabytes(): number {
    return this.#memory("VmRSS");
  }

  /** Processor time of all its threads since its start, in steps of 10 ms. */
  cpuMs(): number {
    return familyTicks(readProc(`/proc/${this.pid}/stat`)) * tickMs;
  }

  /** Processor time of the event loop's thread since its start. */
  loopCpuMs(): number {
    // The first number is the time on a processor in nanoseconds.
    const schedstat = readProc(`/proc/${this.pid}/task/${this.pid}/schedstat`);
    return Number(schedstat.split(" ")[0]) / 1e6;
  }

  #memory(name: "VmHWM" | "VmRSS"): number {
    const status = readProc(`/proc/${this.pid}/status`);
    const kilobytes = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status)?.[1];
    if (kilobytes === undefined) throw new CannotRun("the kernel does not tell a process's memory");
    return (Number(kilobytes) * 1024) / 1e6;
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CannotRun(`cannot read ${path}`, { cause: error });
  }
}

type Child = Bun.Subprocess<"ignore", "pipe", "pipe">;

export interface Started {
  readonly process: Child;
  readonly record: unknown;
  readonly readyMs: number;
}

export async function start(options: ServiceOptions): Promise<Started> {
  const { service } = options;
  const startedMs = performance.now();
  const child = endWithBench(
    Bun.spawn([...serviceCommand(), ...argumentsOf(options)], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...environment(), ...options.env },
    }),
  );
  const record = await readRecord(linesOf(child.stderr), `${service} is ready`);
  const readyMs = performance.now() - startedMs;
  if (record.found !== undefined) return { process: child, record: record.found, readyMs };
  throw new Error(`${service} ended with code ${await child.exited}: ${record.before.join(" | ")}`);
}

interface FoundRecord {
  readonly found: unknown;
  /** The last lines before it, or before the end. */
  readonly before: readonly string[];
}

/** Finds a log record and goes on reading, so that the process never waits for a full pipe. */
async function readRecord(
  lines: AsyncIterator<string, undefined>,
  message: string,
): Promise<FoundRecord> {
  const before: string[] = [];
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) return { found: undefined, before };
    if (value.includes(`"${message}"`)) {
      void discard(lines);
      return { found: JSON.parse(value), before };
    }
    before.push(value);
    if (before.length > rememberedLines) before.shift();
  }
}

async function discard(lines: AsyncIterator<string, undefined>): Promise<void> {
  while ((await lines.next()).done !== true);
}

/** The executable where there is one, as users have it; otherwise the sources. */
function serviceCommand(): string[] {
  if (existsSync(executable)) return [executable];
  return [process.execPath, ...sourceConditions(), join(root, "src", "main.ts")];
}

function argumentsOf({ service, argv, stateFolder }: ServiceOptions): string[] {
  const config = `${stateFolder}.toml`;
  writeFileSync(config, "");
  return [
    `--service=${service}`,
    `--state-dir=${stateFolder}`,
    `--config=${config}`,
    "--log-format=json",
    ...argv,
  ];
}

/** Without what the user has set for his own services. */
function environment(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("WILDFIRE_")),
  );
}
