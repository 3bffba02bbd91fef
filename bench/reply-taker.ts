/** Takes one call's replies as outbound does, and tells the voice that all of them were played. */
import { systemClock } from "../src/core/clock.ts";
import { createLogger } from "../src/core/log.ts";
import type { ReplyStream } from "../src/outbound/played-streams.ts";
import { ReplyLink } from "../src/outbound/reply-link.ts";
import { callIdOf } from "../src/wire/call-id.ts";

const waitMs = 10;

export class ReplyTaker {
  /** Replies that held sound and are over. */
  replies = 0;
  /** When sound came first since somebody set this to undefined, by performance.now(). */
  firstSoundMs: number | undefined;
  #link: ReplyLink | undefined;
  #stream: ReplyStream | undefined;
  #samples = 0;

  static async open(callId: number): Promise<ReplyTaker> {
    const taker = new ReplyTaker();
    taker.#link = await ReplyLink.open({
      callId: callIdOf(callId),
      bind: "127.0.0.1",
      clock: systemClock,
      log: createLogger({ level: "error", clock: systemClock, sink: () => undefined }),
      listener: {
        replyBegan: (stream) => taker.#began(stream),
        replySamples: (samples) => taker.#took(samples),
        replyEnded: () => taker.#ended(),
        speech: () => undefined,
        silence: () => undefined,
        pause: () => undefined,
        resume: () => undefined,
      },
    });
    return taker;
  }

  get isConnected(): boolean {
    const state = this.#link?.status().state;
    return state === "open" || state === "spent";
  }

  close(): void {
    this.#link?.close();
  }

  #began(stream: ReplyStream): void {
    this.#stream = stream;
    this.#samples = 0;
    this.#link?.report({ stream, samples: 0, waitMs, isOver: false });
  }

  #took(samples: Float32Array): void {
    this.firstSoundMs ??= performance.now();
    this.#samples += samples.length;
  }

  #ended(): void {
    const stream = this.#stream;
    if (stream === undefined || this.#samples === 0) return;
    this.replies += 1;
    this.#link?.report({ stream, samples: this.#samples, waitMs, isOver: true });
  }
}
