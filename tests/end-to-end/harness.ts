/** The services of a test: each a real process of the executable, all of them ended with the test. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { type JsonRecord, Program, type RecordTest } from "./program.ts";
import type { Recording } from "./speech.ts";
import { askStatus, type WhisperStatus } from "./status.ts";

/** A folder and the programs that run in it. */
export class Stage implements AsyncDisposable {
  readonly folder: string;
  readonly stateFolder: string;
  readonly #programs: Program[] = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
    this.stateFolder = join(this.folder, "state");
    mkdirSync(join(this.folder, "cwd"));
  }

  /** A service that logs JSON; whoever starts it waits until it is ready. */
  start(service: string, argv: readonly string[]): Program {
    const common = ["--state-dir", this.stateFolder, "--log-format", "json"];
    const program = new Program({
      argv: ["--service", service, ...common, ...argv],
      cwd: join(this.folder, "cwd"),
    });
    this.#programs.push(program);
    return program;
  }

  /** Resolves when it is ready; on a port of its own unless one is given. */
  async startWhisper(options: WhisperOptions): Promise<Whisper> {
    const { llamaPort, port = 0, argv = [] } = options;
    const ports = ["--port", String(port), "--llama-port", String(llamaPort)];
    const program = this.start("whisper", [...ports, ...argv]);
    const ready = await program.said("whisper is ready");
    const statusSocket = join(this.stateFolder, "run", `whisper-${program.pid}.sock`);
    // It gets these rights when it listens, which is the last step of the start.
    await eventually({
      what: `${statusSocket} to be served`,
      probe: () => existsSync(statusSocket) && (statSync(statusSocket).mode & 0o777) === 0o600,
    });
    return new Whisper(program, Number(ready["port"]));
  }

  async startLlama(port = 0): Promise<Llama> {
    // Answers go back to whisper, since no voice is there.
    const ways = ["--port", String(port), "--out-port", "0"];
    const program = this.start("llama", ["--backend", "echo", ...ways, "--json"]);
    const ready = await program.said("llama is ready");
    return new Llama(program, Number(String(ready["address"]).split(":").at(-1)));
  }

  startInbound(options: InboundOptions): Inbound {
    const { callId, recording, whisperPort, speed = 10, argv = [] } = options;
    const program = this.start("inbound", [
      "--json",
      `--call-id=${callId}`,
      `--wav=${recording.path}`,
      `--whisper-port=${whisperPort}`,
      `--speed=${speed}`,
      ...argv,
    ]);
    return new Inbound(program);
  }

  /** Ends everything; throws when a program met an error that nobody foresaw. */
  async [Symbol.asyncDispose](): Promise<void> {
    const complaints = this.#programs.flatMap(complaintsOf);
    await Promise.all(this.#programs.map((program) => program[Symbol.asyncDispose]()));
    rmSync(this.folder, { recursive: true, force: true });
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
  }
}

const deadlySignals: ReadonlySet<string | null> = new Set([
  "SIGSEGV",
  "SIGABRT",
  "SIGBUS",
  "SIGILL",
  "SIGFPE",
  "SIGTRAP",
]);

function complaintsOf(program: Program): string[] {
  const isCrashed = deadlySignals.has(program.endSignal);
  const unexpected = program.find("unexpected error, please report it");
  return isCrashed || unexpected !== undefined ? [program.explain()] : [];
}

export interface WhisperOptions {
  readonly llamaPort: number;
  /** UDP; 0, the default, lets the system choose. */
  readonly port?: number;
  readonly argv?: readonly string[];
}

export class Whisper {
  readonly program: Program;
  readonly port: number;

  constructor(program: Program, port: number) {
    this.program = program;
    this.port = port;
  }

  /** What `wildfire status whisper` would print. */
  async status(): Promise<WhisperStatus> {
    return await askStatus(this.program);
  }

  /** The first status that fulfils the condition. */
  async reaches(
    what: string,
    condition: (status: WhisperStatus) => boolean,
    limitMs?: number,
  ): Promise<WhisperStatus> {
    let last: WhisperStatus | undefined;
    return await eventually({
      what: `a whisper with ${what}`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: async () => {
        last = await this.status();
        return condition(last) && last;
      },
      explain: () => `${JSON.stringify(last)}\n${this.program.explain()}`,
    });
  }

  /** Resolves when all calls are over and freed. */
  async isIdle(limitMs?: number): Promise<WhisperStatus> {
    return await this.reaches("no call left", (status) => status.calls.length === 0, limitMs);
  }
}

export class Llama {
  readonly program: Program;
  readonly port: number;

  constructor(program: Program, port: number) {
    this.program = program;
    this.port = port;
  }

  /** All texts of one call so far, in order. */
  texts(callId: number): string[] {
    return textsIn(this.program.records, (record) => record["callId"] === String(callId));
  }

  /** Resolves when so many texts of the call have come. */
  async hears(callId: number, count: number, limitMs?: number): Promise<string[]> {
    return await eventually({
      what: `${count} texts of call ${callId} at the LLaMA`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: () => this.texts(callId).length >= count && this.texts(callId),
      explain: () => this.program.explain(),
    });
  }
}

export interface InboundOptions {
  readonly callId: number;
  readonly recording: Recording;
  readonly whisperPort: number;
  /** Times real time. */
  readonly speed?: number;
  readonly argv?: readonly string[];
}

export class Inbound {
  readonly program: Program;

  constructor(program: Program) {
    this.program = program;
  }

  /** The transcripts that it printed. */
  get texts(): string[] {
    return textsIn(this.program.records, () => true);
  }

  async exited(limitMs?: number): Promise<number> {
    return await this.program.exited(limitMs);
  }
}

function textsIn(records: readonly JsonRecord[], where: RecordTest): string[] {
  return records.flatMap((record) => {
    const text = record["text"];
    return typeof text === "string" && record["message"] === undefined && where(record)
      ? [text]
      : [];
  });
}
