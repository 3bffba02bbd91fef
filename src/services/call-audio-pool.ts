/** Opens the sound of calls under ids of our own, and gives each id back when whisper is through with it. */
import { WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { CallId } from "../wire/call-id.ts";
import { CallIdPool } from "../wire/call-id-pool.ts";
import { CallAudio, type CallAudioOptions, type CallAudioShared } from "./call-audio.ts";

export interface CallAudioPoolStatus {
  readonly open: number;
  /** Calls that are over and wait for their last transcripts. */
  readonly draining: number;
  readonly freeIds: number;
  /** Ids that were passed over, since another program has one of their ports. */
  readonly skippedIds: number;
}

/** While whisper is away, more finished calls than this do not wait for it: the oldest gives up. */
const maxDraining = 100;

export class CallAudioPool {
  readonly #shared: CallAudioShared;
  readonly #log: Logger;
  readonly #ids = new CallIdPool();
  readonly #open = new Set<CallAudio>();
  /** Oldest first. */
  readonly #draining = new Set<CallAudio>();
  #skippedIds = 0;

  constructor(shared: CallAudioShared, log: Logger) {
    this.#shared = shared;
    this.#log = log;
  }

  /** Throws a WildfireError when no id is free, or the sockets of a call cannot be opened. */
  async open(makeOptions: (callId: CallId) => CallAudioOptions): Promise<CallAudio> {
    let failure: unknown;
    // Another service of ours on this host may have as many as it has calls.
    for (let tries = this.#ids.free; tries > 0; tries -= 1) {
      const callId = this.#ids.take();
      if (callId === undefined) break;
      try {
        const audio = await CallAudio.open(callId, this.#shared, makeOptions(callId));
        this.#open.add(audio);
        return audio;
      } catch (error) {
        failure = error;
        this.#ids.give(callId);
        if (!isPortTaken(error)) throw error;
        this.#skippedIds += 1;
        this.#log.debug("call id skipped", { call: callId.text, reason: error.message });
      }
    }
    if (failure instanceof Error) throw failure;
    throw new WildfireError("state", "all call ids are in use", {
      hint: "whisper is away or too slow to finish the calls that are over",
    });
  }

  /**
   * The call is over: its line may be closed now. Resolves when its id is free again; not to be
   * waited for by whoever has other calls to serve.
   */
  async hangUp(audio: CallAudio): Promise<void> {
    if (!this.#open.delete(audio)) return;
    const finished = audio.hangUp();
    this.#draining.add(audio);
    this.#limitDraining();
    const { isComplete, transcripts, droppedSamples } = await finished;
    this.#draining.delete(audio);
    this.#ids.give(audio.callId);
    this.#log.debug("call is finished", {
      call: audio.callId.text,
      isComplete,
      transcripts,
      droppedSamples,
    });
  }

  /** Ends all that is left at once. */
  close(): void {
    for (const audio of [...this.#open, ...this.#draining]) audio.close();
  }

  /** For the end of a service: resolves when no call waits for transcripts any more. */
  async drained(): Promise<void> {
    // Nobody who could still answer is there.
    for (const audio of this.#draining) if (!audio.isConnected) audio.close();
    await Promise.all([...this.#draining].map((audio) => audio.hangUp()));
  }

  status(): CallAudioPoolStatus {
    return {
      open: this.#open.size,
      draining: this.#draining.size,
      freeIds: this.#ids.free,
      skippedIds: this.#skippedIds,
    };
  }

  #limitDraining(): void {
    if (this.#draining.size <= maxDraining) return;
    const [oldest] = this.#draining;
    if (oldest === undefined) return;
    this.#draining.delete(oldest);
    this.#log.warn("a finished call gives up waiting for its last transcripts", {
      call: oldest.callId.text,
      waiting: maxDraining,
    });
    oldest.close();
  }
}

function isPortTaken(error: unknown): error is WildfireError {
  return error instanceof WildfireError && error.message.includes("EADDRINUSE");
}
