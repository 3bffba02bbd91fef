/** A service of this executable run as a child, whose log records and output lines can be awaited. */
import { WildfireError } from "../core/errors.ts";
import { childEnvironment, selfCommand } from "./self.ts";

/** A log record of the child, or a line of its standard output that is a JSON object. */
export type ChildRecord = Readonly<Record<string, unknown>>;

export interface ChildServiceOptions {
  readonly name: string;
  readonly argv: readonly string[];
  /** Called for each record, in order. */
  readonly onRecord: (record: ChildRecord) => void;
}

const rememberedLines = 20;

export class ChildService {
  readonly name: string;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #onRecord: (record: ChildRecord) => void;
  readonly #lastLines: string[] = [];
  readonly #reading: Promise<unknown>;
  #waiters: ((record: ChildRecord) => void)[] = [];

  constructor(options: ChildServiceOptions) {
    this.name = options.name;
    this.#onRecord = options.onRecord;
    this.#process = Bun.spawn(
      [...selfCommand(), "--service", options.name, "--log-format", "json", ...options.argv],
      { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: childEnvironment() },
    );
    this.#reading = Promise.all([
      this.#read(this.#process.stdout),
      this.#read(this.#process.stderr),
    ]);
  }

  /** Resolves to the exit code once all output has been read. */
  async exited(): Promise<number> {
    const code = await this.#process.exited;
    await this.#reading;
    return code;
  }

  /** Resolves with the first record that has this message; rejects when the child ends before. */
  async waitFor(message: string): Promise<ChildRecord> {
    const found = new Promise<ChildRecord>((resolve) => {
      this.#waiters.push((record) => {
        if (record["message"] === message) resolve(record);
      });
    });
    const ended = this.exited().then((code) => {
      throw new WildfireError("state", `${this.name} ended with code ${code}: ${this.lastLine()}`);
    });
    return await Promise.race([found, ended]);
  }

  /** The last thing it said, for the message that explains its end. */
  lastLine(): string {
    return this.#lastLines.at(-1) ?? "it said nothing";
  }

  /** Asks it to stop in order and waits for that. */
  async stop(): Promise<number> {
    this.#process.kill("SIGTERM");
    return await this.exited();
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#line(line);
    }
    if (rest !== "") this.#line(rest);
  }

  #line(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > rememberedLines) this.#lastLines.shift();
    const record = parseRecord(line);
    if (record === undefined) return;
    this.#onRecord(record);
    for (const waiter of this.#waiters) waiter(record);
  }
}

function parseRecord(line: string): ChildRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
