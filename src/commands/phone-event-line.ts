/** Events of the sip service as people read them: one line each. */

/** An event as it came, from whichever version of the service. */
type EventFields = Readonly<Record<string, unknown>>;

type Writer = (event: EventFields, text: (name: string) => string) => string;

/** Empty for events that only programs care about, and for unknown ones. */
export function phoneEventLine(event: EventFields, textOf: (value: unknown) => string): string {
  const kind = typeof event["kind"] === "string" ? event["kind"] : "";
  const write = writers.get(kind);
  return write === undefined ? "" : write(event, (name) => textOf(event[name]));
}

const writers: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  ["registration", (event, text) => registrationLine(event, text)],
  ["ringing", (_event, text) => `call from ${text("remote")} on ${text("line")}`],
  ["progress", (_event, text) => `${text("remote")}: ${text("status")}`],
  ["established", (_event, text) => `${text("remote")} is connected, ${text("codec")}`],
  ["digit", (_event, text) => `key ${text("digit")}`],
  ["transcript", (_event, text) => `“${text("text")}”`],
  ["ended", (event, text) => endedLine(event, text)],
]);

function registrationLine(event: EventFields, text: (name: string) => string): string {
  const problem = text("lastProblem");
  if (event["isRegistered"] === true) return `${text("line")} is registered`;
  return problem === "" ? "" : `${text("line")} is not registered: ${problem}`;
}

function endedLine(event: EventFields, text: (name: string) => string): string {
  const durationMs = event["durationMs"];
  const seconds = typeof durationMs === "number" ? Math.round(durationMs / 1000) : 0;
  return `ended by ${text("by")} after ${seconds} s: ${text("reason")}`;
}
