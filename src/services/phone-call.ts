/** One telephone call: its signalling and its sound, joined, and both ended whichever ends first. */
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { type Direction, sends } from "../call/sdp/negotiated-media.ts";
import type { Logger } from "../core/log.ts";
import type { AnyUri } from "../call/sip/message/sip-message.ts";
import type { SipFlow } from "../call/sip/transport/sip-flow.ts";
import type { ChangeOutcome } from "../call/sip/user-agent/renegotiation.ts";
import type { CallEnd, SipCall, SipCallEvents } from "../call/sip/user-agent/sip-call.ts";
import type { TransferOutcome } from "../call/sip/user-agent/transfer.ts";
import type { PhoneCallEvent, PhoneCallName } from "./phone-events.ts";
import { PhoneSound, type PhoneSoundOptions, type PhoneSoundShared } from "./phone-sound.ts";
import { numberIn, type RemoteParty, remoteParty } from "./remote-party.ts";

export interface PhoneCallOptions {
  readonly shared: PhoneSoundShared;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: (name: PhoneCallName, event: PhoneCallEvent) => void;
  /** Everything of the call is freed, but for what signalling has left to do. */
  readonly onEnded: (call: PhoneCall) => void;
}

export class PhoneCall {
  readonly key: string;
  readonly #options: PhoneCallOptions;
  readonly #log: Logger;
  readonly #startedMs: number;
  #call: SipCall | undefined;
  #sound: PhoneSound | undefined;
  #establishedMs: number | undefined;
  #end: CallEnd | undefined;
  #isHeldByPeer = false;

  constructor(key: string, options: PhoneCallOptions) {
    this.key = key;
    this.#options = options;
    this.#log = options.log.child({ key });
    this.#startedMs = options.clock.nowMs();
  }

  /** Takes a call that came in: rings, opens what it needs, and answers. */
  answer(call: SipCall): SipCallEvents {
    this.#call = call;
    this.#log.info("call comes in", { line: call.lineLabel, private: { ...this.#party } });
    call.ring();
    this.#tell({ kind: "ringing" });
    void this.#answer(call, call.flow);
    return this.#events();
  }

