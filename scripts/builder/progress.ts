/** Progress of a native build: one line that changes on a terminal, a few plain lines elsewhere. */
import { formatElapsed } from "../bootstrap/terminal.mjs";

/** The share that is done, 0..1, from a line that ninja or make printed. */
export function parseProgress(line: string): number | undefined {
  const steps = /^\[(\d+)\/(\d+)\]/.exec(line);
  if (steps !== null) return Number(steps[1]) / Number(steps[2]);
  const percent = /^\[\s*(\d+)%\]/.exec(line);
  return percent === null ? undefined : Number(percent[1]) / 100;
}

export interface ProgressOptions {
  readonly label: string;
  readonly isTerminal: boolean;
  readonly write: (text: string) => void;
  readonly nowMs: () => number;
}

const barCells = 20;
/** Shares at which a plain line is printed. */
const plainShares = [0.25, 0.5, 0.75];

export class Progress {
  readonly #options: ProgressOptions;
  readonly #startedMs: number;
  #printedShares = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
    this.update(0);
  }

  update(share: number): void {
    if (this.#options.isTerminal) {
      const cells = Math.floor(share * barCells);
      const bar = "#".repeat(cells) + ".".repeat(barCells - cells);
      this.#options.write(`\r\x1b[K     [${bar}] ${this.#describe(share)}`);
      return;
    }
    const due = plainShares.filter((limit) => share >= limit).length;
    if (due > this.#printedShares) this.#options.write(`     ${this.#describe(share)}\n`);
    this.#printedShares = Math.max(due, this.#printedShares);
  }

  /** Takes the line off the terminal again. */
  clear(): void {
    if (this.#options.isTerminal) this.#options.write("\r\x1b[K");
  }

  #describe(share: number): string {
    const percent = `${Math.floor(share * 100)}`.padStart(3);
    const elapsed = formatElapsed(this.#options.nowMs() - this.#startedMs);
    return `${percent} %  ${elapsed}  ${this.#options.label}`;
  }
}
