/** A cursor over the unfolded text of one header value. */
import type { CharacterSet } from "./character-sets.ts";

const tab = 0x09;
const space = 0x20;
const backslash = 0x5c;
export const quoteMark = 0x22;

export class FieldReader {
  readonly text: string;
  at: number;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The code of the next character; NaN at the end. */
  peek(): number {
    return this.text.charCodeAt(this.at);
  }

  skipSpace(): void {
    while (this.peek() === space || this.peek() === tab) this.at += 1;
  }

  /** Steps over one character when it is this one. */
  take(code: number): boolean {
    if (this.peek() !== code) return false;
    this.at += 1;
    return true;
  }

  /** As many characters of the set as follow; none gives "". */
  takeRun(set: CharacterSet): string {
    const start = this.at;
    while (set[this.peek()] === 1) this.at += 1;
    return this.text.slice(start, this.at);
  }

  /** What the quoted string that starts here holds, without its backslashes; undefined when it never ends. */
  takeQuoted(): string | undefined {
    let content = "";
    let from = this.at + 1;
    for (let at = from; at < this.text.length; at += 1) {
      const code = this.text.charCodeAt(at);
      if (code === quoteMark) {
        this.at = at + 1;
        return content + this.text.slice(from, at);
      }
      if (code !== backslash) continue;
      content += this.text.slice(from, at);
      at += 1;
      from = at;
    }
    return undefined;
  }
}

/** Without outer spaces and tabs, and nothing else: Unicode has more white space, and it is content. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === space || code === tab;
}
