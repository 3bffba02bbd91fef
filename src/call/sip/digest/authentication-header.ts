/**
 * Reads and writes the form that WWW-Authenticate, Authorization and Authentication-Info share
 * (RFC 3261 section 25.1): a scheme, then `name=value` or `name="value"` in a list.
 */

export interface SchemeParameters {
  /** Lower case: digest, basic …; empty where a header has none, as Authentication-Info. */
  readonly scheme: string;
  /** Lower-case names; values without quotes and escapes. Of equal names the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What a header may hold before the rest of it is left unread. */
const maxCharacters = 16_384;
const maxSchemes = 16;
const maxParameters = 32;

/** All schemes of one header line; text that fits nothing is skipped. */
export function parseSchemes(value: string): readonly SchemeParameters[] {
  const reader = new HeaderReader(value.slice(0, maxCharacters));
  const schemes: { scheme: string; parameters: Map<string, string> }[] = [];
  while (!reader.isAtEnd && schemes.length <= maxSchemes) {
    const name = reader.token().toLowerCase();
    if (name === "") {
      reader.skip();
    } else if (reader.takes("=")) {
      if (schemes.length === 0) schemes.push({ scheme: "", parameters: new Map() });
      const parameters = schemes.at(-1)?.parameters;
      const text = reader.value();
      if (parameters !== undefined && parameters.size < maxParameters && !parameters.has(name)) {
        parameters.set(name, text);
      }
    } else {
      schemes.push({ scheme: name, parameters: new Map() });
    }
  }
  return schemes.slice(0, maxSchemes);
}

/** A quoted string; control characters, which no header may carry, are left out. */
export function quoteValue(text: string): string {
  let quoted = '"';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x20 || code === 0x7f) continue;
    quoted += character === '"' || character === "\\" ? `\\${character}` : character;
  }
  return `${quoted}"`;
}

class HeaderReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skip(): void {
    this.#at += 1;
  }

  /** The next word with the white space around it; empty where something else stands. */
  token(): string {
    this.#skipSpace();
    const start = this.#at;
    while (!this.isAtEnd && !isDelimiter(this.#text.charAt(this.#at))) this.#at += 1;
    const token = this.#text.slice(start, this.#at);
    this.#skipSpace();
    return token;
  }

  takes(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at += 1;
    return true;
  }

  value(): string {
    this.#skipSpace();
    if (this.takes('"')) return this.#quoted();
    const start = this.#at;
    while (!this.isAtEnd && !/[\s,]/.test(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #quoted(): string {
    let value = "";
    while (!this.isAtEnd) {
      let character = this.#text.charAt(this.#at);
      this.#at += 1;
      if (character === '"') return value;
      if (character === "\\" && !this.isAtEnd) {
        character = this.#text.charAt(this.#at);
        this.#at += 1;
      }
      value += character;
    }
    return value;
  }

  #skipSpace(): void {
    while (!this.isAtEnd && /\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }
}

function isDelimiter(character: string): boolean {
  return character === "=" || character === "," || character === '"' || /\s/.test(character);
}
