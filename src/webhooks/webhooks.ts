/**
 * All webhooks of a host: events become messages, messages wait on disk, and each receiver gets them at its
 * own pace. Nothing of it throws into whoever reads the events, and nothing holds events up.
 */
import type { Database } from "bun:sqlite";
import type { Clock, Timer } from "../core/clock.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { isBrokenSpool, openSpoolFile } from "./spool-file.ts";
import {
  type HookedEvent,
  WebhookMessages,
  type WebhookDetail,
  type WebhookKind,
  type WebhookMessage,
} from "./webhook-messages.ts";
import type { PostOutcome } from "./webhook-post.ts";
import { type ReceiverView, WebhookReceiver } from "./webhook-receiver.ts";
import { type SpoolEntry, type SpoolLimits, WebhookSpool } from "./webhook-spool.ts";

export interface WebhooksOptions {
  readonly path: string;
  readonly urls: readonly string[];
  readonly kinds: readonly WebhookKind[];
  readonly details: readonly WebhookDetail[];
  readonly limits: SpoolLimits;
  /** Undefined: there is no secret yet, and everything waits. */
  readonly key: Uint8Array | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Another file system than the real one, for tests. */
  readonly open?: () => Database;
}

export interface WebhooksView {
  readonly receivers: readonly ReceiverView[];
  readonly hasKey: boolean;
  /** Messages on disk. */
  readonly spooled: number;
  readonly spooledBytes: number;
  /** Events that the disk has not taken yet. */
  readonly waiting: number;
  /** Lost while the disk refused. */
  readonly lost: number;
  readonly problem: string | undefined;
}

/** One event, and where it stands in the events of its service. */
export interface NumberedHookedEvent extends HookedEvent {
  readonly seq: number;
}

const batchMs = 50;
/** Of one turn of the event loop. */
const batchEntries = 100;
/** While the disk refuses: hours of a small exchange. */
const maxWaiting = 20_000;
const maxWaitingCharacters = 32 << 20;
const firstRetryMs = 1000;
const longestRetryMs = 30_000;

