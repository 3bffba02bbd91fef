/** One worker thread of the built-in voice, which speaks one piece at a time. */
import type { Clock, Timer } from "../../core/clock.ts";
import { WildfireError } from "../../core/errors.ts";
import type { FromFliteWorker, ToFliteWorker } from "./flite-messages.ts";
import type { FlitePiece, FliteVoice, SpokenPiece } from "./flite-synthesis.ts";

export interface FliteLaneOptions {
  readonly workerUrl: URL;
  readonly modulePath: string;
  readonly warmUp: FliteVoice;
  readonly clock: Clock;
}

interface Job {
  readonly id: number;
  readonly deadline: Timer;
  readonly resolve: (spoken: SpokenPiece) => void;
  readonly reject: (error: WildfireError) => void;
}

/** A piece takes half a second at most; a machine that is overloaded is given time. */
const pieceLimitMs = 10_000;

export class FliteLane {
  readonly #clock: Clock;
  readonly #worker: Worker;
  #job: Job | undefined;
  #lastId = 0;
  #failure: WildfireError | undefined;

  /** The thread opens the module at once; what comes meanwhile waits in its queue. */
  constructor({ workerUrl, modulePath, warmUp, clock }: FliteLaneOptions) {
    this.#clock = clock;
    this.#worker = new Worker(workerUrl, { name: "wf-voice" });
    this.#worker.addEventListener("message", (event: MessageEvent<FromFliteWorker>) =>
      this.#take(event.data),
    );
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#end(new WildfireError("native", `the built-in voice broke: ${event.message}`));
    });
    this.#send({ kind: "open", modulePath, warmUp });
  }

  get isBusy(): boolean {
    return this.#job !== undefined;
  }

  /** Once its thread is gone, a lane speaks no more. */
  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** Only while the lane is not busy. Rejects with a WildfireError. */
  async speak(piece: FlitePiece): Promise<SpokenPiece> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#job !== undefined) throw new TypeError("a lane speaks one piece at a time");
    const { promise, resolve, reject } = Promise.withResolvers<SpokenPiece>();
    this.#lastId += 1;
    const deadline = this.#clock.after(pieceLimitMs, () => this.#giveUp());
    this.#job = { id: this.#lastId, deadline, resolve, reject };
    this.#send({ kind: "speak", id: this.#lastId, ...piece });
    return await promise;
  }

  /** What is being spoken is rejected with `reason`. */
  close(reason: WildfireError): void {
    this.#end(reason);
  }

  #send(message: ToFliteWorker): void {
    this.#worker.postMessage(message, []);
  }

  #take(message: FromFliteWorker): void {
    const job = this.#job;
    if (job === undefined || job.id !== message.id) return;
    this.#job = undefined;
    job.deadline.cancel();
    if (message.kind === "spoken") job.resolve(message);
    else job.reject(new WildfireError("native", `the built-in voice failed: ${message.message}`));
  }

  #giveUp(): void {
    const message = `the built-in voice spoke at one piece for ${pieceLimitMs} ms`;
    this.#end(new WildfireError("timeout", message, { hint: "see whether the CPU is overloaded" }));
  }

  #end(reason: WildfireError): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#worker.terminate();
    this.#job?.deadline.cancel();
    this.#job?.reject(reason);
    this.#job = undefined;
  }
}
