/** Counts what happens, and writes it down as Prometheus reads it (text format 0.0.4). */
import { telephones } from "../services/service-ranks.ts";
import type { ServiceView } from "./live/service-view.ts";
import { type Fields, numberIn, objectIn, textIn, timeIn } from "../services/event-fields.ts";
import { type StageName, turnTimingIn } from "./live/turn-stages.ts";

/** Seconds; the bar of a good answer, 500 ms, is one of them. */
const bounds = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10] as const;

class Histogram {
  readonly #counts: number[] = bounds.map(() => 0);
  #sum = 0;
  #count = 0;

  add(seconds: number): void {
    this.#sum += seconds;
    this.#count += 1;
    const at = bounds.findIndex((bound) => seconds <= bound);
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /** Each bucket holds those below it, too. */
  *lines(name: string, labels: string): Generator<string> {
    let below = 0;
    for (const [index, bound] of bounds.entries()) {
      below += this.#counts[index] ?? 0;
      yield `${name}_bucket{${labels},le="${bound}"} ${below}`;
    }
    yield `${name}_bucket{${labels},le="+Inf"} ${this.#count}`;
    yield `${name}_sum{${labels}} ${this.#sum}`;
    yield `${name}_count{${labels}} ${this.#count}`;
  }
}

/** What is read at the moment of the question. */
export interface MetricsNow {
  readonly build: { readonly version: string; readonly commit: string };
  readonly services: readonly ServiceView[];
  readonly activeCalls: number;
  readonly lines: { readonly configured: number; readonly registered: number };
  readonly history: {
    readonly written: number;
    readonly waiting: number;
    readonly dropped: number;
  };
  readonly eventReaders: number;
  readonly webhooks: {
    readonly receivers: number;
    readonly failing: number;
    readonly waiting: number;
    readonly delivered: number;
    readonly dropped: number;
  };
  readonly browserCalls: { readonly calls: number; readonly refused: number };
}

export class Metrics {
  readonly #startedMs: number;
  readonly #stages = new Map<StageName | "total", Histogram>();
  readonly #started = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly #answers = new Map<string, number>();
  readonly #crashes = new Map<string, number>();
  #rtpReceived = 0;
  #rtpLost = 0;
  #missed = 0;
  #interruptions = 0;

