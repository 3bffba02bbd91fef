/**
 * What the events of the services mean for those outside: calls that start and end, turns, and services
 * that fail. The same events give the same messages again, so that nothing of this is kept on disk.
 */
import { lostReason } from "../history/part.ts";
import { telephones } from "../services/service-ranks.ts";
import { partyIn } from "../services/remote-party.ts";
import { type Fields, numberIn, objectIn, textIn } from "../services/event-fields.ts";
import { TurnBook } from "./turn-book.ts";

export const webhookKinds = ["call.started", "turn", "call.ended", "service.failed"] as const;
export type WebhookKind = (typeof webhookKinds)[number];

/** What is told besides times and outcomes. */
export const webhookDetails = ["numbers", "words"] as const;
export type WebhookDetail = (typeof webhookDetails)[number];

export interface HookedEvent {
  readonly service: string;
  readonly pid: number;
  /** Which life of the service. */
  readonly stream: string;
  /** Empty when it is about no call; else the same for all services that take part in one. */
  readonly callKey: string;
  readonly atMs: number;
  readonly fields: Fields;
}

export interface WebhookMessage {
  readonly kind: WebhookKind;
  /** Messages with the same text here are delivered in order. */
  readonly order: string;
  readonly atMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface WebhookMessagesOptions {
  readonly kinds: readonly WebhookKind[];
  readonly details: readonly WebhookDetail[];
}

/** Kinds by which a telephone first tells of a call. */
const beginnings: readonly string[] = ["ringing", "began", "established"];
/** Far above the calls that are up at a time. */
const maxCalls = 2000;

/** A call that has started. */
interface StartedCall extends Pick<HookedEvent, "service" | "pid" | "callKey"> {
  /** What is told of it at its beginning and at its end. */
  readonly about: Fields;
  readonly answeredMs: number | undefined;
  /** Its end was told when its service failed. */
  readonly isLost: boolean;
}

export class WebhookMessages {
  readonly #options: WebhookMessagesOptions;
  readonly #turns = new TurnBook();
  readonly #calls = new Map<string, StartedCall>();

  constructor(options: WebhookMessagesOptions) {
    this.#options = options;
  }

  /** Those that are wanted, without what is not to be told. */
  take(event: HookedEvent): readonly WebhookMessage[] {
    return this.#read(event).filter(({ kind }) => this.#options.kinds.includes(kind));
  }

  #read(event: HookedEvent): readonly WebhookMessage[] {
    const { service } = event;
    if (service === "supervisor") return this.#crash(event);
    if (telephones.includes(service)) return this.#phone(event);
    return service === "llama" ? this.#turn(event) : [];
  }

  #phone(event: HookedEvent): readonly WebhookMessage[] {
    const { stream, fields } = event;
    const key = textIn(fields, "key");
    const name = `${stream}/${key}`;
    const known = this.#calls.get(name);
    if (key === "" || known?.isLost === true) return [];
    const kind = textIn(fields, "kind");
    if (kind === "ended") return [this.#end(name, event)];
    if (!beginnings.includes(kind)) return [];
    const begun = this.#begun(event, known?.answeredMs);
    this.#remember(name, begun);
    if (known !== undefined) return [];
    const { callKey, about } = begun;
    return [{ kind: "call.started", order: callKey, atMs: event.atMs, data: about }];
  }

  #begun(event: HookedEvent, knownMs: number | undefined): StartedCall {
    const { service, pid, callKey, atMs, fields } = event;
    const isEstablished = textIn(fields, "kind") === "established";
    const answeredMs = knownMs ?? (isEstablished ? atMs : undefined);
    return { service, pid, callKey, about: this.#about(event), answeredMs, isLost: false };
  }

  #end(name: string, event: HookedEvent): WebhookMessage {
    const { callKey, fields, atMs } = event;
    const answeredMs = this.#calls.get(name)?.answeredMs;
    this.#calls.delete(name);
    return endMessage({ callKey, about: this.#about(event), answeredMs }, fields, atMs);
  }

  #remember(name: string, call: StartedCall): void {
    this.#calls.set(name, call);
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > maxCalls && oldest !== undefined) this.#calls.delete(oldest);
  }

  #about({ callKey, fields, service }: HookedEvent): Fields {
    const direction = textIn(fields, "direction") || "incoming";
    const about = { call: callKey, service, line: textIn(fields, "line"), direction };
    return this.#options.details.includes("numbers") ? { ...about, ...partyIn(fields) } : about;
  }

  /** A service that fails takes its calls with it, and nobody else tells their end. */
  #crash({ fields, atMs }: HookedEvent): readonly WebhookMessage[] {
    if (textIn(fields, "kind") !== "crash") return [];
    const [service, pid] = [textIn(fields, "service"), numberIn(fields, "servicePid")];
    const messages = [failureMessage(fields, atMs)];
    for (const [name, call] of this.#calls) {
      const isIts = call.service === service && (pid === undefined || call.pid === pid);
      if (!isIts || call.isLost) continue;
      this.#calls.set(name, { ...call, isLost: true });
      messages.push(endMessage(call, { by: "service", reason: lostReason }, atMs));
    }
    return messages;
  }

  #turn({ stream, fields, callKey, atMs }: HookedEvent): readonly WebhookMessage[] {
    const complete = this.#turns.take(stream, fields);
    const withWords = this.#options.details.includes("words");
    return complete.map(({ question, answer, ...rest }) => ({
      kind: "turn",
      order: callKey,
      atMs,
      data: { call: callKey, ...rounded(rest), ...(withWords ? { question, answer } : {}) },
    }));
  }
}

/** Times are whole microseconds: clocks give digits that say nothing. */
function rounded(fields: Fields): Fields {
  const entries = Object.entries(fields).map(([name, value]): [string, unknown] => [
    name,
    typeof value === "number" ? Math.round(value * 1000) / 1000 : value,
  ]);
  return Object.fromEntries(entries);
}

type EndedCall = Pick<StartedCall, "callKey" | "about" | "answeredMs">;

/** `fields`: of the event that tells the end. */
function endMessage(
  { callKey, about, answeredMs }: EndedCall,
  fields: Fields,
  atMs: number,
): WebhookMessage {
  const statistics = objectIn(fields, "statistics");
  const data = {
    ...about,
    by: textIn(fields, "by"),
    reason: textIn(fields, "reason"),
    status: numberIn(fields, "status") ?? null,
    answered: answeredMs === undefined ? null : new Date(answeredMs).toISOString(),
    durationMs:
      numberIn(fields, "durationMs") ?? (answeredMs === undefined ? 0 : atMs - answeredMs),
    meanOpinionScore: numberIn(statistics, "meanOpinionScore") ?? null,
  };
  return { kind: "call.ended", order: callKey, atMs, data };
}

/** Without the last lines of its log. */
function failureMessage(fields: Fields, atMs: number): WebhookMessage {
  const service = textIn(fields, "service");
  const restartInMs = numberIn(fields, "restartInMs") ?? null;
  const data = { service, reason: textIn(fields, "reason"), restartInMs };
  return { kind: "service.failed", order: `service ${service}`, atMs, data };
}
