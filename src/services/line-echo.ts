/** Keeps the agent's voice that a call's line brings back from whisper, whatever codec the line speaks. */
import { EchoGuard } from "../audio/echo-guard.ts";
import type { OptionTable } from "../config/options.ts";
import type { PlayoutEncoder } from "../outbound/playout.ts";

export const lineEchoOptions = {
  "no-echo-guard": {
    kind: "boolean",
    help: "pass on to whisper what comes back of the agent's own voice",
  },
} as const satisfies OptionTable;

/** An encoder that tells what its frames sound like. */
export interface LineFrameEncoder extends PlayoutEncoder {
  /** Of `samples`: 16000 for G.722, else 8000. */
  readonly rateHz: number;
  /** The frame that was made last, before it was encoded; valid until the next one. */
  readonly samples: Float32Array;
}

export class LineEcho {
  readonly #encoder: LineFrameEncoder;
  #rateHz: number;
  #guard: EchoGuard;

  constructor(encoder: LineFrameEncoder) {
    this.#encoder = encoder;
    this.#rateHz = encoder.rateHz;
    this.#guard = createGuard(this.#rateHz);
  }

  /**
   * A frame period of the line is over. The caller heard the encoder's last frame in it, or silence, and
   * nothing in the `missed` periods before it.
   */
  sent(isSounding: boolean, missed: number): void {
    const { rateHz, samples } = this.#encoder;
    if (rateHz !== this.#rateHz) this.#renew(rateHz);
    const { length } = samples;
    if (missed > 0) this.#guard.played(undefined, missed * length);
    this.#guard.played(isSounding ? samples : undefined, length);
  }

  /** What whisper may hear of 16 kHz that came: the same samples, changed in place, or a reused buffer. */
  clean(samples: Float32Array): Float32Array {
    return this.#guard.clean(samples);
  }

  /** No private data. */
  status(): Record<string, unknown> {
    const { delayMs, lossDb, cancelledDb, ...counts } = this.#guard.status();
    return { delayMs, lossDb: round(lossDb), cancelledDb: round(cancelledDb), ...counts };
  }

  /** What was learnt belongs to the sound of the codec before. */
  #renew(rateHz: number): void {
    this.#rateHz = rateHz;
    this.#guard = createGuard(rateHz);
  }
}

function createGuard(rateHz: number): EchoGuard {
  return new EchoGuard({ rateHz: rateHz === 16_000 ? 16_000 : 8000 });
}

/** For people. */
function round(decibels: number | undefined): number | undefined {
  return decibels === undefined ? undefined : Number(decibels.toFixed(1));
}
