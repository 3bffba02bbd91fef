/** Events as people read them: a line for each text, and at the bottom what is being said just now. */
import { conversationEventLine } from "./conversation-event-line.ts";
import { phoneEventLine } from "./phone-event-line.ts";

export interface EventColors {
  readonly dim: (text: string) => string;
  readonly yellow: (text: string) => string;
}

export interface EventScreenOptions {
  /** Undefined where there is no terminal: then nothing is shown that would change later. */
  readonly columns: (() => number) | undefined;
  readonly colors: EventColors;
}

/** An event as it came, from whichever version of the service. */
export type EventFields = Readonly<Record<string, unknown>>;

const toLineStart = "\r\u001B[K";
/** Calls whose unfinished texts are remembered. */
const maxOpenTexts = 1000;

/** Text in, text out: it knows what stands on the screen and says what to write. */
export class EventScreen {
  readonly #options: EventScreenOptions;
  /** By call, the one that spoke last at the end. */
  readonly #openTexts = new Map<string, string>();
  #isBottomShown = false;

  constructor(options: EventScreenOptions) {
    this.#options = options;
  }

  /** `call` is how the call is named here. */
  show(event: EventFields, call: string): string {
    switch (event["kind"]) {
      case "speech-start":
        return this.#open(call, `${this.#prefix(event, call)} …`);
      case "partial":
        return this.#open(call, this.#partialLine(event, call));
      case "final":
        this.#openTexts.delete(call);
        return this.say(this.#finalLine(event, call));
      case "missed":
        return this.say(this.#options.colors.yellow(`(${textOf(event["count"])} events missed)`));
      default:
        return this.#phoneLine(event, call);
    }
  }

  /** A line that stays; nothing for an empty one but a fresh bottom line. */
  say(line: string): string {
    const stays = line === "" ? "" : `${line}\n`;
    return this.clear() + stays + this.#bottom();
  }

  /** Takes the unfinished text off the screen. */
  clear(): string {
    const wasShown = this.#isBottomShown;
    this.#isBottomShown = false;
    return wasShown ? toLineStart : "";
  }

  /** The service is gone, and with it the ends of what was being said. */
  forget(): string {
    this.#openTexts.clear();
    return this.clear();
  }

  #open(call: string, line: string): string {
    if (this.#options.columns === undefined) return "";
    this.#openTexts.delete(call);
    if (this.#openTexts.size < maxOpenTexts) this.#openTexts.set(call, line);
    return this.clear() + this.#bottom();
  }

  #bottom(): string {
    const line = [...this.#openTexts.values()].at(-1);
    const { columns, colors } = this.#options;
    if (line === undefined || columns === undefined) return "";
    this.#isBottomShown = true;
    // A line that wraps could not be taken back.
    return colors.dim(cut(line, Math.max(20, columns()) - 1));
  }

  #phoneLine(event: EventFields, call: string): string {
    const line = phoneEventLine(event, textOf) || conversationEventLine(event, textOf);
    return line === ""
      ? ""
      : this.say(`${this.#options.colors.dim(this.#prefix(event, call))} ${line}`);
  }

  #partialLine(event: EventFields, call: string): string {
    const texts = [textOf(event["committed"]), textOf(event["tentative"])];
    const text = texts.filter((part) => part !== "").join(" ");
    return `${this.#prefix(event, call)} ${text} …`;
  }

  #finalLine(event: EventFields, call: string): string {
    const { colors } = this.#options;
    const prefix = colors.dim(this.#prefix(event, call));
    const error = textOf(event["error"]);
    if (error !== "") return `${prefix} ${colors.yellow(`(failed: ${error})`)}`;
    const text = textOf(event["text"]);
    return text === "" ? "" : `${prefix} ${text}`;
  }

  #prefix(event: EventFields, call: string): string {
    return `${textOf(event["time"]).slice(11, 19)} ${textOf(call)}`;
  }
}

/** What stands in a line must not steer the terminal. */
function textOf(value: unknown): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  return text.replaceAll(/\p{Cc}+/gu, " ").trim();
}

/** The end of a long line is what was said last. */
function cut(line: string, columns: number): string {
  if (Bun.stringWidth(line) <= columns) return line;
  const characters = Array.from(new Intl.Segmenter().segment(line), ({ segment }) => segment);
  let width = Bun.stringWidth("…");
  let from = characters.length;
  while (from > 0) {
    width += Bun.stringWidth(characters[from - 1] ?? "");
    if (width > columns) break;
    from -= 1;
  }
  return `…${characters.slice(from).join("")}`;
}