  /** `dial` makes the call once its media are there; rejects with a WildfireError when it cannot be made. */
  async dial(flow: SipFlow, dial: (sound: PhoneSound) => SipCall): Promise<void> {
    const sound = await PhoneSound.open(this.#soundOptions(() => flow));
    this.#sound = sound;
    try {
      const call = dial(sound);
      this.#call = call;
      call.attach(this.#events());
      this.#log.info("calling", { line: call.lineLabel, private: { ...this.#party } });
      await call.start();
    } catch (error) {
      sound.close();
      throw error;
    }
  }

  /** The id under which whisper and the voice know the call; undefined before they can know it. */
  get callId(): string | undefined {
    return this.#sound?.callId;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Since it was answered; 0 before that. */
  get ageMs(): number {
    const { clock } = this.#options;
    return this.#establishedMs === undefined ? 0 : Math.round(clock.nowMs() - this.#establishedMs);
  }

  /** Undefined before there is signalling. */
  get sip(): SipCall | undefined {
    return this.#call;
  }

  /** Undefined when there is no signalling yet. */
  async setHeld(isHeld: boolean): Promise<ChangeOutcome | undefined> {
    const outcome = await this.#call?.setHeld(isHeld);
    if (outcome?.ok !== true) return outcome;
    this.#sound?.setHeld(isHeld);
    this.#tell({ kind: "hold", by: "us", isHeld });
    return outcome;
  }

  /** False when the peer takes no digits. */
  sendDigits(digits: string): boolean {
    const isSent = this.#sound?.sendDigits(digits) ?? false;
    if (isSent) this.#tell({ kind: "digits", digits });
    return isSent;
  }

  /** Undefined when there is no signalling yet. */
  async transfer(
    target: AnyUri,
    replaces: string | undefined,
  ): Promise<TransferOutcome | undefined> {
    const outcome = await this.#call?.transfer(target, replaces);
    if (outcome === undefined) return undefined;
    this.#tell({ kind: "transfer", to: numberIn(target), ...outcome });
    return outcome;
  }

  hangUp(reason?: string): void {
    this.#call?.hangUp(reason);
  }

  /** No private data. */
  status(): Record<string, unknown> {
    return {
      key: this.key,
      line: this.#call?.lineLabel,
      direction: this.#call?.direction,
      state: this.#call?.state,
      seconds: Math.round((this.#options.clock.nowMs() - this.#startedMs) / 1000),
      ...this.#sound?.status(),
    };
  }

  async #answer(call: SipCall, flow: SipFlow | undefined): Promise<void> {
    try {
      const sound = await PhoneSound.open(this.#soundOptions(() => call.flow ?? flow));
      this.#sound = sound;
      if (this.isEnded) sound.close();
      else await sound.connect();
      if (this.isEnded) return;
      call.accept(sound.media);
    } catch (error) {
      this.#log.error("the call cannot be taken", { reason: describeError(error) });
      call.reject(503);
    }
  }

  #events(): SipCallEvents {
    return {
      progress: (status) => this.#tell({ kind: "progress", status }),
      established: () => void this.#established(),
      digit: ({ digit }) => this.#digit(digit),
      ended: (end) => this.#ended(end),
    };
  }

  async #established(): Promise<void> {
    const sound = this.#sound;
    this.#establishedMs = this.#options.clock.nowMs();
    try {
      // Of a call that came in this is done already: the caller's first word must find whisper there.
      if (sound?.callId === undefined) await sound?.connect();
    } catch (error) {
      this.#log.error("the call has no sound", { reason: describeError(error) });
      this.hangUp();
      return;
    }
    if (this.isEnded) return;
    sound?.start();
    const callId = sound?.callId ?? "";
    const codec = sound?.media.agreed?.codec ?? "";
    this.#log.info("call is up", { call: callId, codec });
    this.#tell({ kind: "established", callId, codec });
  }

  #soundOptions(flow: () => SipFlow | undefined): PhoneSoundOptions {
    return {
      shared: this.#options.shared,
      address: () => flow()?.local.address ?? "0.0.0.0",
      log: this.#log,
      listener: {
        digit: (digit) => this.#digit(digit),
        transcript: (text) => this.#tell({ kind: "transcript", text }),
        speaking: (waitMs) => this.#tell({ kind: "speaking", waitMs: Math.round(waitMs) }),
        played: ({ source, playedMs }) => this.#tell({ kind: "played", source, playedMs }),
        drained: () => this.#tell({ kind: "drained" }),
        recorded: (note) => this.#tell({ kind: "recorded", ...note }),
        levels: (note) => this.#tell({ kind: "levels", ...note }),
        agreed: ({ codec, direction }) => this.#agreed(codec, direction),
        dead: (silentMs) => this.#dead(silentMs),
      },
    };
  }

  #agreed(codec: string, flow: Direction): void {
    this.#tell({ kind: "media", codec, flow });
    const isHeld = !sends(flow);
    if (isHeld === this.#isHeldByPeer) return;
    this.#isHeldByPeer = isHeld;
    this.#tell({ kind: "hold", by: "peer", isHeld });
  }

  #digit(digit: string): void {
    this.#log.info("digit pressed", { private: { digit } });
    this.#tell({ kind: "digit", digit });
  }

  #dead(silentMs: number): void {
    this.#log.warn("nothing is heard of the peer any more: the call is ended", {
      silentMs: Math.round(silentMs),
    });
    this.#call?.hangUp('SIP;cause=408;text="no RTP and no RTCP"');
  }

  #ended(end: CallEnd): void {
    this.#end = end;
    const statistics = this.#sound?.statistics();
    this.#sound?.close();
    const { onEnded } = this.#options;
    const durationMs = this.ageMs;
    const { by, status, reason } = end;
    const { lostPackets, jitterMs, meanOpinionScore } = statistics ?? {};
    this.#log.info("call ended", {
      by,
      status,
      reason,
      durationMs,
      lostPackets,
      jitterMs: roundTo(jitterMs, 1),
      meanOpinionScore: roundTo(meanOpinionScore, 2),
    });
    this.#tell({ kind: "ended", by, status, reason, durationMs, statistics });
    onEnded(this);
  }

  #tell(event: PhoneCallEvent): void {
    const call = this.#call;
    const { callId } = this;
    const name: PhoneCallName = {
      key: this.key,
      ...(callId === undefined ? {} : { callId }),
      line: call?.lineLabel ?? "",
      direction: call?.direction ?? "outgoing",
      ...this.#party,
    };
    this.#options.onEvent(name, event);
  }

  /** Private data. */
  get #party(): RemoteParty {
    const remote = this.#call?.remote;
    return remote === undefined ? { remote: "", name: "" } : remoteParty(remote);
  }
}

/** For people. */
function roundTo(value: number | undefined, digits: number): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(digits));
}
