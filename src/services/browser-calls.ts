/** All calls from browsers: takes them up to a limit, tells of them as a telephone does, ends them. */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import type { EventHub, HubEvent } from "../web/live/event-hub.ts";
import type { SocketHandlers } from "../web/talk/socket-answer.ts";
import type { TalkCaller, TalkDesk, TalkState } from "../web/talk/talk-desk.ts";
import { BrowserCall } from "./browser-call.ts";
import { CallAudioPool } from "./call-audio-pool.ts";
import type { CallRecorder } from "./call-recorder.ts";
import type { EventStream } from "./event-stream.ts";
import { FrameTicker } from "./frame-ticker.ts";
import { resolveHost } from "./host-port.ts";
import type { PhoneEvent } from "./phone-events.ts";

export interface BrowserCallsOptions {
  readonly maxCalls: number;
  readonly limitMs: number;
  /** Address on which whisper and the voice find the sound of these calls. */
  readonly bind: string;
  readonly whisperHost: string;
  readonly whisperPort: number;
  readonly events: EventStream<PhoneEvent>;
  /** What all services tell. */
  readonly hub: EventHub;
  /** Where the sound of calls is kept, if it is; asked at the first call. */
  readonly openRecorder: () => Promise<CallRecorder | undefined>;
  /** Asks the services how they are; what they answer is in the notes then. */
  readonly refresh: () => Promise<void>;
  /** Services that are not ready, for people. */
  readonly serviceNotes: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

interface Sound {
  readonly pool: CallAudioPool;
  readonly recorder: CallRecorder | undefined;
}

/** A stop waits this long for the last transcripts. */
const stopLimitMs = 3000;

export class BrowserCalls implements TalkDesk {
  readonly #options: BrowserCallsOptions;
  readonly #repeated: RepeatedLog;
  readonly #ticker: FrameTicker;
  readonly #calls = new Set<BrowserCall>();
  readonly #counts = { calls: 0, refused: 0 };
  #pool: Promise<CallAudioPool> | undefined;
  #sound: Sound | undefined;
  #number = 0;
  #isStopping = false;

  constructor(options: BrowserCallsOptions) {
    this.#options = options;
    this.#repeated = new RepeatedLog(options.log, options.clock);
    this.#ticker = new FrameTicker(options.clock);
  }

  get events(): EventStream<PhoneEvent> {
    return this.#options.events;
  }

  async state(): Promise<TalkState> {
    const { maxCalls, limitMs, refresh, serviceNotes } = this.#options;
    await refresh();
    return { maxCalls, limitMs, calls: this.#calls.size, notes: serviceNotes() };
  }

  /** Calls that are up. */
  get talking(): readonly BrowserCall[] {
    return [...this.#calls].filter(({ callId }) => callId !== undefined);
  }

  take(caller: TalkCaller): SocketHandlers {
    const { limitMs, events, hub, serviceNotes, clock, log } = this.#options;
    this.#number += 1;
    return new BrowserCall({
      key: `b${this.#number}`,
      caller,
      pool: () => this.#findPool(),
      limitMs,
      listen(tell) {
        const event = ({ service, fields }: HubEvent): void => tell(service, fields);
        return hub.subscribe({ wantsPassing: true, event, missed: () => undefined }, undefined);
      },
      serviceNotes,
      tell: (call, event) => events.publish({ about: "call", call, event }),
      admit: (call) => this.#admit(call),
      onEnded: (call) => void this.#calls.delete(call),
      clock,
      log,
    });
  }

  status(): Record<string, unknown> {
    return {
      ...this.#counts,
      maxCalls: this.#options.maxCalls,
      ...this.#sound?.pool.status(),
      recordings: this.#sound?.recorder?.status(),
      ticker: this.#ticker.status(),
    };
  }

  /** The calls, as services list theirs. */
  current(): readonly Record<string, unknown>[] {
    return [...this.#calls].map((call) => call.status());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const call of this.#calls) call.hangUp("the service stops");
    this.#repeated.close();
    const { pool, recorder } = this.#sound ?? {};
    if (pool === undefined) return;
    const limit = this.#options.clock.after(stopLimitMs, () => pool.close());
    await pool.drained();
    limit.cancel();
    pool.close();
    await recorder?.close();
  }

  #admit(call: BrowserCall): string | undefined {
    const { maxCalls } = this.#options;
    if (!this.#isStopping && this.#calls.size < maxCalls) {
      this.#counts.calls += 1;
      this.#calls.add(call);
      void this.#options.refresh();
      return undefined;
    }
    this.#counts.refused += 1;
    this.#repeated.say("warn", "call of a browser refused: as many as allowed are up", () => ({
      calls: this.#calls.size,
      maxCalls,
    }));
    if (this.#isStopping) return "the service stops";
    if (maxCalls === 0) return "calls from browsers are turned off: see max-browser-calls";
    const calls = maxCalls === 1 ? "one call is" : `${maxCalls} calls are`;
    return `${calls} up already, and max-browser-calls allows no more: hang up one of them`;
  }

  /** At the first call, since the page is there also where whisper cannot be found. */
  async #findPool(): Promise<CallAudioPool> {
    this.#pool ??= this.#openPool();
    try {
      return await this.#pool;
    } catch (error) {
      this.#pool = undefined;
      throw error;
    }
  }

  async #openPool(): Promise<CallAudioPool> {
    const { bind, whisperHost, whisperPort, clock, log, openRecorder } = this.#options;
    const whisperAddress = await resolveHost(whisperHost, "whisper-host");
    const recorder = await openRecorder();
    const ticker = this.#ticker;
    const shared = { bind, whisperAddress, whisperPort, ticker, recorder, clock };
    const pool = new CallAudioPool({ ...shared, hasEchoGuard: true }, log);
    this.#sound = { pool, recorder };
    return pool;
  }
}
