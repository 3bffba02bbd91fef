/** The questions of setup on a terminal, by clack; waiting shows a line that turns and can be stopped. */
import {
  confirm,
  intro,
  isCancel,
  note,
  outro,
  password,
  S_BAR,
  S_ERROR,
  S_INFO,
  S_SUCCESS,
  S_WARN,
  select,
  text,
  updateSettings,
} from "@clack/prompts";
import colors from "picocolors";
import type { Clock } from "../core/clock.ts";
import { waitOnTerminal } from "./setup-wait.ts";
import {
  type BusyResult,
  type BusyWork,
  type PasswordQuestion,
  type Prompter,
  type RemarkKind,
  SetupLeft,
  type SelectQuestion,
  type TextQuestion,
} from "./setup-prompter.ts";
import { asSentence, wrapWords } from "./setup-words.ts";

const marks: Readonly<Record<RemarkKind, string>> = {
  ok: colors.green(S_SUCCESS === "*" ? S_SUCCESS : "✓"),
  warning: colors.yellow(S_WARN),
  fault: colors.red(S_ERROR === "x" ? S_ERROR : "✗"),
  info: colors.blue(S_INFO),
};

/** Beside the bar at the left and the last column. */
const marginColumns = 4;
const leastColumns = 20;

function unpainted(line: string): string {
  return line;
}

export class TerminalPrompter implements Prompter {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    // Ctrl-D ends the input, behind which no question would ever be answered.
    updateSettings({ aliases: { "\u0004": "cancel" } });
  }

  opening(title: string): void {
    intro(colors.bold(title));
  }

  closing(words: string): void {
    outro(words);
  }

  remark(kind: RemarkKind, words: string, advice?: string): void {
    const bar = colors.gray(S_BAR);
    const lines = [
      bar,
      ...wrapWords(asSentence(words), this.#room).map((line, index) =>
        index === 0 ? `${marks[kind]}  ${line}` : `${bar}  ${line}`,
      ),
      ...wrapWords(asSentence(advice ?? ""), this.#room).map(
        (line) => `${bar}  ${colors.dim(line)}`,
      ),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  }

  note(title: string, lines: readonly string[]): void {
    note(lines.join("\n"), title, { format: unpainted });
  }

  async select<T extends string>(question: SelectQuestion<T>): Promise<T> {
    const { message, choices, initial } = question;
    const chosen = await select<string>({
      message,
      options: choices.map(({ value, label, hint }) => ({
        value,
        label,
        ...(hint === undefined ? {} : { hint }),
      })),
      ...(initial === undefined ? {} : { initialValue: initial }),
      showInstructions: false,
    });
    const known = choices.find(({ value }) => value === chosen);
    if (known === undefined) throw new SetupLeft();
    return known.value;
  }

  async text({ message, placeholder, initial, problem }: TextQuestion): Promise<string> {
    const answer = await text({
      message,
      ...(placeholder === undefined ? {} : { placeholder }),
      ...(initial === undefined ? {} : { initialValue: initial }),
      validate: (typed) => problem(typed ?? ""),
    });
    if (isCancel(answer)) throw new SetupLeft();
    // Nothing typed at all is no text to clack.
    return answer ?? "";
  }

  async password({ message, problem }: PasswordQuestion): Promise<string> {
    const answer = await password({ message, validate: (typed) => problem(typed ?? "") });
    if (isCancel(answer)) throw new SetupLeft();
    return answer ?? "";
  }

  async confirm(message: string, initial: boolean): Promise<boolean> {
    const answer = await confirm({ message, initialValue: initial });
    if (isCancel(answer)) throw new SetupLeft();
    return answer;
  }

  async busy<T>(work: BusyWork<T>): Promise<BusyResult<T>> {
    return await waitOnTerminal(work, {
      input: process.stdin,
      output: process.stdout,
      clock: this.#clock,
      room: () => this.#room,
    });
  }

  get #room(): number {
    return Math.max(leastColumns, (process.stdout.columns || 80) - marginColumns);
  }
}
