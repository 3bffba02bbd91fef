/** The one error class that people see: what is wrong, in one line, and what to do about it. */

export type ErrorCode =
  "usage" | "config" | "model" | "native" | "socket" | "timeout" | "audio" | "state";

export interface WildfireErrorOptions {
  readonly cause?: unknown;
  /** What the reader should do now, as a sentence fragment: "free the port or pass --port". */
  readonly hint?: string;
}

export class WildfireError extends Error {
  override readonly name = "WildfireError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: WildfireErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  /** One line: message, then the hint. */
  get summary(): string {
    return this.hint === undefined ? this.message : `${this.message}; ${this.hint}`;
  }
}

/** One line for anything that was thrown. */
export function describeError(error: unknown): string {
  if (error instanceof WildfireError) return error.summary;
  if (error instanceof Error) return error.message;
  return String(error);
}

/** Quotes text that came from outside, on one line and not too long, so that it is safe to log. */
export function quote(text: string, limit = 40): string {
  const shown = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return JSON.stringify(shown);
}
