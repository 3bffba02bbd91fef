/** All calls of the llama service: an id leads to at most one, from the first sign of it to its BYE. */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { RepeatedLog } from "../../core/repeated-log.ts";
import { OrphanedCalls } from "../../links/orphaned-calls.ts";
import type { TextIntakeListener } from "../../links/text-intake.ts";
import type { CallId } from "../../wire/call-id.ts";
import type { Signal } from "../../wire/registration.ts";
import type { Report } from "../../wire/reports.ts";
import type { ChatAsker } from "../chat/chat-messages.ts";
import type { VoicePath } from "./answer-speech.ts";
import type { LlamaCallEvent } from "./call-events.ts";
import { type CallSettings, type CallSurroundings, LlamaCall } from "./llama-call.ts";

/** The connection that transcripts come by; answers may go back on it. */
export interface TextLink {
  /** Never waits; false when nothing was taken. */
  write(bytes: Uint8Array): boolean;
}

/** The ways to the voice, of all calls. */
export interface VoicePaths {
  /** `link` is the connection that the call's transcripts come by, if there is one yet. */
  begin(callId: CallId, link: TextLink | undefined): VoicePath;
  /** The transcripts come by another connection now. */
  moved(callId: CallId, link: TextLink): void;
  end(callId: CallId): void;
}

