/** Cuts a stream of bytes into lines, and lines that are too long to their beginning. */

export class LineCutter {
  readonly #decoder = new TextDecoder();
  readonly #maxCharacters: number;
  readonly #onLine: (line: string) => void;
  #rest = "";
  /** The rest of a line that was too long is still to come. */
  #isSkipping = false;

  constructor(maxCharacters: number, onLine: (line: string) => void) {
    this.#maxCharacters = maxCharacters;
    this.#onLine = onLine;
  }

  push(bytes: Uint8Array): void {
    const parts = this.#decoder.decode(bytes, { stream: true }).split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      this.#add(part);
      this.#endLine();
    }
    this.#add(last);
  }

  /** No more will come: what has no end of line is a line too. */
  end(): void {
    if (this.#rest !== "") this.#endLine();
  }

  #add(text: string): void {
    if (this.#isSkipping) return;
    this.#rest += text;
    if (this.#rest.length <= this.#maxCharacters) return;
    this.#onLine(this.#rest.slice(0, this.#maxCharacters));
    this.#rest = "";
    this.#isSkipping = true;
  }

  #endLine(): void {
    const line = this.#rest;
    const wasSkipping = this.#isSkipping;
    this.#rest = "";
    this.#isSkipping = false;
    if (!wasSkipping) this.#onLine(line);
  }
}
