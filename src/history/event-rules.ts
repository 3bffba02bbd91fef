/** What each kind of event of each service means for the history of its call. */
import { partyIn } from "../services/remote-party.ts";
import { integerOf, numberOf, objectOf, textOf } from "./event-fields.ts";
import type { PartBook } from "./part-book.ts";
import type { PartHappening, RowWriter } from "./row-writer.ts";

export interface RuleTools {
  readonly book: PartBook;
  readonly rows: RowWriter;
}

type Rule = (happening: PartHappening, tools: RuleTools) => void;

/** Undefined: it is kept as it came. */
export function ruleFor(service: string, kind: string): Rule | undefined {
  return rules.get(service)?.get(kind) ?? everywhere.get(kind);
}

/** What is waiting to be asked; a caller who never stops is cut. */
const maxPendingCharacters = 16_384;

const nothing: Rule = () => undefined;

const everywhere: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["began", nothing],
  ["ended", (happening, { book }) => book.end(happening.part, happening.atMs)],
  ["recorded", (happening, { rows }) => rows.audio(happening)],
]);

const phoneRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["ringing", noteParty],
  ["established", established],
  ["media", media],
  ["transcript", (happening, { rows }) => rows.utterance(happening)],
  ["speaking", nothing],
  ["played", nothing],
  ["drained", nothing],
  ["ended", phoneEnded],
]);

const whisperRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["speech-start", nothing],
  ["pause", nothing],
  ["resume", nothing],
  ["speech", nothing],
  ["silence", nothing],
  ["partial", nothing],
  ["final", (happening, { rows }) => rows.utterance(happening)],
]);

const llamaRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["transcript", wait],
  ["back-channel", takeBack],
  ["asked", asked],
  ["clause", onTurn("turn", clause)],
  ["answered", onTurn("turn", (happening, { rows }, turn) => rows.answered(happening, turn))],
  ["turn", onTurn("turn", (happening, { rows }, turn) => rows.stages(happening, turn))],
  ["heard", onTurn("turn", heard)],
]);

/** A text of the voice is a turn of its own there; whoever reads takes the model's turns if there are any. */
const voiceRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["text", onTurn("number", clause)],
  ["speaking", onTurn("number", (happening, { rows }, turn) => rows.stages(happening, turn))],
  ["heard", onTurn("number", voiceHeard)],
  ["interrupted", voiceInterrupted],
  ["late", nothing],
  ["drained", nothing],
]);

const rules: ReadonlyMap<string, ReadonlyMap<string, Rule>> = new Map([
  ["sip", phoneRules],
  ["audiosocket", phoneRules],
  ["web", phoneRules],
  ["whisper", whisperRules],
  ["llama", llamaRules],
  ["kokoro", voiceRules],
]);

function noteParty({ part, fields }: PartHappening): void {
  const { details } = part;
  details.direction = textOf(fields, "direction");
  details.line = textOf(fields, "line");
  Object.assign(details, partyIn(fields));
}

function established(happening: PartHappening): void {
  noteParty(happening);
  happening.part.details.answeredMs ??= happening.atMs;
  noteCodec(happening);
}

/** Held and taken back, or another codec: of interest for itself. */
function media(happening: PartHappening, { rows }: RuleTools): void {
  const { part, fields, atMs, seq } = happening;
  noteCodec(happening);
  const { service, stream } = part;
  const what = { codec: textOf(fields, "codec"), flow: textOf(fields, "flow") };
  rows.event(part, { service, stream, seq, atMs, kind: "media", fields: what });
}

function noteCodec({ part, fields }: PartHappening): void {
  const codec = textOf(fields, "codec");
  if (codec !== "") part.details.codec = codec;
}

function phoneEnded(happening: PartHappening, { book }: RuleTools): void {
  const { part, fields, atMs } = happening;
  noteParty(happening);
  const statistics = objectOf(fields, "statistics");
  const lost = numberOf(statistics, "lostPackets");
  const received = numberOf(statistics, "receivedPackets");
  Object.assign(part.details, {
    endedBy: textOf(fields, "by"),
    endReason: textOf(fields, "reason"),
    status: integerOf(fields, "status"),
    meanOpinionScore: numberOf(statistics, "meanOpinionScore"),
    jitterMs: numberOf(statistics, "jitterMs"),
    lossFraction: fractionOf(lost, received),
  });
  book.end(part, atMs);
}

function fractionOf(lost: number | null, received: number | null): number | null {
  if (lost === null || received === null || lost + received <= 0) return null;
  return lost / (lost + received);
}

function wait({ part, fields }: PartHappening): void {
  const text = textOf(fields, "text").trim();
  const pending = [part.details.pending ?? "", text].filter((piece) => piece !== "").join(" ");
  part.details.pending = pending.slice(-maxPendingCharacters);
}

/** It was no turn, so the model will not be asked about it. */
function takeBack(happening: PartHappening, { rows }: RuleTools): void {
  const { part, fields, atMs, seq } = happening;
  const text = textOf(fields, "text").trim();
  const pending = part.details.pending ?? "";
  if (text !== "" && pending.endsWith(text)) {
    part.details.pending = pending.slice(0, pending.length - text.length).trim();
  }
  const { service, stream } = part;
  rows.event(part, { service, stream, seq, atMs, kind: "back-channel", fields: { text } });
}

function asked(happening: PartHappening, { rows }: RuleTools): void {
  const { part, fields } = happening;
  const turn = integerOf(fields, "turn");
  if (turn === null) return;
  rows.asked(happening, turn, part.details.pending ?? "");
  part.details.pending = "";
}

type TurnRule = (happening: PartHappening, tools: RuleTools, turn: number) => void;

function onTurn(name: string, rule: TurnRule): Rule {
  return (happening, tools) => {
    const turn = integerOf(happening.fields, name);
    if (turn !== null) rule(happening, tools, turn);
  };
}

function clause(happening: PartHappening, { rows }: RuleTools, turn: number): void {
  rows.clause(happening, turn, textOf(happening.fields, "text").trim());
}

function heard(happening: PartHappening, { rows }: RuleTools, turn: number): void {
  const { fields } = happening;
  const characters = integerOf(fields, "characters") ?? 0;
  rows.heard(happening, turn, characters, fields["isAll"] === true);
}

/** The voice counts samples; how many letters that was is known of a whole text only. */
function voiceHeard(happening: PartHappening, { rows }: RuleTools, turn: number): void {
  const { fields } = happening;
  const [samples, of] = [integerOf(fields, "samples") ?? 0, integerOf(fields, "of") ?? 0];
  rows.heard(happening, turn, 0, of > 0 && samples >= of);
}

function voiceInterrupted(happening: PartHappening, { rows }: RuleTools): void {
  const { fields } = happening;
  const turn = integerOf(fields, "number");
  if (turn === null) return;
  rows.interrupted(happening, turn);
  rows.heard(happening, turn, textOf(fields, "heard").length, false);
}
