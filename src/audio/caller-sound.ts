/** What a caller says: RTP packets in, sound at 16 kHz out, in order and without a gap. */
import { ComfortNoise } from "./comfort-noise.ts";
import { Concealment } from "./concealment.ts";
import { decodeALaw, decodeMuLaw } from "./g711.ts";
import { G722Decoder } from "./g722-decoder.ts";
import { HalfbandUpsampler } from "./halfband-upsampler.ts";
import { JitterBuffer, type JitterBufferOptions } from "./jitter-buffer.ts";
import type { JitterBufferCounters } from "./jitter-buffer-counters.ts";
import type { PacketFormat, PacketHeader } from "./jitter-buffer-slots.ts";

export interface CallerSoundOptions extends JitterBufferOptions {
  /** 0 up to 1, evenly spread: for comfort noise. */
  readonly random: () => number;
}

/** 20 ms at 16 kHz. */
const blockSamples = 320;
const narrowRateHz = 8000;
const wideRateHz = 16_000;
/** The most that the jitter buffer gives at a time: 20 ms. */
const frameTicks = 160;

/** The receiving side of one call; all its memory is of fixed size. */
export class CallerSound {
  readonly #buffer: JitterBuffer;
  readonly #noise: ComfortNoise;
  readonly #narrowConcealment = new Concealment(narrowRateHz);
  readonly #wideConcealment = new Concealment(wideRateHz);
  readonly #upsampler = new HalfbandUpsampler(frameTicks);
  readonly #g722 = new G722Decoder();
  /** A frame at the rate of its codec. */
  readonly #frame = new Float32Array(2 * frameTicks);
  /** The block, and behind it what is left of a frame that did not end with it. */
  readonly #samples = new Float32Array(2 * blockSamples);
  readonly #block = this.#samples.subarray(0, blockSamples);
  #filled = 0;
  /** The codec's sound is at 16 kHz already. */
  #isWide = false;
  /** The peer has said what its silence sounds like, and is silent. */
  #isNoise = false;

  constructor(options: CallerSoundOptions) {
    this.#buffer = new JitterBuffer(options);
    this.#noise = new ComfortNoise(options.random);
  }

  get counters(): Readonly<JitterBufferCounters> {
    return this.#buffer.counters;
  }

  /** For how long an overdue packet is waited for at the moment. */
  get waitMs(): number {
    return this.#buffer.waitMs;
  }

  /**
   * Takes the packet of one SSRC; the codec may differ from packet to packet. Telephone events must be
   * told too, as `event`, or they would count as lost.
   */
  receive(header: PacketHeader, bytes: Uint8Array, arrivalMs: number, format: PacketFormat): void {
    this.#buffer.put(header, bytes, arrivalMs, format);
  }

  /** Another SSRC: its first packet comes next. */
  restart(): void {
    this.#buffer.restart();
    this.#g722.reset();
  }

  /**
   * The next 20 ms, in a reused buffer that is valid until the next call; undefined when there is nothing
   * for now. Call it every 20 ms, or when a packet has come, and again until it gives undefined: sound that
   * was held up comes all at once, and none of it is left out.
   */
  pull(nowMs: number): Float32Array | undefined {
    if (this.#filled >= blockSamples) {
      this.#samples.copyWithin(0, blockSamples, this.#filled);
      this.#filled -= blockSamples;
    }
    while (this.#filled < blockSamples) {
      if (!this.#append(nowMs)) return undefined;
    }
    return this.#block;
  }

  #append(nowMs: number): boolean {
    switch (this.#buffer.take(nowMs)) {
      case "empty":
        return false;
      case "frame":
        this.#appendSound();
        return true;
      case "noise":
        this.#isNoise = true;
        this.#noise.describe(this.#buffer.frame, this.#buffer.frameLength);
        return true;
      case "missing":
      case "silence":
        this.#appendFiller();
        return true;
    }
  }

  #appendSound(): void {
    const { frame, frameLength, format } = this.#buffer;
    this.#isNoise = false;
    this.#choosePath(format === "G722");
    // Whole frames are decoded, since a view of the valid part would be garbage.
    if (format === "PCMA") decodeALaw(frame, this.#frame);
    else if (format === "PCMU") decodeMuLaw(frame, this.#frame);
    else this.#g722.decode(frame, frameLength, this.#frame);
    this.#concealment.hear(this.#frame, this.#samplesOf(frameLength));
    this.#output(frameLength);
  }

  #appendFiller(): void {
    const ticks = this.#buffer.frameLength;
    const count = this.#samplesOf(ticks);
    if (this.#isNoise) {
      this.#noise.generate(this.#frame, count);
      this.#concealment.hear(this.#frame, count);
    } else {
      // Loss and silence begin alike: what was heard goes on for a moment and fades.
      this.#concealment.conceal(this.#frame, count);
    }
    this.#output(ticks);
  }

  get #concealment(): Concealment {
    return this.#isWide ? this.#wideConcealment : this.#narrowConcealment;
  }

  #samplesOf(ticks: number): number {
    return this.#isWide ? 2 * ticks : ticks;
  }

  #choosePath(isWide: boolean): void {
    if (isWide === this.#isWide) return;
    this.#isWide = isWide;
    this.#concealment.reset();
    this.#upsampler.reset();
    this.#g722.reset();
  }

  #output(ticks: number): void {
    if (this.#isWide) {
      for (let index = 0; index < 2 * ticks; index += 1) {
        this.#samples[this.#filled + index] = this.#frame[index] ?? 0;
      }
    } else {
      this.#upsampler.process(this.#frame, ticks, this.#samples, this.#filled);
    }
    this.#filled += 2 * ticks;
  }
}
