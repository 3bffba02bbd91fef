/** Moves through a TOML text by its smallest parts: space, remarks, keys, strings and words. */

const bareKey = /[A-Za-z0-9_-]+/y;
/** Numbers, dates and truths; a date may have a space before its time. */
const plainWord = /[^\s,#[\]{}"'=]+(?: [^\s,#[\]{}"'=]+)?/y;

export class TomlCursor {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith("\uFEFF") ? 1 : 0;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  peek(): string | undefined {
    return this.#text[this.#at];
  }

  /** Moves behind `character` when it comes next. */
  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  skipSpace(): void {
    while (this.peek() === " " || this.peek() === "\t") this.#at += 1;
  }

  /** Space and line breaks. */
  skipBlank(): void {
    while (isBlank(this.peek())) this.#at += 1;
  }

  skipBlankAndRemarks(): void {
    for (this.skipBlank(); this.peek() === "#"; this.skipBlank()) this.skipLine();
  }

  /** To the end of the line, in front of its line break. */
  skipLine(): void {
    const newline = this.#text.indexOf("\n", this.#at);
    const end = newline < 0 ? this.#text.length : newline;
    const hasReturn = end > this.#at && this.#text[end - 1] === "\r";
    this.#at = hasReturn ? end - 1 : end;
  }

  /** Whether only space or a remark is left of the line; moves in front of that remark. */
  isLineOver(): boolean {
    this.skipSpace();
    const next = this.peek();
    return next === undefined || next === "\n" || next === "\r" || next === "#";
  }

  /** A dotted key with the space around its parts, taken apart; undefined where there is none. */
  key(): readonly string[] | undefined {
    const parts: string[] = [];
    do {
      this.skipSpace();
      const part = this.#keyPart();
      if (part === undefined) return undefined;
      parts.push(part);
      this.skipSpace();
    } while (this.take("."));
    return parts;
  }

  #keyPart(): string | undefined {
    const quoteMark = this.peek();
    if (quoteMark !== '"' && quoteMark !== "'") return this.#match(bareKey);
    const start = this.#at;
    if (!this.#line(quoteMark)) return undefined;
    const written = this.#text.slice(start, this.#at);
    return quoteMark === '"' && written.includes("\\") ? unescape(written) : written.slice(1, -1);
  }

  /** Moves behind a string of any of the four kinds; false when it does not end. */
  string(): boolean {
    const mark = this.peek() === "'" ? "'" : '"';
    return this.#text.startsWith(mark.repeat(3), this.#at) ? this.#lines(mark) : this.#line(mark);
  }

  /** A number, a date or a truth. */
  word(): boolean {
    return this.#match(plainWord) !== undefined;
  }

  #line(mark: string): boolean {
    for (let at = this.#at + 1; at < this.#text.length; at += 1) {
      const character = this.#text[at];
      if (character === "\n") return false;
      if (character === "\\" && mark === '"') at += 1;
      else if (character === mark) {
        this.#at = at + 1;
        return true;
      }
    }
    return false;
  }

  #lines(mark: string): boolean {
    const end = mark.repeat(3);
    for (let at = this.#at + 3; at < this.#text.length; at += 1) {
      if (this.#text[at] === "\\" && mark === '"') at += 1;
      else if (this.#text.startsWith(end, at)) {
        // Up to two more of them in front of the end belong to the text.
        const extra = [at + 3, at + 4].findIndex((place) => this.#text[place] !== mark);
        this.#at = at + 3 + (extra < 0 ? 2 : extra);
        return true;
      }
    }
    return false;
  }

  #match(form: RegExp): string | undefined {
    form.lastIndex = this.#at;
    const found = form.exec(this.#text)?.[0];
    if (found === undefined) return undefined;
    this.#at += found.length;
    return found;
  }
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}

/** Bun knows each escape; a broken one leaves the key as it stands. */
function unescape(written: string): string {
  try {
    const parsed: object = Bun.TOML.parse(`key = ${written}`);
    return "key" in parsed && typeof parsed.key === "string" ? parsed.key : written;
  } catch {
    return written;
  }
}
