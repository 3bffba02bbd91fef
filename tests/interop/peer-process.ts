/** A telephone program that runs for a test: its output line by line, and an end in any case. */
import { defaultLimitMs, eventually } from "../end-to-end/eventually.ts";

export interface PeerProcessOptions {
  /** For messages. */
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd: string;
  /** With which it ends in order, also when the tests themselves are killed. */
  readonly endSignal?: NodeJS.Signals;
}

const keptLines = 4_000;
const explainedLines = 25;
const orderlyEndMs = 5_000;

export class PeerProcess implements AsyncDisposable {
  /** The last lines of standard output and standard error. */
  readonly lines: string[] = [];
  readonly #options: PeerProcessOptions;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #reading: Promise<unknown>;
  #exitCode: number | undefined;

  constructor(options: PeerProcessOptions) {
    this.#options = options;
    this.#process = Bun.spawn([...dieWithParent(this.#endSignal), ...options.command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      cwd: options.cwd,
      env: { PATH: "/usr/bin:/bin", HOME: options.cwd, TERM: "dumb", LC_ALL: "C" },
    });
    const { stdout, stderr, exited } = this.#process;
    this.#reading = Promise.all([this.#read(stdout), this.#read(stderr), exited]).then(
      ([, , code]) => {
        this.#exitCode = code;
      },
    );
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Undefined while it runs. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  get #endSignal(): NodeJS.Signals {
    return this.#options.endSignal ?? "SIGTERM";
  }

  /** Resolves with the first line that matches, past or future. */
  async said(pattern: RegExp, limitMs: number = defaultLimitMs): Promise<string> {
    return await eventually({
      what: `${String(pattern)} from ${this.#options.name}`,
      limitMs,
      probe: () => this.lines.find((line) => pattern.test(line)) ?? this.#unlessEnded(),
      explain: () => this.explain(),
    });
  }

  /** The exit code, when all output has been read; 128 and more when a signal ended it. */
  async exited(limitMs: number = defaultLimitMs): Promise<number> {
    return await eventually({
      what: `${this.#options.name} to end`,
      limitMs,
      probe: () => this.#exitCode,
      explain: () => this.explain(),
    });
  }

  /** Throws when it has ended, with what it said last. */
  requireRunning(): void {
    this.#unlessEnded();
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends it in order, or by force where that takes too long. */
  async stop(): Promise<void> {
    if (this.#exitCode === undefined) this.#process.kill(this.#endSignal);
    const ended = this.exited(orderlyEndMs).catch(() => this.#process.kill("SIGKILL"));
    await ended;
    await this.#reading;
  }

  /** The last lines, for a failure message. */
  explain(): string {
    const last = this.lines.slice(-explainedLines);
    const state = this.#exitCode === undefined ? "running" : `exit code ${this.#exitCode}`;
    return [`${this.#options.name} (${state}) wrote last:`, ...last].join("\n  ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #unlessEnded(): undefined {
    if (this.#exitCode === undefined) return undefined;
    throw new Error(`ended too early; ${this.explain()}`);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts);
      this.lines.splice(0, this.lines.length - keptLines);
    }
    if (rest !== "") this.lines.push(rest);
  }
}

/** Test runners are killed too: the kernel then passes the signal on to what they started. */
function dieWithParent(signal: NodeJS.Signals): string[] {
  if (Bun.which("setpriv") === null) return [];
  return ["setpriv", "--pdeathsig", signal.replace(/^SIG/, "")];
}
