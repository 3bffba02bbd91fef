/** One line that changes on a terminal; elsewhere nothing, so that logs stay readable. */

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const toLineStart = "\r\u001b[K";

export class Progress {
  readonly #output: ProgressOutput;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  show(text: string): void {
    if (this.#output.isTTY === true) this.#output.write(`${toLineStart}… ${text}`);
  }

  clear(): void {
    if (this.#output.isTTY === true) this.#output.write(toLineStart);
  }
}
