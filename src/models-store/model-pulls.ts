/** Downloads of models in the background of a service: one at a time, watched by whoever wants to. */
import type { Clock } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import type { DownloadLimits } from "./file-download.ts";
import type { KnownModel } from "./known-models.ts";
import { pullModel, type PullOptions } from "./pull-model.ts";
import { TransferRate } from "./transfer-rate.ts";

/** The present download, or how the last one ended. */
export interface PullState {
  readonly phase: "none" | "running" | "done" | "failed" | "cancelled";
  /** Empty when there was none. */
  readonly model: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  readonly bytesPerS: number | undefined;
  /** Estimated; undefined while nothing can be said. */
  readonly leftMs: number | undefined;
  /** What happens now or how it ended, one sentence. */
  readonly note: string;
  /** What to do, when it failed. */
  readonly hint: string;
}

export interface PullOrder {
  readonly model: KnownModel;
  readonly source: string;
  readonly sha256: string | undefined;
}

export interface ModelPullsOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Something is different; comes with each piece. */
  readonly onChange: () => void;
  /** How it ended. */
  readonly onEnd: (state: PullState) => void;
  readonly limits?: Partial<DownloadLimits>;
  /** For tests; the file system is asked unless given. */
  readonly freeBytes?: number;
}

const nothing: PullState = {
  phase: "none",
  model: "",
  doneBytes: 0,
  totalBytes: undefined,
  bytesPerS: undefined,
  leftMs: undefined,
  note: "",
  hint: "",
};

export class ModelPulls {
  readonly #options: ModelPullsOptions;
  #state = nothing;
  #rate = new TransferRate();
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ModelPullsOptions) {
    this.#options = options;
  }

  state(): PullState {
    const { doneBytes, totalBytes, phase } = this.#state;
    if (phase !== "running") return this.#state;
    const bytesPerS = this.#rate.bytesPerS(this.#options.clock.nowMs());
    const leftBytes = totalBytes === undefined ? undefined : totalBytes - doneBytes;
    const leftMs =
      leftBytes === undefined || bytesPerS === undefined || bytesPerS === 0
        ? undefined
        : (leftBytes * 1000) / bytesPerS;
    return { ...this.#state, bytesPerS, leftMs };
  }

  get current(): string | undefined {
    return this.#state.phase === "running" ? this.#state.model : undefined;
  }

  /** Returns at once. Throws a WildfireError("state") while another one is under way. */
  begin(order: PullOrder): void {
    const { current } = this;
    if (current !== undefined) {
      throw new WildfireError("state", `${current} is being downloaded`, {
        hint: "wait until that is done, or cancel it",
      });
    }
    const stop = new AbortController();
    this.#stop = stop;
    this.#rate = new TransferRate();
    this.#set({
      ...nothing,
      phase: "running",
      model: order.model.name,
      note: "the server is asked",
    });
    this.#running = this.#run(order, stop.signal);
  }

  /** What is there by then is kept. Throws a WildfireError("state") when that one is not under way. */
  cancel(model: string): void {
    if (this.current !== model) {
      throw new WildfireError("state", `${model} is not being downloaded`, {
        hint: "reload the page",
      });
    }
    this.#stop?.abort();
  }

  /** Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
  }

  async #run(order: PullOrder, signal: AbortSignal): Promise<void> {
    try {
      const { checkedBy, wasThere } = await pullModel(this.#pullOptions(order, signal));
      const checked = checkedBy === undefined ? "its SHA-256 was not told" : "its SHA-256 is right";
      this.#end({ phase: "done", note: wasThere ? "it was here already" : checked, hint: "" });
    } catch (error) {
      if (signal.aborted) {
        const hint = "the next download goes on where this one was";
        this.#end({ phase: "cancelled", note: "", hint });
        return;
      }
      const isKnown = error instanceof WildfireError;
      const note = isKnown ? error.message : describeError(error);
      this.#end({ phase: "failed", note, hint: isKnown ? (error.hint ?? "") : "" });
    }
  }

  #pullOptions(order: PullOrder, signal: AbortSignal): PullOptions {
    const { folder, clock, limits, freeBytes } = this.#options;
    const { model, source, sha256 } = order;
    return {
      model,
      folder,
      place: source,
      sha256,
      clock,
      signal,
      ...(limits === undefined ? {} : { limits }),
      ...(freeBytes === undefined ? {} : { freeBytes }),
      onProgress: (doneBytes, totalBytes) => {
        this.#rate.add(clock.nowMs(), doneBytes);
        const isComplete = doneBytes === totalBytes;
        this.#set({ doneBytes, totalBytes, note: isComplete ? "it is checked" : "" });
      },
      onNote: (note) => this.#set({ note }),
    };
  }

  #set(change: Partial<PullState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onChange();
  }

  #end(change: Pick<PullState, "phase" | "note" | "hint">): void {
    this.#stop = undefined;
    this.#set(change);
    this.#options.onEnd(this.#state);
  }
}