export interface LlamaCallsOptions {
  /** At the start; see `renew`. */
  readonly settings: CallSettings;
  readonly asker: ChatAsker;
  readonly paths: VoicePaths;
  readonly lookUp: (callId: string) => Promise<CallSurroundings>;
  /** `key` is unique for the life of the service, unlike the id. */
  readonly tell: (
    call: { readonly callId: string; readonly key: string },
    event: LlamaCallEvent,
  ) => void;
  /** Each transcript, whatever becomes of it. */
  readonly onText: (callId: string, text: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface HeldCall {
  readonly callId: CallId;
  readonly call: LlamaCall;
  /** As the telephone names it. */
  phoneKey: string | undefined;
  /** Runs since BYE came by UDP, which may overtake the one behind the last transcript. */
  farewellTimer: Timer | undefined;
  /** The next call of this id was announced in the meantime. */
  hasSuccessor: boolean;
}

/** Of two BYEs that were sent at the same moment, the later one is read by then. */
const farewellMs = 250;
const maxCalls = 1000;
/** Ids that were announced while nobody was connected for them. */
const maxAnnounced = 2000;

export class LlamaCalls implements TextIntakeListener {
  readonly #options: LlamaCallsOptions;
  readonly #repeated: RepeatedLog;
  readonly #calls = new Map<number, HeldCall>();
  /** By which connection the transcripts of an id come, whether a call is up or not. */
  readonly #links = new Map<number, TextLink>();
  readonly #announcedIds = new Set<number>();
  /** Those that whisper left in mid-call. */
  readonly #orphans: OrphanedCalls;
  #settings: CallSettings;
  #isClosed = false;
  readonly #counts = { calls: 0, refused: 0, signals: 0, reports: 0 };

  constructor(options: LlamaCallsOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#repeated = new RepeatedLog(options.log, options.clock);
    this.#orphans = new OrphanedCalls(options.clock, (callId) => this.ended(callId));
  }

  get size(): number {
    return this.#calls.size;
  }

  status(): Record<string, unknown> {
    const up = [...this.#calls.values()].map(({ call }) => call.status());
    return { ...this.#counts, orphaned: this.#orphans.givenUp, up };
  }

  /** Counts for calls that begin, and for those that are up from their next turn on. */
  renew(settings: CallSettings): void {
    this.#settings = settings;
  }

  connected(callId: CallId, link: TextLink): void {
    this.#links.set(callId.number, link);
    const known = this.#calls.get(callId.number);
    if (known === undefined) {
      this.#begin(callId);
      return;
    }
    this.#options.paths.moved(callId, link);
    if (this.#orphans.found(callId)) void this.#confirm(known);
  }

  text(callId: CallId, text: string): void {
    this.#options.onText(callId.text, text);
    const held = this.#calls.get(callId.number) ?? this.#begin(callId);
    held?.call.transcript(text);
  }

  ended(callId: CallId): void {
    const held = this.#calls.get(callId.number);
    if (held === undefined) return;
    this.#calls.delete(callId.number);
    this.#orphans.found(callId);
    held.farewellTimer?.cancel();
    held.call.hangUp();
    this.#options.paths.end(callId);
    this.#options.log.info("call ended", { call: callId.text });
    if (held.hasSuccessor) this.#announced(callId);
  }

  lost(callId: CallId): void {
    this.#links.delete(callId.number);
    if (this.#calls.has(callId.number)) this.#orphans.lost(callId);
  }

  signal({ kind, callId }: Signal): void {
    this.#counts.signals += 1;
    const held = this.#calls.get(callId.number);
    switch (kind) {
      case "register":
        this.#announced(callId);
        return;
      case "speech":
        held?.call.speech();
        return;
      case "silence":
        held?.call.silence();
        return;
      case "bye":
        this.#farewell(callId);
        return;
      case "pause":
      case "resume":
        // For outbound, which alone can wait in the middle of a word.
        return;
    }
  }

  report(report: Report): void {
    this.#counts.reports += 1;
    const call = this.#calls.get(report.callId.number)?.call;
    if (report.kind === "heard") call?.heard(report.values);
    if (report.kind === "turn") call?.turnEnds(report.values);
  }

  close(): void {
    this.#isClosed = true;
    for (const { callId } of this.#calls.values()) this.ended(callId);
    this.#repeated.close();
  }

  /**
   * REGISTER may be the first sign of a call, and is told more than once. Without a connection it is
   * only noted: a datagram that anybody may have sent holds nothing.
   */
  #announced(callId: CallId): void {
    const { number } = callId;
    const known = this.#calls.get(number);
    if (known?.farewellTimer !== undefined) {
      known.hasSuccessor = true;
      return;
    }
    const held = known ?? (this.#links.has(number) ? this.#begin(callId) : undefined);
    if (held !== undefined) held.call.signalled();
    else if (this.#announcedIds.size < maxAnnounced) this.#announcedIds.add(number);
  }

  /** A call ends with the BYE behind its last transcript; this one is for when there is none. */
  #farewell(callId: CallId): void {
    this.#announcedIds.delete(callId.number);
    const held = this.#calls.get(callId.number);
    if (held === undefined || held.farewellTimer !== undefined) return;
    if (this.#links.has(callId.number)) {
      held.farewellTimer = this.#options.clock.after(farewellMs, () => this.ended(callId));
    } else {
      this.ended(callId);
    }
  }

  #begin(callId: CallId): HeldCall | undefined {
    const { asker, paths, lookUp, tell, clock, log } = this.#options;
    if (this.#isClosed) return undefined;
    if (this.#calls.size >= maxCalls) {
      this.#counts.refused += 1;
      this.#repeated.say("warn", "call refused: too many", () => ({ call: callId.text, maxCalls }));
      return undefined;
    }
    this.#counts.calls += 1;
    const key = `${callId.text}-${this.#counts.calls}`;
    log.info("call begins", { call: callId.text, key });
    const held: HeldCall = {
      callId,
      phoneKey: undefined,
      farewellTimer: undefined,
      hasSuccessor: false,
      call: new LlamaCall({
        callId: callId.text,
        settings: () => this.#settings,
        asker,
        path: paths.begin(callId, this.#links.get(callId.number)),
        lookUp: async () => {
          const surroundings = await lookUp(callId.text);
          held.phoneKey = surroundings.key;
          return surroundings;
        },
        tell: (event) => tell({ callId: callId.text, key }, event),
        clock,
        log: log.child({ call: callId.text, key }),
      }),
    };
    this.#calls.set(callId.number, held);
    if (this.#announcedIds.delete(callId.number)) held.call.signalled();
    return held;
  }

  /** Whisper came back without having said BYE: it may be another call that has this id by now. */
  async #confirm(held: HeldCall): Promise<void> {
    const { callId, phoneKey } = held;
    const { key } = await this.#options.lookUp(callId.text);
    const isOther = key !== undefined && phoneKey !== undefined && key !== phoneKey;
    if (!isOther || this.#calls.get(callId.number) !== held) return;
    this.ended(callId);
    this.#begin(callId);
  }
}
