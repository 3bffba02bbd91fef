/** One call from a browser: its sound both ways over a WebSocket, what is told of it, and its end. */
import { ReplyEncoder } from "../audio/reply-encoder.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { CallId } from "../wire/call-id.ts";
import { type Fields, timeIn } from "./event-fields.ts";
import type { SocketHandlers, SocketPeer } from "../web/talk/socket-answer.ts";
import type { TalkCaller } from "../web/talk/talk-desk.ts";
import {
  parseTalkWish,
  talkAliveEveryMs,
  type TalkEvent,
  talkFrameMs,
  talkFrameSamples,
} from "../web/talk/talk-events.ts";
import { BrowserInput } from "./browser-call-input.ts";
import { talkEventOf } from "./browser-call-watch.ts";
import type { CallAudio, CallAudioOptions } from "./call-audio.ts";
import type { CallAudioPool } from "./call-audio-pool.ts";
import type { PhoneCallEvent, PhoneCallName } from "./phone-events.ts";

export interface BrowserCallOptions {
  /** Unique for the life of the service. */
  readonly key: string;
  readonly caller: TalkCaller;
  /** Rejects with a WildfireError where whisper cannot be found. */
  readonly pool: () => Promise<CallAudioPool>;
  readonly limitMs: number;
  /** Whom to tell what other services tell from now on; returns what ends it. */
  readonly listen: (take: (service: string, fields: Fields) => void) => () => void;
  /** What keeps the services from a good call. */
  readonly serviceNotes: () => readonly string[];
  readonly tell: (call: PhoneCallName, event: PhoneCallEvent) => void;
  /** Why it cannot be taken; undefined when it can. Asked once, when the connection is open. */
  readonly admit: (call: BrowserCall) => string | undefined;
  /** Told once, if it was taken. */
  readonly onEnded: (call: BrowserCall) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

type State = "new" | "opening" | "talking" | "over";
type EndedBy = "us" | "peer" | "network";

/** A quarter of a second of sound: a browser that does not read gets no more. */
const maxPendingBytes = 13 * talkFrameSamples * 2;
/** Sound comes all the time, also that of a silent room. */
const silentLimitMs = 15_000;
/** Whisper connects within some milliseconds when it is there. */
const whisperGraceMs = 2000;
const codec = "L16/16000";

export class BrowserCall implements SocketHandlers {
  readonly key: string;
  readonly #options: BrowserCallOptions;
  readonly #input: BrowserInput;
  readonly #startedMs: number;
  readonly #startedWallMs: number;
  #log: Logger;
  #state: State = "new";
  #peer: SocketPeer | undefined;
  #pool: CallAudioPool | undefined;
  #audio: CallAudio | undefined;
  #ticking: Timer | undefined;
  #stopListening: (() => void) | undefined;
  #answeredMs: number | undefined;
  #heardMs: number;
  #notes = "";
  #framesOut = 0;
  #framesDropped = 0;
  /** The LLaMA tells of its answers, so that the voice need not. */
  #hasAnswers = false;

  constructor(options: BrowserCallOptions) {
    const { key, clock, log } = options;
    this.key = key;
    this.#options = options;
    this.#log = log.child({ key });
    this.#startedMs = clock.nowMs();
    this.#startedWallMs = clock.wallMs();
    this.#heardMs = this.#startedMs;
    this.#input = new BrowserInput(this.#startedMs);
  }

  /** The id under which the services have the call; undefined while it is not up. */
  get callId(): CallId | undefined {
    return this.#state === "talking" ? this.#audio?.callId : undefined;
  }

  get name(): PhoneCallName {
    const remote = `browser (${this.#options.caller.name})`;
    const callId = this.#audio?.callId.text;
    const known = callId === undefined ? {} : { callId };
    return { key: this.key, ...known, line: "browser", direction: "incoming", remote, name: "" };
  }

  /** Since it was answered. */
  get ageMs(): number {
    const { clock } = this.#options;
    return this.#answeredMs === undefined ? 0 : Math.round(clock.nowMs() - this.#answeredMs);
  }

  opened(peer: SocketPeer): void {
    this.#peer = peer;
    const refusal = this.#options.admit(this);
    if (refusal !== undefined) {
      this.#state = "over";
      this.#say({ kind: "ended", by: "us", reason: refusal });
      peer.close("refused");
      return;
    }
    this.#state = "opening";
    this.#log.info("call comes in", { private: { from: this.name.remote } });
    this.#options.tell(this.name, { kind: "ringing" });
    this.#say({ kind: "ringing" });
    this.#ticking = this.#options.clock.every(talkAliveEveryMs, () => this.#tick());
    void this.#open();
  }