  /** `startedMs`: wall clock; what happened before is only repeated to us and was counted by others. */
  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  take(service: string, fields: Fields): void {
    if (timeIn(fields, this.#startedMs) < this.#startedMs) return;
    const kind = textIn(fields, "kind");
    if (kind === "missed") this.#missed += numberIn(fields, "count") ?? 0;
    if (service === "llama") this.#conversation(kind, fields);
    if (telephones.includes(service)) this.#phone(kind, fields);
    if (service === "supervisor" && kind === "crash")
      add(this.#crashes, knownText(fields, "service"));
  }

  answered(status: number): void {
    add(this.#answers, `${Math.floor(status / 100)}xx`);
  }

  write(now: MetricsNow): string {
    return `${[...this.#lines(now)].join("\n")}\n`;
  }

  #conversation(kind: string, fields: Fields): void {
    if (kind === "answered" && textIn(fields, "outcome") === "cancelled") this.#interruptions += 1;
    const timing = kind === "turn" ? turnTimingIn(fields) : undefined;
    if (timing === undefined || timing.isGreeting) return;
    this.#stage("total", timing.totalMs);
    for (const { name, ms } of timing.stages) this.#stage(name, ms);
  }

  #phone(kind: string, fields: Fields): void {
    if (kind === "ringing") add(this.#started, knownText(fields, "direction"));
    if (kind !== "ended") return;
    add(this.#ended, knownText(fields, "by"));
    const statistics = objectIn(fields, "statistics");
    this.#rtpReceived += numberIn(statistics, "receivedPackets") ?? 0;
    this.#rtpLost += numberIn(statistics, "lostPackets") ?? 0;
  }

  #stage(name: StageName | "total", ms: number): void {
    const histogram = this.#stages.get(name) ?? new Histogram();
    this.#stages.set(name, histogram);
    histogram.add(ms / 1000);
  }

  *#lines(now: MetricsNow): Generator<string> {
    const { build, services, lines, history } = now;
    yield* head("wildfire_build_info", "gauge", "Build of the web service.");
    yield `wildfire_build_info{${label("version", build.version)},${label("commit", build.commit)}} 1`;
    yield* head("wildfire_service_up", "gauge", "1 while the service is ready.");
    for (const { name, state } of services) {
      yield `wildfire_service_up{${label("service", name)}} ${state === "ready" ? 1 : 0}`;
    }
    yield* head(
      "wildfire_service_restarts_total",
      "counter",
      "Starts after an end nobody asked for.",
    );
    for (const { name, restarts } of services) {
      yield `wildfire_service_restarts_total{${label("service", name)}} ${restarts}`;
    }
    yield* head("wildfire_service_memory_bytes", "gauge", "Resident memory.");
    for (const { name, memoryBytes } of services) {
      if (memoryBytes !== undefined)
        yield `wildfire_service_memory_bytes{${label("service", name)}} ${memoryBytes}`;
    }
    yield* gauge("wildfire_calls_active", "Calls that are up.", now.activeCalls);
    yield* gauge("wildfire_lines_configured", "Lines of the sip service.", lines.configured);
    yield* gauge("wildfire_lines_registered", "Lines that are registered.", lines.registered);
    yield* this.#counted();
    yield* this.#histograms();
    yield* counter(
      "wildfire_history_events_written_total",
      "Events in the history.",
      history.written,
    );
    yield* gauge(
      "wildfire_history_events_waiting",
      "Events that wait for the disk.",
      history.waiting,
    );
    yield* counter(
      "wildfire_history_events_dropped_total",
      "Events lost to a full disk.",
      history.dropped,
    );
    yield* gauge("wildfire_web_event_streams", "Open event streams.", now.eventReaders);
    yield* webhookLines(now.webhooks);
    const { calls, refused } = now.browserCalls;
    yield* counter("wildfire_browser_calls_total", "Calls from browsers that were taken.", calls);
    yield* counter(
      "wildfire_browser_calls_refused_total",
      "Calls from browsers beyond as many as are allowed.",
      refused,
    );
  }

  *#counted(): Generator<string> {
    yield* labelled(
      "wildfire_calls_started_total",
      "Calls of all ways in.",
      "direction",
      this.#started,
    );
    yield* labelled(
      "wildfire_calls_ended_total",
      "Ended calls by who ended them.",
      "by",
      this.#ended,
    );
    yield* labelled(
      "wildfire_service_crashes_total",
      "Ends of services by themselves.",
      "service",
      this.#crashes,
    );
    yield* labelled(
      "wildfire_web_answers_total",
      "Answers of the web service.",
      "class",
      this.#answers,
    );
    yield* counter(
      "wildfire_interruptions_total",
      "Answers that callers interrupted.",
      this.#interruptions,
    );
    yield* counter(
      "wildfire_rtp_packets_received_total",
      "Packets of ended calls.",
      this.#rtpReceived,
    );
    yield* counter(
      "wildfire_rtp_packets_lost_total",
      "Packets that ended calls missed.",
      this.#rtpLost,
    );
    yield* counter(
      "wildfire_events_missed_total",
      "Events that were gone before they were read.",
      this.#missed,
    );
  }

  *#histograms(): Generator<string> {
    const name = "wildfire_turn_stage_seconds";
    yield* head(name, "histogram", "From the caller's last sound to the agent's first, by stage.");
    for (const [stage, histogram] of this.#stages)
      yield* histogram.lines(name, label("stage", stage));
  }
}

function* webhookLines(webhooks: MetricsNow["webhooks"]): Generator<string> {
  const { receivers, failing, waiting, delivered, dropped } = webhooks;
  const name = "wildfire_webhook";
  yield* gauge(`${name}_receivers`, "Receivers of webhooks.", receivers);
  yield* gauge(`${name}_receivers_not_open`, "Receivers that take nothing now.", failing);
  yield* gauge(`${name}_messages_waiting`, "Messages that wait to be delivered.", waiting);
  yield* counter(`${name}_messages_delivered_total`, "Messages that were taken.", delivered);
  yield* counter(`${name}_messages_dropped_total`, "Messages that were given up.", dropped);
}

const maxLabels = 50;

function add(counts: Map<string, number>, name: string): void {
  if (!counts.has(name) && counts.size >= maxLabels) return;
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function knownText(fields: Fields, name: string): string {
  return textIn(fields, name).slice(0, 40) || "unknown";
}

function* head(name: string, type: string, help: string): Generator<string> {
  yield `# HELP ${name} ${help}`;
  yield `# TYPE ${name} ${type}`;
}

function* gauge(name: string, help: string, value: number): Generator<string> {
  yield* head(name, "gauge", help);
  yield `${name} ${value}`;
}

function* counter(name: string, help: string, value: number): Generator<string> {
  yield* head(name, "counter", help);
  yield `${name} ${value}`;
}

/** `labelName` distinguishes the counts. */
function* labelled(
  name: string,
  help: string,
  labelName: string,
  counts: ReadonlyMap<string, number>,
): Generator<string> {
  yield* head(name, "counter", help);
  for (const [value, count] of counts) yield `${name}{${label(labelName, value)}} ${count}`;
}

function label(name: string, value: string): string {
  const escaped = value.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`);
  return `${name}="${escaped}"`;
}
