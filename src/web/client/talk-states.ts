/** What the page Talk knows of its call, and how each happening changes that; pure. */
import type { TurnTiming } from "../live/turn-stages.ts";
import type { TalkEvent } from "../talk/talk-events.ts";

/** `asking`: for the microphone; `calling`: the server was asked and has not answered. */
export type TalkPhase = "idle" | "asking" | "calling" | "up";

export interface TalkLine {
  readonly number: number;
  readonly who: "caller" | "agent";
  readonly text: string;
  readonly turn: number | undefined;
  readonly isInterrupted: boolean;
}

/** What is wrong, and what to do about it. */
export interface TalkProblem {
  readonly what: string;
  readonly hint: string;
}

export interface TalkView {
  readonly phase: TalkPhase;
  /** Of the last call; empty before the first. */
  readonly ending: string;
  readonly problem: TalkProblem | undefined;
  readonly notes: readonly string[];
  readonly callId: string;
  readonly seconds: number;
  readonly speaker: "caller" | "agent" | "thinking" | "nobody";
  readonly lines: readonly TalkLine[];
  readonly partial: { readonly committed: string; readonly tentative: string } | undefined;
  readonly turn: TurnTiming | undefined;
}

/** What happens on this side. */
export type PageHappening =
  | { readonly kind: "call" }
  | { readonly kind: "microphone" }
  | { readonly kind: "left"; readonly ending: string; readonly problem?: TalkProblem };

export const idleView: TalkView = {
  phase: "idle",
  ending: "",
  problem: undefined,
  notes: [],
  callId: "",
  seconds: 0,
  speaker: "nobody",
  lines: [],
  partial: undefined,
  turn: undefined,
};

/** Older ones are in the history. */
const maxLines = 200;

export function nextView(view: TalkView, happening: TalkEvent | PageHappening): TalkView {
  const { kind } = happening;
  if (kind === "call") return { ...idleView, phase: "asking" };
  if (kind === "microphone" || kind === "ringing") return { ...view, phase: "calling" };
  if (kind === "answered") return { ...view, phase: "up", callId: happening.callId };
  if (kind === "left") return over(view, happening.ending, happening.problem);
  if (kind === "ended") return over(view, happening.reason, undefined);
  return inCall(view, happening);
}

type InCall = Exclude<TalkEvent, { readonly kind: "ringing" | "answered" | "ended" }>;

function inCall(view: TalkView, event: InCall): TalkView {
  const { kind } = event;
  if (kind === "notes") return { ...view, notes: event.notes };
  if (kind === "alive") return { ...view, seconds: event.seconds };
  if (kind === "partial") {
    const { committed, tentative } = event;
    return { ...view, speaker: "caller", partial: { committed, tentative } };
  }
  if (kind === "turn") {
    const { turn, isGreeting, totalMs, stages } = event;
    return { ...view, turn: { turn, isGreeting, totalMs, stages } };
  }
  return spoken(view, event);
}

type Spoken = Exclude<InCall, { readonly kind: "notes" | "alive" | "partial" | "turn" }>;

function spoken(view: TalkView, event: Spoken): TalkView {
  switch (event.kind) {
    case "caller":
      return event.isSpeaking
        ? { ...view, speaker: "caller" }
        : { ...view, speaker: silent(view, "caller"), partial: undefined };
    case "said":
      return {
        ...view,
        speaker: silent(view, "caller"),
        partial: undefined,
        lines: added(view, { who: "caller", text: event.text, turn: undefined }),
      };
    case "thinking":
      return view.speaker === "nobody" ? { ...view, speaker: "thinking" } : view;
    case "answer":
      return { ...view, speaker: silent(view, "thinking"), lines: withClause(view, event) };
    case "speaking":
      return { ...view, speaker: "agent" };
    case "interrupted":
      return { ...view, speaker: silent(view, "agent"), lines: interrupted(view.lines) };
    case "quiet":
      return { ...view, speaker: silent(view, "agent") };
  }
}

function over(view: TalkView, ending: string, problem: TalkProblem | undefined): TalkView {
  // What was said last about it is the reason.
  if (view.phase === "idle") return problem === undefined ? view : { ...view, problem };
  const { callId, lines, turn, seconds } = view;
  return { ...idleView, ending, problem, callId, lines, turn, seconds };
}

/** Who speaks when that one does not any more. */
function silent(view: TalkView, who: TalkView["speaker"]): TalkView["speaker"] {
  return view.speaker === who ? "nobody" : view.speaker;
}

function added(
  { lines }: TalkView,
  line: Pick<TalkLine, "who" | "text" | "turn">,
): readonly TalkLine[] {
  const number = (lines.at(-1)?.number ?? 0) + 1;
  return [...lines, { ...line, number, isInterrupted: false }].slice(-maxLines);
}

/** Another clause of the same turn goes on where the last one ended. */
function withClause(
  view: TalkView,
  { turn, text }: Extract<TalkEvent, { readonly kind: "answer" }>,
): readonly TalkLine[] {
  const { lines } = view;
  const at = lines.findLastIndex((line) => line.who === "agent" && line.turn === turn);
  const last = lines[at];
  if (last === undefined) return added(view, { who: "agent", text, turn });
  return lines.with(at, { ...last, text: `${last.text} ${text}` });
}

function interrupted(lines: readonly TalkLine[]): readonly TalkLine[] {
  const at = lines.findLastIndex(({ who }) => who === "agent");
  const last = lines[at];
  return last === undefined ? lines : lines.with(at, { ...last, isInterrupted: true });
}
