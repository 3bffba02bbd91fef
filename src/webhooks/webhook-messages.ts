/**
 * What the events of the services mean for those outside: calls that start and end, turns, and services
 * that fail. The same events give the same messages again, so that nothing of this is kept on disk.
 */
import { parseNameAddress } from "../call/sip/message/name-address.ts";
import { remoteParty } from "../services/remote-party.ts";
import { type Fields, numberIn, objectIn, textIn } from "../web/live/event-fields.ts";
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

const phones: readonly string[] = ["sip", "audiosocket", "web"];
/** Kinds by which a telephone first tells of a call. */
const beginnings: readonly string[] = ["ringing", "began", "established"];
/** Far above the calls that are up at a time. */
const maxCalls = 2000;

export class WebhookMessages {
  readonly #options: WebhookMessagesOptions;
  readonly #turns = new TurnBook();
  /** Calls that have started, and when they were answered. */
  readonly #calls = new Map<string, { answeredMs: number | undefined }>();

  constructor(options: WebhookMessagesOptions) {
    this.#options = options;
  }

  /** Those that are wanted, without what is not to be told. */
  take(event: HookedEvent): readonly WebhookMessage[] {
    return this.#read(event).filter(({ kind }) => this.#options.kinds.includes(kind));
  }

  #read(event: HookedEvent): readonly WebhookMessage[] {
    const { service } = event;
    if (service === "supervisor") return serviceFailure(event);
    if (phones.includes(service)) return this.#phone(event);
    return service === "llama" ? this.#turn(event) : [];
  }

  #phone(event: HookedEvent): readonly WebhookMessage[] {
    const { stream, fields, atMs } = event;
    const kind = textIn(fields, "kind");
    const key = textIn(fields, "key");
    if (key === "") return [];
    const name = `${stream}/${key}`;
    const known = this.#calls.get(name);
    if (kind === "established") this.#remember(name, known?.answeredMs ?? atMs);
    if (kind === "ended") {
      this.#calls.delete(name);
      return [this.#message("call.ended", event, endOf(fields, known?.answeredMs, atMs))];
    }
    if (known !== undefined || !beginnings.includes(kind)) return [];
    this.#remember(name, kind === "established" ? atMs : undefined);
    return [this.#message("call.started", event, {})];
  }

  #remember(name: string, answeredMs: number | undefined): void {
    this.#calls.set(name, { answeredMs });
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > maxCalls && oldest !== undefined) this.#calls.delete(oldest);
  }

  #message(
    kind: WebhookKind,
    { callKey, fields, atMs, service }: HookedEvent,
    more: Fields,
  ): WebhookMessage {
    const direction = textIn(fields, "direction") || "incoming";
    const about = { call: callKey, service, line: textIn(fields, "line"), direction };
    const data = { ...about, ...this.#numbers(fields), ...more };
    return { kind, order: callKey, atMs, data };
  }

  #numbers(fields: Fields): Fields {
    if (!this.#options.details.includes("numbers")) return {};
    const told = textIn(fields, "remote");
    const address = parseNameAddress(told);
    const party = address === undefined ? undefined : remoteParty(address);
    return { remote: party?.remote ?? told, name: textIn(fields, "name") || (party?.name ?? "") };
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

function endOf(fields: Fields, answeredMs: number | undefined, atMs: number): Fields {
  const statistics = objectIn(fields, "statistics");
  return {
    by: textIn(fields, "by"),
    reason: textIn(fields, "reason"),
    status: numberIn(fields, "status") ?? null,
    answered: answeredMs === undefined ? null : new Date(answeredMs).toISOString(),
    durationMs:
      numberIn(fields, "durationMs") ?? (answeredMs === undefined ? 0 : atMs - answeredMs),
    meanOpinionScore: numberIn(statistics, "meanOpinionScore") ?? null,
  };
}

/** Without the last lines of its log. */
function serviceFailure({ fields, atMs }: HookedEvent): readonly WebhookMessage[] {
  if (textIn(fields, "kind") !== "crash") return [];
  const service = textIn(fields, "service");
  const restartInMs = numberIn(fields, "restartInMs") ?? null;
  const data = { service, reason: textIn(fields, "reason"), restartInMs };
  return [{ kind: "service.failed", order: `service ${service}`, atMs, data }];
}
