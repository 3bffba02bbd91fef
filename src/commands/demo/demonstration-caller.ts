/** A caller for the demonstration: comes in by AudioSocket, as Asterisk would, speaks and listens. */
import { ReplyEncoder } from "../../audio/reply-encoder.ts";
import type { Clock } from "../../core/clock.ts";
import { WildfireError } from "../../core/errors.ts";
import { FrameTicker, type Ticking } from "../../services/frame-ticker.ts";
import { connectTcp } from "../../tcp.ts";
import type { TcpLink } from "../../tcp-link.ts";
import {
  AudioSocketDecoder,
  type AudioSocketSink,
  encodeAudioSocketAudio,
  encodeAudioSocketUuid,
  terminateFrame,
} from "../../wire/audiosocket.ts";

export interface DemonstrationCallerOptions {
  /** TCP, on this host. */
  readonly port: number;
  /** Names the call. */
  readonly uuid: string;
  readonly clock: Clock;
}

const frameMs = 20;
const connectLimitMs = 5000;
const maxPendingBytes = 1 << 20;
/** Of 16-bit samples: what a voice exceeds and silence does not. */
const loudPeak = 300;

export class DemonstrationCaller {
  readonly #clock: Clock;
  readonly #encoder = new ReplyEncoder({ format: "L16LE", ptimeMs: frameMs });
  readonly #decoder = new AudioSocketDecoder();
  readonly #over = Promise.withResolvers<undefined>();
  readonly #silence: Uint8Array;
  #link: TcpLink | undefined;
  #ticking: Ticking | undefined;
  #saidAll: (() => void) | undefined;
  #lastHeardMs: number | undefined;

  private constructor(clock: Clock) {
    this.#clock = clock;
    this.#silence = new Uint8Array((this.#encoder.rateHz / 1000) * frameMs * 2);
  }

  /** Rejects with a WildfireError("socket") when nobody takes the call. */
  static async dial({
    port,
    uuid,
    clock,
  }: DemonstrationCallerOptions): Promise<DemonstrationCaller> {
    const caller = new DemonstrationCaller(clock);
    const sink = caller.#sink();
    // The other end sends no UUID, which the decoder wants to see first.
    caller.#decoder.push(encodeAudioSocketUuid(uuid), sink);
    const connecting = connectTcp(
      { hostname: "127.0.0.1", port, timeoutMs: connectLimitMs, clock, maxPendingBytes },
      {
        data: (bytes) => caller.#decoder.push(bytes, sink),
        closed: () => caller.#end(),
      },
    );
    caller.#link = await connecting.link;
    caller.#link.write(encodeAudioSocketUuid(uuid));
    caller.#ticking = new FrameTicker(clock).add(frameMs, () => caller.#sendFrame());
    return caller;
  }

  /** Resolves when all of it was sent, at the pace of speech; rejects when the call ends before. */
  async say(samples: Float32Array, rateHz: number): Promise<void> {
    const said = Promise.withResolvers<undefined>();
    this.#saidAll = () => said.resolve(undefined);
    this.#encoder.write(samples, rateHz);
    this.#encoder.finish();
    await this.#unlessOver(said.promise);
  }

  /** Resolves when the agent has spoken and then been silent for `quietMs`, or after `limitMs`. */
  async listen(quietMs: number, limitMs: number): Promise<void> {
    const startedMs = this.#clock.nowMs();
    this.#lastHeardMs = undefined;
    const isDone = (): boolean => {
      const nowMs = this.#clock.nowMs();
      const isQuiet = this.#lastHeardMs !== undefined && nowMs - this.#lastHeardMs >= quietMs;
      return isQuiet || nowMs - startedMs >= limitMs;
    };
    const done = Promise.withResolvers<undefined>();
    const timer = this.#clock.every(frameMs, () => {
      if (isDone()) done.resolve(undefined);
    });
    try {
      await this.#unlessOver(done.promise);
    } finally {
      timer.cancel();
    }
  }

  hangUp(): void {
    this.#link?.write(terminateFrame);
    this.#link?.end();
    this.#end();
  }

  #sendFrame(): void {
    const frame = this.#encoder.next();
    this.#link?.write(encodeAudioSocketAudio(frame ?? this.#silence, this.#encoder.rateHz));
    if (this.#encoder.takeDrained()) this.#saidAll?.();
  }

  #sink(): AudioSocketSink {
    const end = (): void => this.#end();
    return {
      uuid: ignore,
      audio: (pcm) => {
        if (pcm.some((sample) => Math.abs(sample) > loudPeak)) {
          this.#lastHeardMs = this.#clock.nowMs();
        }
      },
      digit: ignore,
      terminate: end,
      error: end,
      unknown: ignore,
      violation: end,
    };
  }

  async #unlessOver(work: Promise<unknown>): Promise<void> {
    const ended = this.#over.promise.then(() => {
      throw new WildfireError("state", "the call ended before the caller hung up");
    });
    await Promise.race([work, ended]);
  }

  #end(): void {
    this.#ticking?.cancel();
    this.#over.resolve(undefined);
  }
}

function ignore(): void {
  // Of no interest to whoever only listens.
}
