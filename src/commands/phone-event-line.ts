/** Events of telephone services as people read them: one line each. */

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
  ["ringing", (_event, text) => ringingLine(text("remote"), text("line"))],
  ["progress", (_event, text) => `${text("remote")}: ${text("status")}`],
  ["established", (_event, text) => `${text("remote")} is connected, ${text("codec")}`],
  ["draining", (event) => drainingLine(event)],
  ["hold", (event, text) => holdLine(event, text)],
  ["digit", (_event, text) => `key ${text("digit")}`],
  ["digits", (_event, text) => `we pressed ${text("digits")}`],
  ["transfer", (event, text) => transferLine(event, text)],
  ["recorded", (event, text) => (event["bytes"] === 0 ? "" : `recorded in ${text("path")}`)],
  ["transcript", (_event, text) => `“${text("text")}”`],
  ["ended", (event, text) => endedLine(event, text)],
]);

function ringingLine(remote: string, line: string): string {
  return line === "" ? `call from ${remote}` : `call from ${remote} on ${line}`;
}

function registrationLine(event: EventFields, text: (name: string) => string): string {
  const problem = text("lastProblem");
  if (event["isRegistered"] === true) return `${text("line")} is registered`;
  return problem === "" ? "" : `${text("line")} is not registered: ${problem}`;
}

function drainingLine(event: EventFields): string {
  const calls = typeof event["calls"] === "number" ? event["calls"] : 0;
  return event["isDraining"] === true
    ? `takes no new calls; ${calls} ${calls === 1 ? "is" : "are"} up`
    : "takes calls again";
}

function holdLine(event: EventFields, text: (name: string) => string): string {
  const who = text("by") === "us" ? "we" : "the other side";
  return `${who} ${event["isHeld"] === true ? "put it on hold" : "took it back from hold"}`;
}

function transferLine(event: EventFields, text: (name: string) => string): string {
  if (event["ok"] === true) return `transferred to ${text("to")}`;
  return `not transferred to ${text("to")}: ${text("status")} ${text("reason")}`;
}

function endedLine(event: EventFields, text: (name: string) => string): string {
  // Only telephones know who ended it.
  if (text("by") === "") return text("reason") === "" ? "call ended" : `ended: ${text("reason")}`;
  const durationMs = event["durationMs"];
  const seconds = typeof durationMs === "number" ? Math.round(durationMs / 1000) : 0;
  return `ended by ${text("by")} after ${seconds} s: ${text("reason")}`;
}
