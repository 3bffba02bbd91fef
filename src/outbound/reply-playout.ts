/** The whole reply side of one call: what the voice sends, and a greeting, become frames for its line. */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { CallId } from "../wire/call-id.ts";
import type { PlayedReport } from "./played-spans.ts";
import type { StreamReport } from "./played-streams.ts";
import { type Greeting, Playout, type PlayoutEncoder } from "./playout.ts";
import { ReplyLink } from "./reply-link.ts";

export interface ReplyPlayoutListener {
  /** A greeting or a reply is over, and so much of it was played. */
  played(report: PlayedReport): void;
  /** A reply's first frame goes to the line, so long after its first sample came. */
  speaking(waitMs: number): void;
  /** All that there was to say has been said. */
  drained(): void;
}

export interface ReplyPlayoutOptions {
  readonly callId: CallId;
  /** Address on which the voice announces its audio. */
  readonly bind: string;
  readonly encoder: PlayoutEncoder;
  readonly greeting?: Greeting | undefined;
  readonly listener: ReplyPlayoutListener;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ReplyPlayout {
  readonly #playout: Playout;
  #replies: ReplyLink | undefined;

  private constructor({ encoder, greeting, clock, listener }: ReplyPlayoutOptions) {
    this.#playout = new Playout({
      encoder,
      greeting,
      clock,
      listener: {
        full: () => this.#replies?.pause(),
        room: () => this.#replies?.resume(),
        drained: () => listener.drained(),
        played: (report) => listener.played(report),
        stream: (report) => this.#told(report, listener),
      },
    });
  }

  /** Throws a WildfireError("socket") when the call's port cannot be opened. */
  static async open(options: ReplyPlayoutOptions): Promise<ReplyPlayout> {
    const opened = new ReplyPlayout(options);
    await opened.#listen(options);
    return opened;
  }

  /** The frame for this period; undefined when there is nothing to be heard. Valid until the next call. */
  next(): Uint8Array | undefined {
    return this.#playout.next();
  }

  /** What is being said, and what waits, is forgotten within one frame. */
  interrupt(): void {
    this.#playout.interrupt();
  }

  /** Nothing is played and nothing is lost: for a call on hold. */
  hold(isOn: boolean): void {
    this.#playout.hold(isOn);
  }

  /** Time goes on, but the caller hears nothing. */
  mute(isOn: boolean): void {
    this.#playout.mute(isOn);
  }

  /** What the caller heard of a reply that ends here is still told. */
  close(): void {
    this.#playout.close();
    this.#replies?.close();
  }

  status(): Record<string, unknown> {
    return { link: this.#replies?.status(), ...this.#playout.status() };
  }

  #told(report: StreamReport, listener: ReplyPlayoutListener): void {
    if (!report.isOver) listener.speaking(report.waitMs);
    this.#replies?.report(report);
  }

  async #listen({ callId, bind, clock, log }: ReplyPlayoutOptions): Promise<void> {
    const playout = this.#playout;
    this.#replies = await ReplyLink.open({
      callId,
      bind,
      clock,
      log,
      listener: {
        replyBegan: (stream) => playout.beginReply(stream),
        replySamples: (samples, rateHz) => playout.write(samples, rateHz),
        replyEnded: () => playout.endReply(),
        speech: () => playout.interrupt(),
        silence: () => playout.callerSilent(),
        pause: () => playout.pause(),
        resume: () => playout.resume(),
      },
    });
    if (playout.isFull) this.#replies.pause();
  }
}