  bytes(frame: Uint8Array): void {
    if (this.#state !== "talking" && this.#state !== "opening") return;
    const { clock } = this.#options;
    const samples = this.#input.take(frame, clock.nowMs());
    if (samples === undefined) {
      this.#endIfOffended();
      return;
    }
    this.#heardMs = clock.nowMs();
    this.#audio?.hear(samples);
  }

  text(text: string): void {
    if (this.#state !== "talking" && this.#state !== "opening") return;
    const wish = parseTalkWish(text);
    if (wish === undefined) {
      this.#input.badText();
      this.#endIfOffended();
      return;
    }
    this.#end("peer", wish.reason);
  }

  closed(): void {
    this.#peer = undefined;
    if (this.#state === "new") this.#state = "over";
    this.#end("network", "the connection to the browser is gone");
  }

  /** We hang up. */
  hangUp(reason: string): void {
    this.#end("us", reason);
  }

  status(): Record<string, unknown> {
    return {
      key: this.key,
      state: this.#state,
      seconds: Math.round(this.ageMs / 1000),
      ...this.#input.counts,
      framesOut: this.#framesOut,
      framesDropped: this.#framesDropped,
      ...this.#audio?.status(),
    };
  }

  async #open(): Promise<void> {
    const { pool: findPool, clock } = this.#options;
    try {
      const pool = await findPool();
      if (this.#isOver()) return;
      this.#pool = pool;
      const audio = await pool.open((callId) => this.#audioOptions(callId));
      this.#audio = audio;
      if (this.#isOver()) {
        await pool.hangUp(audio);
        return;
      }
      this.#answeredMs = clock.nowMs();
      this.#answered(audio);
    } catch (error) {
      this.#end("us", `the call cannot be taken: ${describeError(error)}`);
    }
  }

  #answered({ callId: { text: callId } }: CallAudio): void {
    const { tell, limitMs, listen } = this.#options;
    this.#state = "talking";
    this.#stopListening = listen((service, fields) => this.#watch(service, fields));
    this.#log = this.#log.child({ call: callId });
    this.#log.info("call is up", { codec });
    tell(this.name, { kind: "established", callId, codec });
    this.#say({ kind: "answered", callId, limitS: Math.round(limitMs / 1000) });
    this.#sayNotes();
  }

  /** Not a comparison in place: the state may have changed while something was waited for. */
  #isOver(): boolean {
    return this.#state === "over";
  }

  #audioOptions(callId: CallId): CallAudioOptions {
    return {
      line: { play: (frame) => this.#play(frame) },
      listener: {
        transcript: (text) => this.#transcript(text),
        speaking: (waitMs) => this.#speaking(Math.round(waitMs)),
        recorded: (note) => this.#options.tell(this.name, { kind: "recorded", ...note }),
        levels: (note) => this.#options.tell(this.name, { kind: "levels", ...note }),
        played: ({ source, playedMs, isInterrupted }) => {
          if (isInterrupted) this.#say({ kind: "interrupted" });
          this.#options.tell(this.name, { kind: "played", source, playedMs });
        },
        drained: () => {
          this.#say({ kind: "quiet" });
          this.#options.tell(this.name, { kind: "drained" });
        },
      },
      encoder: new ReplyEncoder({ format: "L16LE/16000", ptimeMs: talkFrameMs }),
      frameMs: talkFrameMs,
      log: this.#log.child({ call: callId.text }),
    };
  }

  #transcript(text: string): void {
    this.#options.tell(this.name, { kind: "transcript", text });
    this.#say({ kind: "said", text });
  }

  #speaking(waitMs: number): void {
    this.#options.tell(this.name, { kind: "speaking", waitMs });
    this.#say({ kind: "speaking", waitMs });
  }

  /** Silence is not sent: the browser makes its own. */
  #play(frame: Uint8Array | undefined): boolean {
    const peer = this.#peer;
    if (frame === undefined || peer === undefined) return false;
    const isTaken = peer.pendingBytes < maxPendingBytes && peer.sendBytes(frame);
    if (isTaken) this.#framesOut += 1;
    else this.#framesDropped += 1;
    return isTaken;
  }

  #tick(): void {
    const { clock, limitMs, caller } = this.#options;
    if (this.ageMs >= limitMs) {
      this.#end("us", `the time limit of ${Math.round(limitMs / 60_000)} minutes is reached`);
    } else if (clock.nowMs() - this.#heardMs >= silentLimitMs) {
      this.#end("network", `no sound came from the browser for ${silentLimitMs / 1000} s`);
    } else if (!caller.mayStay()) {
      this.#end("us", "the login is over");
    } else {
      this.#say({ kind: "alive", seconds: Math.round(this.ageMs / 1000) });
      this.#sayNotes();
    }
  }

  /** When they changed. */
  #sayNotes(): void {
    const notes = [...this.#options.serviceNotes()];
    const isLate = this.ageMs >= whisperGraceMs && this.#audio?.isConnected === false;
    if (isLate && notes.length === 0) notes.push(unheardNote);
    const text = JSON.stringify(notes);
    if (text === this.#notes || (notes.length === 0 && this.#notes === "")) return;
    this.#notes = text;
    this.#say({ kind: "notes", notes });
  }

  /** An event of a service; ignored unless it is about this call. */
  #watch(service: string, fields: Fields): void {
    if (this.callId?.text !== fields["callId"] || fields["callId"] === undefined) return;
    // What is told of the past is about an earlier call of this id.
    if (timeIn(fields, this.#startedWallMs) < this.#startedWallMs) return;
    if (service === "kokoro" && this.#hasAnswers) return;
    const event = talkEventOf(service, fields);
    if (event === undefined) return;
    if (service === "llama") this.#hasAnswers = true;
    this.#say(event);
  }

  #endIfOffended(): void {
    const { offence } = this.#input;
    if (offence !== undefined) this.#end("us", offence);
  }

  #say(event: TalkEvent): void {
    this.#peer?.sendText(JSON.stringify(event));
  }

  #end(by: EndedBy, reason: string): void {
    if (this.#state === "over" || this.#state === "new") return;
    this.#state = "over";
    this.#ticking?.cancel();
    this.#stopListening?.();
    const durationMs = this.ageMs;
    const { tell, onEnded } = this.#options;
    if (this.#audio !== undefined) void this.#pool?.hangUp(this.#audio);
    const counts = { ...this.#input.counts, framesDropped: this.#framesDropped };
    this.#log.info("call ended", { by, reason, durationMs, ...counts });
    tell(this.name, {
      kind: "ended",
      by,
      status: undefined,
      reason,
      durationMs,
      statistics: undefined,
    });
    this.#say({ kind: "ended", by, reason });
    this.#peer?.close("the call is over");
    onEnded(this);
  }
}

const unheardNote =
  "whisper has not taken the call: what you say is kept, and heard when it is back";