export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #messages: WebhookMessages;
  readonly #repeated: RepeatedLog;
  /** Wall clock: what happens from now on is for new receivers, too. */
  readonly #startedMs: number;
  #key: Uint8Array | undefined;
  #spool: WebhookSpool | undefined;
  #receivers: readonly WebhookReceiver[] = [];
  #waiting: SpoolEntry[] = [];
  #waitingCharacters = 0;
  #lost = 0;
  #timer: Timer | undefined;
  #retryMs = firstRetryMs;
  #problem: string | undefined;
  #isClosed = false;

  constructor(options: WebhooksOptions) {
    const { clock, log, kinds, details } = options;
    this.#options = options;
    this.#key = options.key;
    this.#startedMs = clock.wallMs();
    this.#messages = new WebhookMessages({ kinds, details });
    this.#repeated = new RepeatedLog(log, clock);
    this.#flush();
  }

  /** Events of one stream come in order; those that were taken before are skipped. */
  take(event: NumberedHookedEvent): void {
    if (this.#isClosed || this.#options.urls.length === 0) return;
    const { stream, seq } = event;
    const messages = this.#messages.take(event);
    if (messages.length === 0) return;
    const named = messages.map((message, index) => ({
      name: nameOf(`${stream}/${seq}/${index}`),
      lane: message.order,
      atMs: message.atMs,
      body: bodyOf(message),
    }));
    this.#push({ position: { stream, seq }, messages: named });
    this.#timer ??= this.#options.clock.after(batchMs, () => this.#flush());
  }

  /** From now on everything is signed with it. */
  useKey(key: Uint8Array): void {
    this.#key = key;
    for (const receiver of this.#receivers) receiver.pump();
  }

  /** Rejects with a WildfireError("state") when it cannot even be tried. */
  async test(
    receiverId: number,
    randomBytes: (length: number) => Uint8Array,
  ): Promise<PostOutcome> {
    const receiver = this.#receivers.find(({ row }) => row.id === receiverId);
    if (receiver === undefined) {
      throw new WildfireError("state", `there is no webhook ${quote(String(receiverId))}`, {
        hint: "reload the page",
      });
    }
    if (this.#key === undefined) throw noSecret();
    const atMs = this.#options.clock.wallMs();
    const body = textOf("test", atMs, { message: "A test from Wildfire." });
    return await receiver.test(`msg_test_${randomBytes(12).toHex()}`, body, this.#key);
  }

  view(): WebhooksView {
    return {
      receivers: this.#receivers.map((receiver) => receiver.view()),
      hasKey: this.#key !== undefined,
      spooled: this.#spool?.count ?? 0,
      spooledBytes: this.#spool?.bytes ?? 0,
      waiting: this.#waiting.length,
      lost: this.#lost,
      problem: this.#problem,
    };
  }

  /** Writes what waits, if the disk takes it; what is under way is sent again by the next life. */
  close(): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    while (this.#waiting.length > 0 && this.#write());
    this.#isClosed = true;
    for (const receiver of this.#receivers) receiver.close();
    this.#shut();
    this.#repeated.close();
  }

  #push(entry: SpoolEntry): void {
    this.#waiting.push(entry);
    this.#waitingCharacters += charactersOf([entry]);
    while (
      this.#waiting.length > maxWaiting ||
      (this.#waitingCharacters > maxWaitingCharacters && this.#waiting.length > 1)
    ) {
      this.#drop(1);
      this.#lost += 1;
    }
  }

  /** The oldest. */
  #drop(count: number): void {
    this.#waitingCharacters -= charactersOf(this.#waiting.splice(0, count));
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#isClosed || this.#options.urls.length === 0) return;
    const isWritten = this.#write();
    if (isWritten && this.#waiting.length === 0) return;
    const delayMs = isWritten ? 0 : this.#retryMs;
    if (!isWritten) this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    this.#timer = this.#options.clock.after(delayMs, () => this.#flush());
  }

  /** False when the disk refused; then everything still waits. */
  #write(): boolean {
    const batch = this.#waiting.slice(0, batchEntries);
    try {
      const spool = this.#opened();
      const takers = this.#receivers.filter(({ isGone }) => !isGone);
      const rows = takers.map(({ row }) => row);
      const added = spool.add(batch, rows, this.#options.clock.wallMs());
      this.#drop(batch.length);
      this.#retryMs = firstRetryMs;
      this.#problem = undefined;
      const { firstId } = spool;
      for (const receiver of takers) {
        receiver.add(added.filter(({ receivers }) => receivers.includes(receiver.row.id)));
        receiver.forgetBefore(firstId);
      }
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #opened(): WebhookSpool {
    if (this.#spool !== undefined) return this.#spool;
    const { path, log, open } = this.#options;
    const db = open?.() ?? openSpoolFile(path, log);
    try {
      return this.#take(db);
    } catch (error) {
      // The next attempt opens it anew.
      db.close();
      throw error;
    }
  }

  /** All that can fail comes before anything is changed here. */
  #take(db: Database): WebhookSpool {
    const { log, limits, urls, clock, random } = this.#options;
    const spool = new WebhookSpool(db, limits);
    const rows = spool.receivers(urls, this.#startedMs);
    const waiting = rows.map((row) => spool.waiting(row.id));
    this.#spool = spool;
    for (const receiver of this.#receivers) receiver.close();
    const shared = { clock, log, random, key: () => this.#key, spool: () => this.#spool };
    this.#receivers = rows.map((row) => new WebhookReceiver({ row, ...shared }));
    for (const [index, receiver] of this.#receivers.entries()) receiver.add(waiting[index] ?? []);
    return spool;
  }

  #fail(error: unknown): void {
    this.#problem = describeError(error);
    // Opened again it is checked, and begun anew where it is broken.
    if (isBrokenSpool(error)) this.#shut();
    this.#repeated.say("error", "webhooks cannot be written down; they wait in memory", () => ({
      reason: describeError(error),
      waiting: this.#waiting.length,
      advice: "look at the space and the rights of the disk that holds the state folder",
    }));
  }

  #shut(): void {
    const spool = this.#spool;
    this.#spool = undefined;
    try {
      spool?.close();
    } catch (error) {
      const reason = describeError(error);
      this.#options.log.debug("the file of the webhooks was not closed in order", { reason });
    }
  }
}

function charactersOf(entries: readonly SpoolEntry[]): number {
  return entries.reduce(
    (sum, { messages }) => messages.reduce((all, { body }) => all + body.length, sum),
    0,
  );
}

function noSecret(): WildfireError {
  return new WildfireError("state", "webhooks have no secret to sign with", {
    hint: "make one on the page Access, or write webhook-secret into secrets.toml",
  });
}

const nameCharacters = 24;

/** The same for the same event, whenever it is read: receivers know by it what they have already. */
function nameOf(event: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(event).digest("hex");
  return `msg_${digest.slice(0, nameCharacters)}`;
}

function bodyOf({ kind, atMs, data }: WebhookMessage): string {
  return textOf(kind, atMs, data);
}

function textOf(type: string, atMs: number, data: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data });
}
