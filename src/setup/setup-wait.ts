/** One line that turns while something is tried; Ctrl-C stops that, and not the program. */
import { S_BAR, unicodeOr } from "@clack/prompts";
import colors from "picocolors";
import type { ReadStream, WriteStream } from "node:tty";
import type { Clock } from "../core/clock.ts";
import type { BusyResult, BusyWork } from "./setup-prompter.ts";
import { cutWords } from "./setup-words.ts";

export interface WaitOptions {
  readonly input: Pick<ReadStream, "on" | "off" | "pause" | "resume" | "setRawMode" | "isTTY">;
  readonly output: Pick<WriteStream, "write">;
  readonly clock: Clock;
  /** Columns for words. */
  readonly room: () => number;
}

const frames = unicodeOr("◒◐◓◑", "-\\|/");
const frameMs = 120;
const ctrlC = 0x03;
const hideCursor = "\u001B[?25l";
const showCursor = "\u001B[?25h";
const clearLine = "\r\u001B[K";
/** People should know the way out before they look for it. */
const hintAfterMs = 3000;

/** The line is gone again when this resolves or rejects. What is typed meanwhile is not kept. */
export async function waitOnTerminal<T>(
  work: BusyWork<T>,
  options: WaitOptions,
): Promise<BusyResult<T>> {
  const stop = new AbortController();
  const stopped = Promise.withResolvers<BusyResult<T>>();
  stop.signal.addEventListener("abort", () => stopped.resolve({ kind: "stopped" }));
  const line = new TurningLine(work.label, options);
  const release = onCtrlC(options.input, () => stop.abort());
  try {
    const done = work
      .run(stop.signal, (progress) => line.tell(progress))
      .then((value): BusyResult<T> => ({ kind: "done", value }));
    // What comes of it after it was stopped is nobody's concern.
    done.catch(() => undefined);
    return await Promise.race([done, stopped.promise]);
  } finally {
    line.close();
    release();
  }
}

/** In raw mode the terminal sends Ctrl-C as a byte, and the program is not interrupted. */
function onCtrlC(input: WaitOptions["input"], action: () => void): () => void {
  const onData = (bytes: Uint8Array | string): void => {
    const isCtrlC = typeof bytes === "string" ? bytes.includes("\u0003") : bytes.includes(ctrlC);
    if (isCtrlC) action();
  };
  if (input.isTTY) input.setRawMode(true);
  input.on("data", onData);
  input.resume();
  return () => {
    input.off("data", onData);
    input.pause();
    if (input.isTTY) input.setRawMode(false);
  };
}

class TurningLine {
  readonly #label: string;
  readonly #options: WaitOptions;
  readonly #timer: { cancel(): void };
  readonly #startedMs: number;
  #progress = "";
  #turns = 0;

  constructor(label: string, options: WaitOptions) {
    this.#label = label;
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
    options.output.write(`${hideCursor}${colors.gray(S_BAR)}\n`);
    this.#show();
    this.#timer = options.clock.every(frameMs, () => this.#show());
  }

  tell(progress: string): void {
    this.#progress = ` ${progress}`;
  }

  close(): void {
    this.#timer.cancel();
    // The bar above the line was for it alone.
    this.#options.output.write(`${clearLine}\u001B[1A${clearLine}${showCursor}`);
  }

  #show(): void {
    const { output, clock, room } = this.#options;
    const frame = frames[this.#turns % frames.length] ?? "";
    this.#turns += 1;
    const isLong = clock.nowMs() - this.#startedMs >= hintAfterMs;
    const words = `${this.#label}${this.#progress} …${isLong ? " (Ctrl-C stops it)" : ""}`;
    output.write(`${clearLine}${colors.magenta(frame)}  ${cutWords(words, room())}`);
  }
}
