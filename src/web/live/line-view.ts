/** The lines as the page shows them: as configured, and how they are doing by the sip service. Pure. */
import { parseLine, lineName } from "../../call/sip/registration/sip-line.ts";
import { type Fields, numberIn, objectsIn, textIn } from "../../services/event-fields.ts";

export interface LineState {
  readonly tone: "good" | "busy" | "bad" | "off";
  /** In a word or two. */
  readonly word: string;
  /** Why, or where; empty when there is nothing to say. */
  readonly detail: string;
  /** Wall clock; undefined while it is not registered. */
  readonly sinceMs: number | undefined;
  /** Until it is tried again; undefined where that is not so. */
  readonly nextInMs: number | undefined;
  readonly attempts: number;
}

export interface LineView {
  /** `200@pbx`, for people and as the name of its password. */
  readonly name: string;
  /** As configured; undefined for a line that runs and is configured no more. */
  readonly text: string | undefined;
  readonly state: LineState;
}

export interface LinesSeen {
  /** `[sip] line`; undefined for who may not see it. */
  readonly texts: readonly string[] | undefined;
  /** Of the sip service; undefined when none runs. */
  readonly status: Fields | undefined;
  /** Whether sip is among the services that are to run. */
  readonly isWanted: boolean;
}

export function lineViews({ texts, status, isWanted }: LinesSeen): readonly LineView[] {
  const known = objectsIn(status ?? {}, "lines");
  const find = (name: string): Fields | undefined =>
    known.find((entry) => textIn(entry, "line") === name);
  const configured = (texts ?? []).map((text): LineView => {
    const parsed = parseLine(text);
    if (!parsed.ok) return { name: text, text, state: off("Wrong", parsed.problem, "bad") };
    const name = lineName(parsed.line);
    return { name, text, state: stateOf(find(name), { status, isWanted }) };
  });
  const names = new Set(configured.map(({ name }) => name));
  const others = known.flatMap((entry): readonly LineView[] => {
    const name = textIn(entry, "line");
    if (names.has(name)) return [];
    return [{ name, text: undefined, state: stateOf(entry, { status, isWanted }) }];
  });
  return [...configured, ...others];
}

function stateOf(
  entry: Fields | undefined,
  { status, isWanted }: Pick<LinesSeen, "status" | "isWanted">,
): LineState {
  if (entry !== undefined) return stateOfEntry(entry);
  if (!isWanted) return off("Not in use", "sip is not among the services that run", "off");
  if (status === undefined) return off("Off", "the sip service does not run", "off");
  return off("Not taken over", "the sip service runs without it: restart sip", "busy");
}

const words: Readonly<Record<string, Pick<LineState, "tone" | "word">>> = {
  registered: { tone: "good", word: "Registered" },
  refreshing: { tone: "good", word: "Registered" },
  registering: { tone: "busy", word: "Registering" },
  waiting: { tone: "bad", word: "No answer" },
  refused: { tone: "bad", word: "Refused" },
  unregistering: { tone: "off", word: "Stopping" },
  stopped: { tone: "off", word: "Stopped" },
  idle: { tone: "off", word: "Not started" },
};

function stateOfEntry(entry: Fields): LineState {
  const state = textIn(entry, "state");
  const known = words[state] ?? { tone: "busy", word: state };
  const problem = textIn(entry, "lastProblem");
  const isFailing = problem !== "" && known.tone !== "good";
  return {
    // It is tried again, and the last try failed.
    tone: isFailing && known.tone === "busy" ? "bad" : known.tone,
    word: known.word,
    detail: isFailing ? problem : `at ${textIn(entry, "registrar")}`,
    sinceMs: numberIn(entry, "registeredSinceWallMs"),
    nextInMs: known.tone === "bad" ? numberIn(entry, "nextInMs") : undefined,
    attempts: numberIn(entry, "attempts") ?? 0,
  };
}

function off(word: string, detail: string, tone: LineState["tone"]): LineState {
  return { tone, word, detail, sinceMs: undefined, nextInMs: undefined, attempts: 0 };
}

/** What to do about it, for people; undefined where it is as it should be or nothing is known to help. */
export function lineAdvice({ tone, detail }: LineState): string | undefined {
  if (tone !== "bad") return undefined;
  if (/\b40[137]\b|password|credential/i.test(detail)) {
    return "Compare user and password with the extension at the PBX.";
  }
  if (/\b404\b/.test(detail)) return "Check that the PBX has this extension, as one of SIP.";
  if (/no answer|answers|timed? ?out|unreachable|refused|resolve|address/i.test(detail)) {
    return "Check address, port and transport of the PBX, and firewalls in between.";
  }
  return "“Try it” says more, and so does the log of the PBX.";
}
