/** How setup speaks with people: a terminal, or a script of answers in a test. */

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  /** Shown while this one is chosen. */
  readonly hint?: string;
}

export interface SelectQuestion<T extends string> {
  readonly message: string;
  readonly choices: readonly Choice<T>[];
  readonly initial?: T;
}

export interface TextQuestion {
  readonly message: string;
  readonly placeholder?: string;
  readonly initial?: string;
  /** What is wrong with an answer, in words; undefined for a right one. */
  readonly problem: (answer: string) => string | undefined;
}

export type PasswordQuestion = Pick<TextQuestion, "message" | "problem">;

export type RemarkKind = "ok" | "warning" | "fault" | "info";

/** Work that people wait for. */
export interface BusyWork<T> {
  readonly label: string;
  /** `tell` shows how far it is, behind the label. */
  readonly run: (signal: AbortSignal, tell: (progress: string) => void) => Promise<T>;
}

export type BusyResult<T> =
  | { readonly kind: "done"; readonly value: T }
  /** By Ctrl-C: the setup goes on. */
  | { readonly kind: "stopped" };

/** Each question throws a SetupLeft when it is left with Ctrl-C. */
export interface Prompter {
  opening(title: string): void;
  closing(text: string): void;
  /** A result, and below it what to do about it. */
  remark(kind: RemarkKind, text: string, advice?: string): void;
  /** Several lines in a frame. */
  note(title: string, lines: readonly string[]): void;
  select<T extends string>(question: SelectQuestion<T>): Promise<T>;
  text(question: TextQuestion): Promise<string>;
  /** Not shown while it is typed. */
  password(question: PasswordQuestion): Promise<string>;
  confirm(message: string, initial: boolean): Promise<boolean>;
  /** Rejects as the work does, unless it was stopped. */
  busy<T>(work: BusyWork<T>): Promise<BusyResult<T>>;
}

/** Somebody left: nothing is to be written. */
export class SetupLeft extends Error {
  override readonly name = "SetupLeft";
}
