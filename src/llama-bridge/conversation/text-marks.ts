/**
 * Takes out of an answer what is not to be spoken, while it comes: calls of tools that small models
 * write into their text, `[[transfer sales]]`, and thoughts between `<think>` and `</think>`.
 */

export interface MarkSink {
  /** What may be spoken; never empty. */
  spoken(text: string): void;
  /** What stood between the double brackets, trimmed. */
  mark(text: string): void;
}

interface Span {
  readonly opens: string;
  readonly closes: string;
  /** What is longer is no such span, but text; endless for thoughts, which are never spoken. */
  readonly maxChars: number;
}

const spans: readonly Span[] = [
  { opens: "[[", closes: "]]", maxChars: 500 },
  { opens: "<think>", closes: "</think>", maxChars: Number.POSITIVE_INFINITY },
];

export class TextMarks {
  readonly #sink: MarkSink;
  #held = "";
  #span: Span | undefined;

  constructor(sink: MarkSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    this.#held += text;
    while (this.#span === undefined ? this.#findOpening() : this.#findClosing(this.#span));
  }

  /** The answer is complete: the beginning of a mark that never ended is not spoken. */
  finish(): void {
    const rest = this.#held;
    this.#held = "";
    if (this.#span === undefined) this.#speak(rest);
    this.#span = undefined;
  }

  /** True when a span begins, so that there is more to be looked at. */
  #findOpening(): boolean {
    const held = this.#held;
    const found = spans
      .map((span) => ({ span, at: held.indexOf(span.opens) }))
      .filter(({ at }) => at >= 0)
      .toSorted((a, b) => a.at - b.at)[0];
    if (found === undefined) {
      const kept = openingAtEnd(held);
      this.#held = held.slice(held.length - kept);
      this.#speak(held.slice(0, held.length - kept));
      return false;
    }
    this.#span = found.span;
    this.#held = held.slice(found.at + found.span.opens.length);
    this.#speak(held.slice(0, found.at));
    return true;
  }

  #findClosing(span: Span): boolean {
    const at = this.#held.indexOf(span.closes);
    const length = at < 0 ? this.#held.length : at;
    if (length > span.maxChars) {
      const text = span.opens + this.#held.slice(0, span.maxChars);
      this.#held = this.#held.slice(span.maxChars);
      this.#span = undefined;
      this.#speak(text);
      return true;
    }
    if (at < 0) {
      // Thoughts are not kept: only what may be the beginning of their end.
      if (span.maxChars === Number.POSITIVE_INFINITY) {
        this.#held = this.#held.slice(-span.closes.length);
      }
      return false;
    }
    const inside = this.#held.slice(0, at).trim();
    this.#held = this.#held.slice(at + span.closes.length);
    this.#span = undefined;
    if (span.opens === "[[" && inside !== "") this.#sink.mark(inside);
    return true;
  }

  #speak(text: string): void {
    if (text !== "") this.#sink.spoken(text);
  }
}

/** How many of the last characters may be the beginning of a span. */
function openingAtEnd(text: string): number {
  let longest = 0;
  for (const { opens } of spans) {
    for (let length = 1; length < opens.length; length += 1) {
      if (text.endsWith(opens.slice(0, length))) longest = Math.max(longest, length);
    }
  }
  return longest;
}
