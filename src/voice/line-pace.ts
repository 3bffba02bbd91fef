/**
 * When the line plays which sample of one reply stream: at the pace of speech from where it began, and
 * standing still where the voice handed on too late. Pure.
 */

/** From `samples` on, which play at `atMs`, without a gap. */
interface Stretch {
  readonly samples: number;
  readonly atMs: number;
}

/** The line may take the next frame so much later than sound comes that it has waited for, on average. */
const resumeMs = 10;
/** Stretches that are kept; a stream that was late more often is thought to be ahead of the line. */
const maxStretches = 1000;

export class LinePace {
  readonly #rateHz: number;
  /** Where sound came after the line must have played all before it. The first is where the stream begins. */
  readonly #handed: Stretch[] = [];
  #handedSamples = 0;
  /** Until then what was handed on lasts, on a line that began at once. */
  #lastsUntilMs = 0;
  #told: Stretch | undefined;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  handOn(samples: number, nowMs: number): void {
    const isFirst = this.#handed.length === 0;
    const comesAtMs = isFirst ? nowMs : nowMs + resumeMs;
    // A line that began later has even more left to play: a gap that is none here is none there.
    if (isFirst || comesAtMs > this.#lastsUntilMs) {
      this.#handed.push({ samples: this.#handedSamples, atMs: comesAtMs });
      if (this.#handed.length > maxStretches) this.#handed.shift();
      this.#lastsUntilMs = comesAtMs;
    }
    this.#handedSamples += samples;
    this.#lastsUntilMs += this.#msOf(samples);
  }

  /** It is known that the line was there at that time; of an earlier place it was told before. */
  wasAt(samples: number, nowMs: number): void {
    if (this.#told !== undefined && samples <= this.#told.samples) return;
    this.#told = { samples: Math.min(samples, this.#handedSamples), atMs: nowMs };
  }

  /** When the sample behind so many is played; `delayMs`: to the beginning, while that is not known. */
  beginsAtMs(samples: number, delayMs: number): number {
    const stretches = this.#stretches(delayMs);
    const stretch = stretches.findLast((one) => one.samples <= samples) ?? stretches[0];
    return this.#timeIn(stretch, samples);
  }

  /** When so many have been played. */
  endsAtMs(samples: number, delayMs: number): number {
    const stretches = this.#stretches(delayMs);
    const stretch = stretches.findLast((one) => one.samples < samples) ?? stretches[0];
    return this.#timeIn(stretch, samples);
  }

  /** How many have been played; never more than were handed on. */
  samplesAt(nowMs: number, delayMs: number): number {
    const stretches = this.#stretches(delayMs);
    const at = stretches.findLastIndex(({ atMs }) => atMs <= nowMs);
    const stretch = stretches[Math.max(0, at)];
    if (stretch === undefined) return 0;
    const end = stretches[Math.max(0, at) + 1]?.samples ?? this.#handedSamples;
    const samples = stretch.samples + ((nowMs - stretch.atMs) * this.#rateHz) / 1000;
    return Math.max(0, Math.min(end, samples));
  }

  #stretches(delayMs: number): readonly Stretch[] {
    const [first] = this.#handed;
    if (first === undefined) return [];
    const stretches = [this.#told ?? { ...first, atMs: first.atMs + delayMs }];
    for (const { samples, atMs } of this.#handed) {
      const before = stretches.at(-1);
      if (before === undefined || samples <= before.samples) continue;
      stretches.push({ samples, atMs: Math.max(atMs, this.#timeIn(before, samples)) });
    }
    return stretches;
  }

  #timeIn(stretch: Stretch | undefined, samples: number): number {
    if (stretch === undefined) return Number.POSITIVE_INFINITY;
    return stretch.atMs + this.#msOf(samples - stretch.samples);
  }

  #msOf(samples: number): number {
    return (samples * 1000) / this.#rateHz;
  }
}
