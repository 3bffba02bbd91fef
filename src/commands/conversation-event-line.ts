/** Events of the llama service as people read them: one line each. */

/** An event as it came, from whichever version of the service. */
type EventFields = Readonly<Record<string, unknown>>;

type Writer = (text: (name: string) => string, event: EventFields) => string;

/** Empty for events that only programs care about, and for unknown ones. */
export function conversationEventLine(
  event: EventFields,
  textOf: (value: unknown) => string,
): string {
  const kind = typeof event["kind"] === "string" ? event["kind"] : "";
  const write = writers.get(kind);
  return write === undefined ? "" : write((name) => textOf(event[name]), event);
}

const writers: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  ["began", () => "call begins"],
  ["clause", (text) => `says: ${text("text")}`],
  ["back-channel", (text) => `“${text("text")}” did not interrupt`],
  [
    "tool",
    (text) => `tool ${text("name")} ${text("arguments")}: ${text("outcome")}, ${text("text")}`,
  ],
  ["resumed", () => "nothing was said, so the answer goes on"],
  ["answered", (text, event) => answeredLine(text, event)],
  ["turn", (_text, event) => stagesLine(event)],
]);

/** Good answers are seen by what is said. */
function answeredLine(text: (name: string) => string, event: EventFields): string {
  const outcome = text("outcome");
  if (outcome === "cancelled")
    return `interrupted, the model stopped after ${ms(event, "cancelMs")}`;
  return outcome.startsWith("failed") ? `no answer: ${outcome}` : "";
}

const stages = [
  ["silenceMs", "silence"],
  ["recognitionMs", "recognition"],
  ["gatherMs", "gathering"],
  ["firstTokenMs", "model"],
  ["clauseMs", "first clause"],
  ["voiceMs", "voice"],
  ["lineMs", "line"],
] as const;

function stagesLine(event: EventFields): string {
  const known = stages.filter(([name]) => typeof event[name] === "number");
  const parts = known.map(([name, label]) => `${label} ${ms(event, name)}`);
  return `answer heard after ${ms(event, "totalMs")}: ${parts.join(", ")}`;
}

function ms(event: EventFields, name: string): string {
  const value = event[name];
  return typeof value === "number" ? `${Math.round(value)} ms` : "?";
}
