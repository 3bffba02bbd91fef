/** How far a download is: one changing line on a terminal, and elsewhere a line for each tenth. */
import type { Clock } from "../core/clock.ts";
import { formatGb } from "./machine-verdict.ts";
import { TransferRate } from "./transfer-rate.ts";

export interface PullProgressOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly stream: { readonly isTTY?: boolean; write(text: string): unknown };
}

const intervalMs = 200;
const toLineStart = "\r\u001B[K";

export class PullProgress {
  readonly #options: PullProgressOptions;
  #shownMs = Number.NEGATIVE_INFINITY;
  #isShown = false;
  #tenth = 0;
  readonly #rate = new TransferRate();

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
    this.#rate.add(nowMs, doneBytes);
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
    const bytesPerS = this.#rate.bytesPerS(this.#options.clock.nowMs());
    return bytesPerS === undefined ? "" : `, ${(bytesPerS / 1e6).toFixed(1)} MB/s`;
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
