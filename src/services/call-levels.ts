/** How loud both sides of a call are, a few times a second, for whoever watches. */
import { LevelMeter } from "../audio/level.ts";

/** RMS of what was there since the last ones, in dBFS. */
export interface LevelNote {
  readonly callerDbfs: number;
  readonly agentDbfs: number;
}

const noteEveryMs = 250;

export class CallLevels {
  readonly #tell: (note: LevelNote) => void;
  readonly #caller = new LevelMeter();
  readonly #agent = new LevelMeter();
  #sinceMs = 0;

  constructor(tell: (note: LevelNote) => void) {
    this.#tell = tell;
  }

  fromCaller(samples: Float32Array): void {
    this.#caller.add(samples);
  }

  /** Undefined: nothing was to be heard for so long. */
  toCaller(samples: Float32Array | undefined, frameMs: number): void {
    if (samples !== undefined) this.#agent.add(samples);
    this.#sinceMs += frameMs;
    if (this.#sinceMs < noteEveryMs) return;
    this.#sinceMs = 0;
    this.#tell({
      callerDbfs: Math.round(this.#caller.takeDbfs()),
      agentDbfs: Math.round(this.#agent.takeDbfs()),
    });
  }
}
