/** Gives lanes to those who wait for a text, and tells when there are too few lanes. */
import type { Clock } from "../core/clock.ts";
import type { DecodeJob, DecodeRequest, Recogniser, RecogniserStatus } from "./recogniser.ts";
import { WorkMeter } from "./work-meter.ts";

/** When the oldest final has waited this long, callers notice. */
const lateFinalMs = 3000;
const warnEveryMs = 30_000;

export interface Overload {
  readonly oldestFinalMs: number;
  readonly waitingFinals: number;
  readonly lanes: number;
  /** Lanes that the calls of the last half minute would have kept busy. */
  readonly neededLanes: number;
}

export interface SchedulerStatus extends RecogniserStatus {
  readonly waitingFinals: number;
  readonly oldestFinalMs: number;
  /** 0..1, of all lanes together in the last half minute. */
  readonly busyShare: number;
  /** Runs for watchers that were given up for somebody who waits. */
  readonly partialsDropped: number;
}

export interface LaneSchedulerOptions {
  readonly recogniser: Recogniser;
  readonly clock: Clock;
  readonly onOverload: (overload: Overload) => void;
}

interface Watched {
  readonly job: DecodeJob;
  isDone: boolean;
}

/** The native queue orders the jobs; this decides which of them are worth a lane at all. */
export class LaneScheduler implements Recogniser {
  readonly #options: LaneSchedulerOptions;
  readonly #work: WorkMeter;
  readonly #partials = new Set<Watched>();
  /** Finals that have no text yet, and when each became one; the oldest first. */
  readonly #finals = new Map<Watched, number>();
  #partialsDropped = 0;
  #lastWarningMs = Number.NEGATIVE_INFINITY;

  constructor(options: LaneSchedulerOptions) {
    this.#options = options;
    this.#work = new WorkMeter(options.clock.nowMs());
  }

  get modelAudioContext(): number {
    return this.#options.recogniser.modelAudioContext;
  }

  get idleLanes(): number {
    return this.#options.recogniser.idleLanes;
  }

  submit(request: DecodeRequest): DecodeJob {
    if (request.urgency !== "partial") this.#makeRoom();
    const job = this.#options.recogniser.submit(request);
    const watched: Watched = { job, isDone: false };
    if (request.urgency === "partial") this.#partials.add(watched);
    if (request.urgency === "final") this.#nowWaitedFor(watched);
    job.result.then(
      ({ decodeMs }) => this.#done(watched, decodeMs),
      () => this.#done(watched, undefined),
    );
    return { result: job.result, raise: () => this.#raise(watched), abort: () => job.abort() };
  }

  /** To be called now and then, so that a queue in which nothing moves is told too. */
  check(): void {
    const { clock, recogniser, onOverload } = this.#options;
    const nowMs = clock.nowMs();
    const oldestFinalMs = this.#oldestFinalMs(nowMs);
    if (oldestFinalMs < lateFinalMs || nowMs - this.#lastWarningMs < warnEveryMs) return;
    this.#lastWarningMs = nowMs;
    onOverload({
      oldestFinalMs,
      waitingFinals: this.#finals.size,
      lanes: recogniser.status().lanes,
      neededLanes: this.#work.neededLanes(nowMs),
    });
  }

  status(): SchedulerStatus {
    const { recogniser, clock } = this.#options;
    const nowMs = clock.nowMs();
    const status = recogniser.status();
    return {
      ...status,
      waitingFinals: this.#finals.size,
      oldestFinalMs: this.#oldestFinalMs(nowMs),
      busyShare: Math.min(1, this.#work.busyLanes(nowMs) / status.lanes),
      partialsDropped: this.#partialsDropped,
    };
  }

  close(): Promise<void> {
    return this.#options.recogniser.close();
  }

  #raise(watched: Watched): void {
    if (watched.isDone) return;
    watched.job.raise();
    this.#makeRoom();
    this.#nowWaitedFor(watched);
  }

  #nowWaitedFor(watched: Watched): void {
    const nowMs = this.#options.clock.nowMs();
    this.#finals.set(watched, nowMs);
    this.#work.arrived(nowMs);
  }

  /** `decodeMs` is undefined where there is no text, and nobody knows how long that took. */
  #done(watched: Watched, decodeMs: number | undefined): void {
    watched.isDone = true;
    this.#partials.delete(watched);
    const wasWaitedFor = this.#finals.delete(watched);
    if (decodeMs === undefined) return;
    const nowMs = this.#options.clock.nowMs();
    this.#work.worked(nowMs, decodeMs);
    if (wasWaitedFor) this.#work.completed(nowMs, decodeMs);
  }

  /** Runs for watchers give up their lanes when somebody needs one. */
  #makeRoom(): void {
    if (this.#options.recogniser.idleLanes > 0) return;
    this.#partialsDropped += this.#partials.size;
    for (const { job } of this.#partials) job.abort();
    this.#partials.clear();
  }

  #oldestFinalMs(nowMs: number): number {
    const oldest = this.#finals.values().next();
    return oldest.done === true ? 0 : Math.round(nowMs - oldest.value);
  }
}
