/** The system prompt as the user writes it, with places for what is known of a call; pure. */
import { quote, WildfireError } from "../../core/errors.ts";

const placeholders = ["caller", "line", "date", "time", "language"] as const;

type Placeholder = (typeof placeholders)[number];

/** What stands for each placeholder; the empty text where something is unknown. */
export type PromptValues = Readonly<Record<Placeholder, string>>;

const maxTemplateChars = 32_768;
const maxValueChars = 80;
/** A word in braces; other braces, such as those of JSON, stay as they are. */
const places = /\{([A-Za-z][\w-]*)\}/g;

export class PromptTemplate {
  readonly #text: string;

  /** Throws a WildfireError("config") that names a placeholder which does not exist. */
  constructor(text: string) {
    if (text.length > maxTemplateChars) {
      throw new WildfireError("config", `the system prompt has ${text.length} characters`, {
        hint: `shorten it to ${maxTemplateChars}: it is sent with every turn`,
      });
    }
    for (const [place, name = ""] of text.matchAll(places)) {
      if (isPlaceholder(name)) continue;
      throw new WildfireError("config", `the system prompt has an unknown place ${quote(place)}`, {
        hint: `write one of ${placeholders.map((known) => `{${known}}`).join(", ")}`,
      });
    }
    this.#text = text.toWellFormed().trim();
  }

  /** Values come from outside: they are put on one line and kept short, so that none is a prompt. */
  render(values: PromptValues): string {
    return this.#text.replaceAll(places, (place, name: string) =>
      isPlaceholder(name) ? oneLine(values[name]) : place,
    );
  }
}

/** Date and time of day in the words of a language; "" and unknown tags give English. */
export function promptMoment(
  wallMs: number,
  language: string,
  timeZone?: string,
): Pick<PromptValues, "date" | "time"> {
  const locale = supportedLocale(language);
  const zone = timeZone === undefined ? {} : { timeZone };
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "full", ...zone });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "short", ...zone });
  return { date: date.format(wallMs), time: time.format(wallMs).replaceAll("\u202f", " ") };
}

function supportedLocale(language: string): string {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(language)[0] ?? "en-GB";
  } catch {
    return "en-GB";
  }
}

function isPlaceholder(name: string): name is Placeholder {
  const known: readonly string[] = placeholders;
  return known.includes(name);
}

function oneLine(value: string): string {
  return value
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .slice(0, maxValueChars)
    .toWellFormed();
}
