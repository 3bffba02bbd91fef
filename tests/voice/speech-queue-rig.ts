/** The queue of a call with a scripted engine, and all that leaves it. */
import { LevelMemory } from "../../src/voice/speech-level.ts";
import {
  type PieceOrigin,
  SpeechQueue,
  type SpeechQueueOptions,
} from "../../src/voice/speech-queue.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { until } from "../fakes/until.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

export const rateHz = 24_000;

export class SpeechQueueRig {
  readonly clock = new FakeClock();
  readonly pieces: Float32Array[] = [];
  readonly origins: (PieceOrigin & { readonly samples: number })[] = [];
  readonly told: string[] = [];
  readonly ended: string[] = [];
  readonly output = {
    hasRoom: true,
    write: (samples: Float32Array, from: PieceOrigin): void => {
      this.pieces.push(samples.slice());
      this.origins.push({ ...from, samples: samples.length });
    },
  };
  readonly engine: ScriptedEngine;
  readonly queue: SpeechQueue;

  constructor(options: Partial<SpeechQueueOptions> = {}, engine = new ScriptedEngine()) {
    this.engine = engine;
    this.queue = new SpeechQueue({
      engine,
      output: this.output,
      listener: {
        clauseBegan: (turn, waitedMs) => this.told.push(`began ${turn} after ${waitedMs}`),
        clauseFailed: (turn, reason) => this.told.push(`failed ${turn}: ${reason}`),
        clauseEnded: ({ text }) => this.ended.push(text),
        drained: () => this.told.push("drained"),
      },
      clock: this.clock,
      levels: new LevelMemory(),
      rateHz,
      ...options,
    });
  }

  get samples(): Float32Array {
    return Float32Array.from(this.pieces.flatMap((piece) => [...piece]));
  }

  get handedMs(): number {
    return (this.pieces.reduce((sum, { length }) => sum + length, 0) * 1000) / rateHz;
  }

  /** Lets time pass until all was said. */
  async speaksOut(): Promise<void> {
    await until(() => {
      this.clock.advance(20);
      return this.queue.isIdle && this.told.at(-1) === "drained";
    }, "the end of the speech");
  }

  async hands(leastMs: number): Promise<void> {
    await until(() => this.handedMs >= leastMs, `${leastMs} ms`);
  }
}
