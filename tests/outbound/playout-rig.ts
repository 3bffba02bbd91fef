/** A playout on a clock that stands still, with all that it tells and all that its line hears. */
import { Playout, type PlayoutOptions } from "../../src/outbound/playout.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { PlainEncoder, samplesOf } from "./plain-encoder.ts";

const frameMs = 20;

export class PlayoutRig {
  readonly clock = new FakeClock();
  readonly encoder = new PlainEncoder();
  readonly told: string[] = [];
  /** What the voice is told of its replies. */
  readonly reports: string[] = [];
  readonly heard: number[] = [];
  readonly playout: Playout;
  #replies = 0;

  constructor(options: Partial<PlayoutOptions> = {}) {
    this.playout = new Playout({
      encoder: this.encoder,
      clock: this.clock,
      listener: {
        full: () => this.told.push("full"),
        room: () => this.told.push("room"),
        drained: () => this.told.push("drained"),
        played: ({ source, playedMs, totalMs, isInterrupted }) =>
          this.told.push(`${isInterrupted ? "cut" : "said"} ${source} ${playedMs} of ${totalMs}`),
        stream: ({ stream, samples, waitMs, isOver }) =>
          this.reports.push(
            `${isOver ? "over" : "begun"} ${stream.number}: ${samples} after ${waitMs}`,
          ),
      },
      ...options,
    });
  }

  beginReply(): void {
    this.#replies += 1;
    this.playout.beginReply({ connection: 1, number: this.#replies });
  }

  reply(...parts: readonly number[]): void {
    this.beginReply();
    for (const ms of parts) this.write(ms);
    this.playout.endReply();
  }

  write(ms: number, level = 0.5): void {
    this.playout.write(new Float32Array(ms * 8).fill(level), 8000);
  }

  /** Lets the line take its frames. */
  run(ms: number): void {
    for (let elapsedMs = 0; elapsedMs < ms; elapsedMs += frameMs) {
      this.heard.push(...samplesOf(this.playout.next()));
      this.clock.advance(frameMs);
    }
  }

  /** Milliseconds that were heard at this level. */
  heardMs(level: number): number {
    return this.heard.filter((sample) => sample === Math.fround(level)).length / 8;
  }
}
