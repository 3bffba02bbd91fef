/** One service as the page shows it, from what the supervisor and its own status say; pure. */
import { type Fields, numberIn, objectIn, objectsIn, textIn } from "../../services/event-fields.ts";

export interface ServiceView {
  readonly name: string;
  /** As the supervisor has it; a service that was started by hand is `ready` while it answers. */
  readonly state: string;
  readonly health: "good" | "failing" | "unknown";
  readonly isSupervised: boolean;
  readonly version: string;
  readonly commit: string;
  readonly pid: number | undefined;
  /** Wall clock, to the second. */
  readonly startedMs: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly restarts: number;
  /** Why it ended last; empty when it did not. */
  readonly lastReason: string;
  readonly calls: number;
  /** One line of what matters in it. */
  readonly detail: string;
}

/** What is told of one service. */
export interface ServiceFacts {
  readonly name: string;
  /** As the supervisor has it; undefined when it does not supervise it. */
  readonly child: Fields | undefined;
  /** Undefined when it does not answer. */
  readonly status: Fields | undefined;
  readonly nowMs: number;
}

const memoryStepBytes = 1e6;

export function viewOf({ name, child, status, nowMs }: ServiceFacts): ServiceView {
  const own = status ?? {};
  return {
    name,
    isSupervised: child !== undefined,
    health: healthOf(child, status),
    detail: status === undefined ? "" : detailOf(name, status, numberIn(child ?? {}, "calls")),
    version: textIn(own, "version"),
    commit: textIn(own, "commit"),
    ...(child === undefined ? unsupervised(own, nowMs) : supervised(child, nowMs)),
  };
}

type Run = Pick<
  ServiceView,
  "state" | "pid" | "startedMs" | "memoryBytes" | "restarts" | "lastReason" | "calls"
>;

/** It was started by hand. */
function unsupervised(status: Fields, nowMs: number): Run {
  return {
    state: textIn(status, "state") || "ready",
    ...processFacts(status, nowMs),
    restarts: 0,
    lastReason: "",
    calls: 0,
  };
}

function supervised(child: Fields, nowMs: number): Run {
  return {
    state: textIn(child, "state"),
    ...processFacts(child, nowMs),
    restarts: numberIn(child, "restarts") ?? 0,
    lastReason: textIn(child, "lastReason"),
    calls: numberIn(child, "calls") ?? 0,
  };
}

function processFacts(
  fields: Fields,
  nowMs: number,
): Pick<Run, "pid" | "startedMs" | "memoryBytes"> {
  const [pid, uptimeS] = [numberIn(fields, "pid"), numberIn(fields, "uptimeS")];
  const bytes = numberIn(fields, "memoryBytes");
  return {
    pid,
    startedMs: pid === undefined || uptimeS === undefined ? undefined : nowMs - uptimeS * 1000,
    // What moves all the time would be told all the time.
    memoryBytes:
      bytes === undefined ? undefined : Math.round(bytes / memoryStepBytes) * memoryStepBytes,
  };
}

function healthOf(child: Fields | undefined, status: Fields | undefined): ServiceView["health"] {
  const told = child?.["health"];
  if (told === "good" || told === "failing" || told === "unknown") return told;
  return status === undefined ? "failing" : "good";
}

/** No private data. */
function detailOf(name: string, status: Fields, calls: number | undefined): string {
  if (textIn(status, "state") === "draining") {
    return drainingWords(calls ?? objectsIn(status, "current").length);
  }
  switch (name) {
    case "sip":
      return lineDetail(objectsIn(status, "lines"));
    case "whisper":
      return named("Model", textIn(objectIn(status, "model"), "name"));
    case "kokoro":
      return named("Engine", textIn(objectIn(status, "engine"), "speaking"));
    default:
      return named("At", textIn(status, "address"));
  }
}

function drainingWords(calls: number): string {
  const left = calls === 1 ? "1 call left" : `${calls === 0 ? "no" : calls} calls left`;
  return `Draining, ${left}`;
}

function named(what: string, text: string): string {
  return text === "" ? "" : `${what} ${text}`;
}

function lineDetail(lines: readonly Fields[]): string {
  if (lines.length === 0) return "No line is configured";
  const registered = lines.filter((line) => line["isRegistered"] === true).length;
  const problem = lines.map((line) => textIn(line, "lastProblem")).find((text) => text !== "");
  const count = `${registered} of ${lines.length} ${lines.length === 1 ? "line" : "lines"} registered`;
  return problem === undefined ? count : `${count}: ${problem}`;
}
