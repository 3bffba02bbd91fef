/** All AudioSocket calls of the service: takes them up to a limit, counts them, ends them. */
import { ReplyEncoder } from "../audio/reply-encoder.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import type { Greeting } from "../outbound/playout.ts";
import type { TcpHandlers, TcpLink } from "../tcp-link.ts";
import { terminateFrame } from "../wire/audiosocket.ts";
import {
  AudioSocketCall,
  type AudioSocketCallListener,
  lingerMs,
  replyFrameMs,
} from "./audiosocket-call.ts";
import type { CallAudioPool } from "./call-audio-pool.ts";
import type { PhoneCallEvent, PhoneCallName } from "./phone-events.ts";

export interface ExchangeOptions {
  /** Asked for each new call: it may change. */
  readonly maxCalls: () => number;
  readonly greeting: Greeting | undefined;
  readonly pool: CallAudioPool;
  readonly clock: Clock;
  readonly log: Logger;
  /** Private. */
  readonly onEvent: (call: PhoneCallName, event: PhoneCallEvent) => void;
}

/** A stop waits this long for the last transcripts. */
const stopLimitMs = 8000;

export class AudioSocketExchange {
  readonly #options: ExchangeOptions;
  readonly #repeated: RepeatedLog;
  readonly #calls = new Set<AudioSocketCall>();
  readonly #counts = { calls: 0, refused: 0, transcripts: 0, digits: 0 };

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#repeated = new RepeatedLog(options.log, options.clock);
  }

  accept(link: TcpLink): TcpHandlers {
    const { maxCalls, pool, greeting, clock, log } = this.#options;
    if (this.#calls.size >= maxCalls()) return this.#refuse(link);
    this.#counts.calls += 1;
    const call = new AudioSocketCall({
      number: this.#counts.calls,
      link,
      pool,
      makeEncoder: () => new ReplyEncoder({ format: "L16LE", ptimeMs: replyFrameMs }),
      greeting,
      listener: this.#listener(() => this.#calls.delete(call)),
      clock,
      log,
    });
    this.#calls.add(call);
    return call.handlers();
  }

  /** Calls that are up, or about to be. */
  get size(): number {
    return this.#calls.size;
  }

  /** Calls that are up. */
  get talking(): AudioSocketCall[] {
    return [...this.#calls].filter(({ callId }) => callId !== undefined);
  }

  async stop(): Promise<void> {
    for (const call of this.#calls) call.hangUp("the service stops");
    const { pool, clock } = this.#options;
    const limit = clock.after(stopLimitMs, () => pool.close());
    await pool.drained();
    limit.cancel();
    pool.close();
    this.#repeated.close();
  }

  status(): Record<string, unknown> {
    return {
      ...this.#counts,
      ...this.#options.pool.status(),
      current: [...this.#calls].map((call) => call.status()),
    };
  }

  #refuse(link: TcpLink): TcpHandlers {
    this.#counts.refused += 1;
    this.#repeated.say("warn", "call refused: as many calls as --max-calls allows", () => ({
      calls: this.#calls.size,
      peer: link.remote,
    }));
    const linger = this.#options.clock.after(lingerMs, () => link.destroy());
    link.write(terminateFrame);
    // Not now: whoever accepts a connection must not end it before it is told the handlers.
    queueMicrotask(() => link.end());
    return { data: () => undefined, closed: () => linger.cancel() };
  }

  #listener(ended: () => void): AudioSocketCallListener {
    return {
      event: (call, event) => {
        if (event.kind === "transcript") this.#counts.transcripts += 1;
        if (event.kind === "digit") this.#counts.digits += 1;
        this.#options.onEvent(call, event);
      },
      ended,
    };
  }
}
