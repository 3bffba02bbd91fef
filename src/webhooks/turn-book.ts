/** Puts a turn together from what the brain tells of it: question, answer, outcome, and where time went. */
import { type Fields, numberIn, textIn } from "../services/event-fields.ts";
import { turnTimingIn } from "../web/live/turn-stages.ts";

export interface CompleteTurn {
  readonly turn: number;
  /** Of the model: `complete`, `cancelled` and others. */
  readonly outcome: string;
  readonly question: string;
  readonly answer: string;
  /** From the caller's last sound to the agent's first; null when it was not told. */
  readonly totalMs: number | null;
  /** By name, in milliseconds. */
  readonly stages: Readonly<Record<string, number>>;
}

interface OpenTurn {
  readonly number: number;
  readonly question: string;
  answer: string;
  outcome: string;
  isHeard: boolean;
  totalMs: number | null;
  stages: Record<string, number>;
}

interface Conversation {
  /** Said since the model was last asked. */
  pending: string;
  open: OpenTurn | undefined;
}

const maxConversations = 2000;
const maxCharacters = 16_384;

export class TurnBook {
  readonly #conversations = new Map<string, Conversation>();

  /** Turns that are complete now: heard to their end, or followed by the next, or by the end of the call. */
  take(stream: string, fields: Fields): readonly CompleteTurn[] {
    const key = textIn(fields, "key");
    if (key === "") return [];
    const name = `${stream}/${key}`;
    const known = this.#conversations.get(name) ?? { pending: "", open: undefined };
    const kind = textIn(fields, "kind");
    if (kind === "ended") {
      this.#conversations.delete(name);
      return close(known);
    }
    this.#keep(name, known);
    if (kind === "transcript") {
      const texts = [known.pending, textIn(fields, "text").trim()];
      known.pending = texts
        .filter((text) => text !== "")
        .join(" ")
        .slice(-maxCharacters);
    }
    if (kind === "back-channel") takeBack(known, textIn(fields, "text").trim());
    if (kind === "asked") return ask(known, numberIn(fields, "turn") ?? 0);
    return known.open === undefined ? [] : goOn(known, known.open, fields);
  }

  #keep(name: string, conversation: Conversation): void {
    this.#conversations.set(name, conversation);
    const [oldest] = this.#conversations.keys();
    if (this.#conversations.size > maxConversations && oldest !== undefined) {
      this.#conversations.delete(oldest);
    }
  }
}

/** A short sound that was no turn. */
function takeBack(conversation: Conversation, text: string): void {
  const { pending } = conversation;
  if (text !== "" && pending.endsWith(text)) {
    conversation.pending = pending.slice(0, pending.length - text.length).trim();
  }
}

/** Tools make the model be asked again in the same turn. */
function ask(conversation: Conversation, number: number): readonly CompleteTurn[] {
  if (conversation.open?.number === number) return [];
  const complete = close(conversation);
  const question = conversation.pending;
  conversation.pending = "";
  conversation.open = {
    number,
    question,
    answer: "",
    outcome: "",
    isHeard: false,
    totalMs: null,
    stages: {},
  };
  return complete;
}

function goOn(conversation: Conversation, open: OpenTurn, fields: Fields): readonly CompleteTurn[] {
  if (numberIn(fields, "turn") !== open.number) return [];
  const rule = rules.get(textIn(fields, "kind"));
  rule?.(open, fields);
  return open.isHeard && open.outcome !== "" ? close(conversation) : [];
}

type TurnRule = (open: OpenTurn, fields: Fields) => void;

const rules: ReadonlyMap<string, TurnRule> = new Map<string, TurnRule>([
  [
    "clause",
    (open, fields) => {
      open.answer = `${open.answer} ${textIn(fields, "text").trim()}`
        .trim()
        .slice(0, maxCharacters);
    },
  ],
  ["answered", (open, fields) => void (open.outcome = textIn(fields, "outcome") || "complete")],
  ["heard", (open, fields) => void (open.isHeard = fields["isAll"] === true)],
  [
    "turn",
    (open, fields) => {
      const timing = turnTimingIn(fields);
      open.totalMs = timing?.totalMs ?? null;
      open.stages = Object.fromEntries((timing?.stages ?? []).map(({ name, ms }) => [name, ms]));
    },
  ],
]);

function close(conversation: Conversation): readonly CompleteTurn[] {
  const { open } = conversation;
  conversation.open = undefined;
  if (open === undefined) return [];
  const { number: turn, outcome, question, answer, totalMs, stages } = open;
  return [{ turn, outcome, question, answer, totalMs, stages }];
}
