/**
 * The lanes of the built-in voice and the pieces that wait for one. Who speaks has one piece here at a
 * time, so that a long text takes its turn among the others.
 */
import { WildfireError } from "../../core/errors.ts";
import { speechAborted } from "./engine.ts";
import { FliteLane, type FliteLaneOptions } from "./flite-lane.ts";
import type { FlitePiece, SpokenPiece } from "./flite-synthesis.ts";

export interface FlitePoolOptions extends FliteLaneOptions {
  /** Threads. All start at once: a first text would wait longest for its own. */
  readonly lanes: number;
  /** Pieces that may wait. */
  readonly queueLimit: number;
}

interface WaitingPiece {
  readonly piece: FlitePiece;
  readonly signal: AbortSignal;
  readonly resolve: (spoken: SpokenPiece) => void;
  readonly reject: (error: unknown) => void;
}

export class FlitePool {
  readonly #options: FlitePoolOptions;
  readonly #waiting: WaitingPiece[] = [];
  #lanes: FliteLane[] = [];
  #closed: WildfireError | undefined;

  constructor(options: FlitePoolOptions) {
    this.#options = options;
    for (let count = 0; count < options.lanes; count += 1) this.#addLane();
  }

  /**
   * Rejects with a WildfireError; at once when it is aborted. A lane cannot be stopped in mid-piece: its
   * sound is thrown away when it comes.
   */
  async synthesise(piece: FlitePiece, signal: AbortSignal): Promise<SpokenPiece> {
    if (this.#closed !== undefined) throw this.#closed;
    if (signal.aborted) throw speechAborted();
    if (this.#waiting.length >= this.#options.queueLimit) throw tooMany(this.#waiting.length);
    const { promise, resolve, reject } = Promise.withResolvers<SpokenPiece>();
    const item = { piece, signal, resolve, reject };
    const abort = (): void => {
      const at = this.#waiting.indexOf(item);
      if (at >= 0) this.#waiting.splice(at, 1);
      reject(speechAborted());
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#waiting.push(item);
    this.#dispatch();
    return await promise.finally(() => signal.removeEventListener("abort", abort));
  }

  close(reason: WildfireError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    for (const lane of this.#lanes) lane.close(reason);
    this.#lanes = [];
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#closed === undefined) {
      const lane = this.#freeLane();
      if (lane === undefined) return;
      const item = this.#waiting.shift();
      if (item !== undefined) void this.#run(lane, item);
    }
  }

  async #run(lane: FliteLane, { piece, resolve, reject }: WaitingPiece): Promise<void> {
    try {
      resolve(await lane.speak(piece));
    } catch (error) {
      reject(error);
    }
    this.#dispatch();
  }

  /** A lane whose thread broke makes room for a new one. */
  #freeLane(): FliteLane | undefined {
    this.#lanes = this.#lanes.filter((lane) => !lane.isOver);
    const free = this.#lanes.find((lane) => !lane.isBusy);
    if (free !== undefined) return free;
    return this.#lanes.length < this.#options.lanes ? this.#addLane() : undefined;
  }

  #addLane(): FliteLane {
    const lane = new FliteLane(this.#options);
    this.#lanes.push(lane);
    return lane;
  }
}

function tooMany(waiting: number): WildfireError {
  return new WildfireError("state", `the built-in voice has ${waiting} texts waiting already`, {
    hint: "more calls speak at once than this machine can serve",
  });
}
