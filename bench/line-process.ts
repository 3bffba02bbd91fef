/** A program that is spoken to in lines. */
import { describeError } from "../src/core/errors.ts";
import { endWithBench } from "./children.ts";

export class LineProcess {
  readonly #name: string;
  readonly #process: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #lines: AsyncIterator<string, undefined>;
  readonly #complaint: Promise<string>;

  constructor(name: string, command: readonly string[]) {
    this.#name = name;
    this.#process = endWithBench(
      Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "pipe" }),
    );
    this.#lines = linesOf(this.#process.stdout)[Symbol.asyncIterator]();
    this.#complaint = new Response(this.#process.stderr).text();
  }

  /** The next line of its output; rejects with what it complained of when there is none. */
  async read(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done !== true) return value;
    const code = await this.#process.exited;
    const complaint = (await this.#complaint).trim();
    throw new Error(`${this.#name} ended with code ${code}: ${complaint || "it said nothing"}`);
  }

  async ask(line: string): Promise<string> {
    await this.#process.stdin.write(`${line}\n`);
    await this.#process.stdin.flush();
    return await this.read();
  }

  /** Ends its input and waits for its end. */
  async close(): Promise<void> {
    try {
      await this.#process.stdin.end();
    } catch (error) {
      throw new Error(`${this.#name}: ${describeError(error)}`, { cause: error });
    } finally {
      await this.#process.exited;
    }
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

/** The lines of a stream of UTF-8, without their ends; an unfinished last one counts. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
  return undefined;
}
