/** One receiver of webhooks: sends what waits for it, and leaves it alone for a while when it fails. */
import { hideCredentials } from "../config/hidden-credentials.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import {
  nextReceiverState,
  type ReceiverInput,
  type ReceiverState,
  sendsAtOnce,
} from "./receiver-states.ts";
import { giveUpAfterMs, messagePace, pauseMs, receiverPace } from "./retry-pace.ts";
import { type Lane, WebhookLanes } from "./webhook-lanes.ts";
import { type PostOutcome, postWebhook } from "./webhook-post.ts";
import type { ReceiverRow, WaitingMessage, WebhookSpool } from "./webhook-spool.ts";

export interface WebhookReceiverOptions {
  readonly row: ReceiverRow;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Undefined while there is no secret: then everything waits. */
  readonly key: () => Uint8Array | undefined;
  /** Undefined while the disk refuses. */
  readonly spool: () => WebhookSpool | undefined;
}

export interface LastDelivery {
  readonly atMs: number;
  readonly isDelivered: boolean;
  readonly status: number | undefined;
  readonly tookMs: number;
}

export interface ReceiverView {
  readonly id: number;
  /** Without a password in it. */
  readonly url: string;
  readonly state: ReceiverState;
  readonly waiting: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly last: LastDelivery | undefined;
  /** Why it failed the last time, in words; undefined when it did not. */
  readonly problem: string | undefined;
  /** Until it is tried again. */
  readonly nextInMs: number | undefined;
}

/** So many failures in a row are an outage of the receiver, and no fault of single messages. */
const outageFailures = 3;
/** While the disk refuses. */
const diskPauseMs = 2000;

export class WebhookReceiver {
  readonly #options: WebhookReceiverOptions;
  readonly #lanes = new WebhookLanes();
  readonly #stop = new AbortController();
  readonly #log: Logger;
  #state: ReceiverState;
  #underWay = 0;
  #failures = 0;
  #counts: { readonly delivered: number; readonly dropped: number };
  #last: LastDelivery | undefined;
  #problem: string | undefined;
  #timer: Timer | undefined;
  #dueMs: number | undefined;

  constructor(options: WebhookReceiverOptions) {
    const { row, log } = options;
    this.#options = options;
    this.#state = row.goneMs === null ? "open" : "gone";
    this.#counts = row;
    // An address may hold a secret in its path.
    this.#log = log.child({ receiver: new URL(row.url).host });
  }

  get row(): ReceiverRow {
    return this.#options.row;
  }

  get isGone(): boolean {
    return this.#state === "gone";
  }

  add(messages: readonly WaitingMessage[]): void {
    if (this.isGone) return;
    for (const message of messages) this.#lanes.add(message);
    this.pump();
  }

  /** Messages before that one had to make room. */
  forgetBefore(id: number): void {
    this.#lanes.forgetBefore(id);
  }

  view(): ReceiverView {
    const { row, clock, spool } = this.#options;
    const counts = this.#attempt(() => spool()?.counts(row.id));
    if (counts !== undefined && counts !== "refused") this.#counts = counts;
    return {
      id: row.id,
      url: hideCredentials(row.url),
      state: this.#state,
      waiting: this.#lanes.count,
      delivered: this.#counts.delivered,
      dropped: this.#counts.dropped,
      last: this.#last,
      problem: this.#problem,
      nextInMs: this.#dueMs === undefined ? undefined : Math.max(0, this.#dueMs - clock.nowMs()),
    };
  }

  /** At once, past what waits; a receiver that wanted no more and takes it gets messages again. */
  async test(name: string, body: string, key: Uint8Array): Promise<PostOutcome> {
    const { row, clock, spool } = this.#options;
    const outcome = await this.#post({ name, body }, key);
    this.#note(outcome, clock.wallMs());
    if (outcome.kind !== "delivered") return outcome;
    if (this.isGone) {
      this.#attempt(() => spool()?.revived(row.id));
      this.#input("revived");
    }
    this.#recover();
    this.pump();
    return outcome;
  }

  /** Sends as many as may be under way. */
  pump(): void {
    const { key, spool, clock } = this.#options;
    const [knownKey, disk] = [key(), spool()];
    if (this.#stop.signal.aborted || knownKey === undefined || disk === undefined) return;
    while (this.#underWay < sendsAtOnce(this.#state)) {
      const nowMs = clock.nowMs();
      const isProbe = this.#state === "probing";
      const lane = isProbe ? this.#lanes.takeAny(nowMs) : this.#lanes.take(nowMs);
      if (lane === undefined) break;
      const sent = this.#read(lane, disk);
      // Another one cannot be read either: a receiver that is probed would be given this one for ever.
      if (sent === "refused") break;
      if (sent === undefined) continue;
      this.#underWay += 1;
      void this.#deliver(sent, knownKey);
    }
    this.#wait();
  }

  close(): void {
    this.#stop.abort();
    this.#timer?.cancel();
    this.#lanes.clear();
  }

  /** Undefined when its message had to make room. */
  #read(lane: Lane, spool: WebhookSpool): Sent | "refused" | undefined {
    const [message] = lane.queue;
    const text = message === undefined ? undefined : this.#attempt(() => spool.read(message.id));
    if (text === "refused") {
      this.#lanes.putOff(lane, this.#nowMs + diskPauseMs);
      return text;
    }
    if (message !== undefined && text !== undefined) return { lane, message, spool, text };
    this.#lanes.finished(lane);
    return undefined;
  }

