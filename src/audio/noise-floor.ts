/** Tracks how loud a line is when nobody speaks, from the levels of frames alone. */

export interface NoiseFloorOptions {
  /** Frames in which the quietest one counts: long enough to hold a gap between words. */
  readonly windowFrames: number;
  readonly startDbfs: number;
  /** Lower readings count as this much, or the end of digital silence would take long to learn. */
  readonly lowestDbfs: number;
  /** Falls happen at once; rises by at most this much, so that long vowels do not raise it. */
  readonly riseDbPerFrame: number;
}

/** Minimum statistics: the lowest frame level of the window, with a limit on how fast it rises. */
export class NoiseFloor {
  readonly #levels: Float64Array;
  readonly #lowestDbfs: number;
  readonly #riseDbPerFrame: number;
  #next = 0;
  #floorDbfs: number;

  constructor(options: NoiseFloorOptions) {
    this.#lowestDbfs = options.lowestDbfs;
    this.#riseDbPerFrame = options.riseDbPerFrame;
    this.#floorDbfs = Math.max(options.startDbfs, options.lowestDbfs);
    this.#levels = new Float64Array(options.windowFrames).fill(this.#floorDbfs);
  }

  get dbfs(): number {
    return this.#floorDbfs;
  }

  add(frameDbfs: number): void {
    this.#levels[this.#next] = Math.max(frameDbfs, this.#lowestDbfs);
    this.#next = (this.#next + 1) % this.#levels.length;
    let lowest = Number.POSITIVE_INFINITY;
    for (const level of this.#levels) lowest = Math.min(lowest, level);
    this.#floorDbfs = Math.min(lowest, this.#floorDbfs + this.#riseDbPerFrame);
  }
}
