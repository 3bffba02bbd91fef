/** A run of the executable in a folder of its own and with an empty environment, line by line. */
import { defaultLimitMs, eventually } from "./eventually.ts";
import { executablePath } from "./executable.ts";

/** A JSON object that the program wrote: a log record, or a line of its output. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export interface ProgramOptions {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** In front of the executable, such as `setpriv …`. */
  readonly prefix?: readonly string[];
  readonly executable?: string;
}

export type RecordTest = (record: JsonRecord) => boolean;

const explainedLines = 15;
const explainedCharacters = 300;

export class Program implements AsyncDisposable {
  readonly argv: readonly string[];
  /** Lines of standard output. */
  readonly output: string[] = [];
  /** Lines of standard error. */
  readonly errors: string[] = [];
  /** JSON objects among the lines of both, in the order in which they came. */
  readonly records: JsonRecord[] = [];
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #reading: Promise<void>;
  #exitCode: number | undefined;

  constructor(options: ProgramOptions) {
    const executable = options.executable ?? executablePath();
    this.argv = options.argv;
    this.#process = Bun.spawn([...(options.prefix ?? []), executable, ...options.argv], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      cwd: options.cwd,
      env: options.env ?? {},
    });
    this.#reading = Promise.all([
      this.#read(this.#process.stdout, this.output),
      this.#read(this.#process.stderr, this.errors),
      this.#process.exited,
    ]).then(([, , code]) => {
      this.#exitCode = code;
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Undefined while it runs. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Name of the signal that ended it. */
  get endSignal(): string | null {
    const { signalCode } = this.#process;
    return signalCode === null ? null : String(signalCode);
  }

  /** The first record with this message, past or future. */
  async said(message: string, options: SaidOptions = {}): Promise<JsonRecord> {
    const { where = () => true, limitMs = defaultLimitMs } = options;
    return await eventually({
      what: `"${message}" in the log of ${this.#name()}`,
      limitMs,
      probe: () => this.find(message, where) ?? this.#unlessEnded(message),
      explain: () => this.explain(),
    });
  }

  find(message: string, where: RecordTest = () => true): JsonRecord | undefined {
    return this.records.find((record) => record["message"] === message && where(record));
  }

  count(message: string, where: RecordTest = () => true): number {
    return this.records.filter((record) => record["message"] === message && where(record)).length;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** The exit code, once all output has been read; 128 and more when a signal ended it. */
  async exited(limitMs: number = defaultLimitMs): Promise<number> {
    return await eventually({
      what: `${this.#name()} to end`,
      limitMs,
      probe: () => this.#exitCode,
      explain: () => this.explain(),
    });
  }

  /** The last lines, for a failure message. */
  explain(): string {
    const last = [...this.output.slice(-explainedLines), ...this.errors.slice(-explainedLines)];
    const lines = last.map((line) => line.slice(0, explainedCharacters));
    return [`${this.#name()} (${this.#state()}) wrote last:`, ...lines].join("\n  ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exitCode === undefined) this.#process.kill("SIGKILL");
    await this.#reading;
  }

  #unlessEnded(message: string): undefined {
    if (this.#exitCode === undefined) return undefined;
    throw new Error(`ended before it said "${message}"; ${this.explain()}`);
  }

  #name(): string {
    return `wildfire ${this.argv.slice(0, 3).join(" ")}`;
  }

  #state(): string {
    if (this.#exitCode === undefined) return `pid ${this.pid}, running`;
    return this.endSignal === null ? `exit code ${this.#exitCode}` : `ended by ${this.endSignal}`;
  }

  async #read(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) this.#line(line, lines);
    }
    if (rest !== "") this.#line(rest, lines);
  }

  #line(line: string, lines: string[]): void {
    lines.push(line);
    const record = parseObject(line);
    if (record !== undefined) this.records.push(record);
  }
}

export interface SaidOptions {
  readonly where?: RecordTest;
  readonly limitMs?: number;
}

/** Runs to the end; for commands that answer and leave. */
export async function runToEnd(options: ProgramOptions, limitMs?: number): Promise<Program> {
  await using program = new Program(options);
  await program.exited(limitMs);
  return program;
}

export function parseObject(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