  async #deliver(sent: Sent, key: Uint8Array): Promise<void> {
    const outcome = await this.#post(sent.text, key);
    if (this.#stop.signal.aborted) return;
    this.#underWay -= 1;
    this.#judge(outcome, sent);
    this.pump();
  }

  async #post({ name, body }: MessageText, key: Uint8Array): Promise<PostOutcome> {
    const { row, clock } = this.#options;
    return await postWebhook({ url: row.url, key, id: name, body }, clock, this.#stop.signal);
  }

  #judge(outcome: PostOutcome, sent: Sent): void {
    const { row, clock } = this.#options;
    const { lane, message, spool } = sent;
    this.#note(outcome, clock.wallMs());
    // What it wanted no more may still be under way.
    if (this.isGone) return;
    switch (outcome.kind) {
      case "delivered":
        this.#attempt(() => spool.delivered(row.id, message.id));
        this.#lanes.finished(lane);
        this.#recover();
        return;
      case "gone":
        this.#attempt(() => spool.gone(row.id, clock.wallMs()));
        this.#lanes.clear();
        this.#input("gone");
        this.#log.warn("a webhook receiver wants no more messages: it answered 410", {
          advice: "take it out of [webhooks] url, or send it a test from the page Access",
        });
        return;
      case "failed":
        this.#fail(outcome.problem, sent);
    }
  }

  #fail(problem: string, { lane, message, spool }: Sent): void {
    const { row, clock, random } = this.#options;
    if (clock.wallMs() - message.atMs > giveUpAfterMs) {
      this.#attempt(() => spool.dropped(row.id, message.id));
      this.#lanes.finished(lane);
      this.#log.warn("a webhook was given up: its receiver did not take it for days", { problem });
    } else {
      this.#attempt(() => spool.tried(row.id, message.id));
      this.#lanes.failed(lane, this.#nowMs + pauseMs(lane.failures + 1, messagePace, random));
    }
    // What was sent at the same time fails for the same reason, and counts once.
    if (this.#state === "pausing") return;
    this.#failures += 1;
    if (this.#failures === 1) {
      this.#log.warn("a webhook receiver does not take a message; it is tried again", { problem });
    }
    this.#dueMs = this.#nowMs + pauseMs(this.#failures, receiverPace, random);
    this.#input("failed");
  }

  #recover(): void {
    if (this.#failures >= outageFailures) {
      this.#lanes.wakeAll();
      const { count: waiting } = this.#lanes;
      this.#log.info("a webhook receiver takes messages again", { waiting });
    }
    this.#failures = 0;
    this.#dueMs = undefined;
    this.#input("delivered");
  }

  #note(outcome: PostOutcome, atMs: number): void {
    const { status, tookMs } = outcome;
    this.#last = { atMs, isDelivered: outcome.kind === "delivered", status, tookMs };
    this.#problem = problemOf(outcome);
  }

  #input(input: ReceiverInput): void {
    this.#state = nextReceiverState(this.#state, input);
  }

  /** Until the pause is over, or the first message that was refused may be tried again. */
  #wait(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    const dueMs = this.#state === "pausing" ? this.#dueMs : this.#nextLaneMs;
    if (dueMs === undefined) return;
    this.#timer = clock.after(Math.max(1, dueMs - this.#nowMs), () => {
      this.#timer = undefined;
      if (this.#state === "pausing") {
        this.#dueMs = undefined;
        this.#input("due");
      }
      this.pump();
    });
  }

  /** Undefined while all that may be are under way: then their ends go on. */
  get #nextLaneMs(): number | undefined {
    return this.#underWay < sendsAtOnce(this.#state) ? this.#lanes.nextMs : undefined;
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  #attempt<Result>(action: () => Result): Result | "refused" {
    try {
      return action();
    } catch (error) {
      this.#log.warn("the webhooks that wait cannot be read or written", {
        reason: describeError(error),
      });
      return "refused";
    }
  }
}

interface MessageText {
  readonly name: string;
  readonly body: string;
}

interface Sent {
  readonly lane: Lane;
  readonly message: WaitingMessage;
  readonly spool: WebhookSpool;
  readonly text: MessageText;
}

function problemOf(outcome: PostOutcome): string | undefined {
  if (outcome.kind === "failed") return outcome.problem;
  return outcome.kind === "gone" ? "it answered 410: it wants no more messages" : undefined;
}
