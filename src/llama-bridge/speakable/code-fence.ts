/** Finds the end of a fenced code block in pieces of any size, without keeping any of it. */

/** `none`: no fence begins here. `wait`: what has come so far may become one. */
export type FenceVerdict = "open" | "none" | "wait";

const fenceLength = 3;

/** What stands at the start of a line, as far as it has come. */
export function fenceAtStart(text: string): FenceVerdict {
  const mark = text[0];
  if (mark !== "`" && mark !== "~") return "none";
  const head = text.slice(0, fenceLength);
  if (head !== mark.repeat(head.length)) return "none";
  return head.length === fenceLength ? "open" : "wait";
}

/** Begins behind the three marks that open a block. */
export class CodeFence {
  readonly #mark: string;
  /** Marks seen at the start of this line; undefined once it cannot be a fence any more. */
  #marks: number | undefined;
  #isClosing = false;
  /** Behind the opening marks there is a language name; marks there mean that all is on one line. */
  #isInfo = true;
  #isInline = false;

  constructor(mark: string) {
    this.#mark = mark;
  }

  /** How many units of `text` belong to the block, and whether it ends with the last of those. */
  skip(text: string): { readonly length: number; readonly isClosed: boolean } {
    for (let index = 0; index < text.length; index += 1) {
      const char = text[index] ?? "";
      if (this.#isClosing && char === "\n") return { length: index, isClosed: true };
      if (this.#isInline && char !== this.#mark) return { length: index, isClosed: true };
      this.#step(char);
    }
    return { length: text.length, isClosed: false };
  }

  #step(char: string): void {
    if (char === "\n") {
      this.#marks = 0;
      this.#isInfo = false;
    } else if (this.#isInfo) this.#isInline = char === this.#mark;
    else if (this.#marks === undefined) return;
    else if (char === this.#mark) this.#marks += 1;
    else if (this.#marks > 0 || (char !== " " && char !== "\t")) this.#marks = undefined;
    if ((this.#marks ?? 0) >= fenceLength) this.#isClosing = true;
  }
}
