/** `wildfire up` from sources, as a process of its own, with what it prints and serves. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listServiceSockets, readStatuses } from "../../src/services/status-socket.ts";
import { commandService } from "../../src/services/status-socket.ts";
import { until } from "../fakes/until.ts";

const commandLine = join(import.meta.dir, "command-line.ts");
export const limitMs = 60_000;

export class UpRig {
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-up-"));
  readonly stateFolder = join(this.folder, "state");
  readonly config = join(this.folder, "wildfire.toml");
  readonly #started: Bun.Subprocess[] = [];

  configure(toml: string): void {
    writeFileSync(this.config, toml);
  }

  run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const run = Bun.spawn(["nice", "-n", "19", process.execPath, commandLine, ...argv], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...env },
    });
    this.#started.push(run);
    return run;
  }

  up(env: Readonly<Record<string, string>> = {}, more: readonly string[] = []): UpProcess {
    const argv = ["up", "--config", this.config, "--state-dir", this.stateFolder, ...more];
    return new UpProcess(this.run(argv, env), this.stateFolder);
  }

  async logs(...argv: readonly string[]): Promise<string[]> {
    const common = ["--config", this.config, "--state-dir", this.stateFolder];
    const run = this.run(["logs", ...common, ...argv]);
    const text = await new Response(run.stdout).text();
    await run.exited;
    return text.split("\n").filter((line) => line !== "");
  }

  async free(): Promise<void> {
    // In order, so that no child writes into the folder when it is gone.
    for (const run of this.#started) run.kill("SIGTERM");
    await Promise.all(this.#started.map((run) => run.exited));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type Run = ReturnType<UpRig["run"]>;

export interface ServiceFacts {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
  readonly restarts: number;
  readonly lastReason: string;
}

export class UpProcess {
  output = "";
  errors = "";
  readonly #run: Run;
  readonly #stateFolder: string;

  constructor(run: Run, stateFolder: string) {
    this.#run = run;
    this.#stateFolder = stateFolder;
    void this.#read(run.stdout, (text) => (this.output += text));
    void this.#read(run.stderr, (text) => (this.errors += text));
  }

  get pid(): number {
    return this.#run.pid;
  }

  get exited(): Promise<number> {
    return this.#run.exited;
  }

  kill(signal: NodeJS.Signals): void {
    this.#run.kill(signal);
  }

  /** Waits for the line that says so. */
  async ready(...services: readonly string[]): Promise<void> {
    const isReady = (): boolean =>
      services.every((name) => this.output.includes(`${name} is ready (process`));
    await until(isReady, `${services.join(", ")} ready: ${this.output} ${this.errors}`, limitMs);
  }

  async status(): Promise<Readonly<Record<string, unknown>>> {
    const [text = "{}"] = await readStatuses(this.#stateFolder, "supervisor");
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  }

  async service(name: string): Promise<ServiceFacts> {
    const { services } = await this.status();
    const list: readonly ServiceFacts[] = Array.isArray(services) ? services : [];
    const found = list.find((service) => service.name === name);
    if (found === undefined) throw new Error(`no service ${name}`);
    return found;
  }

  async pidOf(name: string): Promise<number> {
    const { pid, lastReason } = await this.service(name);
    if (pid !== null) return pid;
    throw new Error(`${name} does not run (${lastReason}): ${this.output}${this.errors}`);
  }

  async command(command: string, fields: Readonly<Record<string, unknown>> = {}) {
    const [socket] = listServiceSockets(this.#stateFolder, "supervisor");
    if (socket === undefined) throw new Error("no supervisor");
    return await commandService(socket, { command, fields }, limitMs);
  }

  async #read(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) add(decoder.decode(bytes, { stream: true }));
  }
}

/** A process that is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
