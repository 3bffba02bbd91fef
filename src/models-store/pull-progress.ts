/** How far a download is: one changing line on a terminal, and elsewhere a line for each tenth. */
import type { Clock } from "../core/clock.ts";
import { formatGb } from "./machine-verdict.ts";

export interface PullProgressOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly stream: { readonly isTTY?: boolean; write(text: string): unknown };
}

const intervalMs = 200;
/** The speed is that of the last seconds, so that a pause is seen. */
const speedWindowMs = 3000;
const toLineStart = "\r\u001B[K";

export class PullProgress {
  readonly #options: PullProgressOptions;
  #shownMs = Number.NEGATIVE_INFINITY;
  #isShown = false;
  #tenth = 0;
  #window: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(options: PullProgressOptions) {
    this.#options = options;
  }

  update(doneBytes: number, totalBytes: number | undefined): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#options.stream.isTTY !== true) {
      this.#tellTenth(doneBytes, totalBytes);
      return;
    }
    if (nowMs - this.#shownMs < intervalMs && doneBytes !== totalBytes) return;
    this.#shownMs = nowMs;
    this.#isShown = true;
    this.#window = [
      ...this.#window.filter(({ atMs }) => nowMs - atMs <= speedWindowMs),
      { atMs: nowMs, bytes: doneBytes },
    ];
    this.#options.stream.write(`${toLineStart}${this.#line(doneBytes, totalBytes)}`);
  }

  note(text: string): void {
    this.clear();
    this.#options.stream.write(`${this.#options.name}: ${text}\n`);
  }

  /** Takes the line off the terminal. */
  clear(): void {
    if (this.#isShown) this.#options.stream.write(toLineStart);
    this.#isShown = false;
  }

  #line(doneBytes: number, totalBytes: number | undefined): string {
    const of =
      totalBytes === undefined
        ? ""
        : ` of ${formatGb(totalBytes)}${percent(doneBytes, totalBytes)}`;
    return `${this.#options.name}: ${formatGb(doneBytes)}${of}${this.#speed()}`;
  }

  #speed(): string {
    const [first] = this.#window;
    const last = this.#window.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < intervalMs) return "";
    const bytesPerSecond = ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
    return bytesPerSecond < 0 ? "" : `, ${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
  }

  #tellTenth(doneBytes: number, totalBytes: number | undefined): void {
    if (totalBytes === undefined || totalBytes === 0) return;
    const tenth = Math.floor((10 * doneBytes) / totalBytes);
    if (tenth <= this.#tenth) return;
    this.#tenth = tenth;
    this.#options.stream.write(`${this.#options.name}: ${tenth * 10} %\n`);
  }
}

function percent(doneBytes: number, totalBytes: number): string {
  return ` (${Math.floor((100 * doneBytes) / Math.max(1, totalBytes))} %)`;
}
