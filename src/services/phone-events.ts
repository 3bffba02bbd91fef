/** What listeners of the telephone services, sip and audiosocket, read. Private, like all events. */
import type { RegistrationStatus } from "../call/sip/registration/registration-status.ts";
import type { RtpStatistics } from "../call/rtp/rtp-statistics.ts";
import type { TransferOutcome } from "../call/sip/user-agent/transfer.ts";
import type { LevelNote } from "./call-levels.ts";
import type { RecordingNote } from "./call-recording.ts";

/** Which call an event belongs to; `key` is unique for the life of the service. */
export interface PhoneCallName {
  readonly key: string;
  /** Under which the other services know it; absent before it is up. */
  readonly callId?: string;
  /** `AudioSocket` or `browser` where the way in has no lines. */
  readonly line: string;
  readonly direction: "incoming" | "outgoing";
  /** Number of the caller, or of whom we call; of AudioSocket the UUID, which is all that is told. */
  readonly remote: string;
  /** Empty when nobody tells one. */
  readonly name: string;
}

export type PhoneCallEvent =
  | { readonly kind: "ringing" }
  | { readonly kind: "progress"; readonly status: number }
  | { readonly kind: "established"; readonly callId: string; readonly codec: string }
  /** What was agreed, for the first time or anew; `flow` as in SDP. */
  | { readonly kind: "media"; readonly codec: string; readonly flow: string }
  /** On hold, or not any more. */
  | { readonly kind: "hold"; readonly by: "us" | "peer"; readonly isHeld: boolean }
  /** The caller pressed a key. */
  | { readonly kind: "digit"; readonly digit: string }
  /** We pressed keys. */
  | { readonly kind: "digits"; readonly digits: string }
  /** `to` whom the caller was to be handed; where that worked, the call has ended already. */
  | ({ readonly kind: "transfer"; readonly to: string } & TransferOutcome)
  | { readonly kind: "transcript"; readonly text: string }
  /** A reply's first frame goes to the line, so long after its first sound came from the voice. */
  | { readonly kind: "speaking"; readonly waitMs: number }
  | { readonly kind: "played"; readonly source: string; readonly playedMs: number }
  | { readonly kind: "drained" }
  /** The call's sound is kept in a file: told when it is begun, and when it is whole, after the call's end. */
  | ({ readonly kind: "recorded" } & RecordingNote)
  /** How loud both are; passes. */
  | ({ readonly kind: "levels" } & LevelNote)
  | {
      readonly kind: "ended";
      readonly by: "us" | "peer" | "network";
      readonly status: number | undefined;
      readonly reason: string;
      readonly durationMs: number;
      readonly statistics: RtpStatistics | undefined;
    };

export type PhoneEvent =
  | { readonly about: "line"; readonly status: RegistrationStatus }
  /** The service takes no calls any more, or again; so many are up. */
  | { readonly about: "service"; readonly isDraining: boolean; readonly calls: number }
  | { readonly about: "call"; readonly call: PhoneCallName; readonly event: PhoneCallEvent };

/** For `EventStreamOptions.isPassing`. */
export function isPassingPhoneEvent(event: PhoneEvent): boolean {
  return event.about === "call" && event.event.kind === "levels";
}

export function describePhoneEvent(event: PhoneEvent): Readonly<Record<string, unknown>> {
  switch (event.about) {
    case "line":
      return { kind: "registration", ...event.status };
    case "service":
      return { kind: "draining", isDraining: event.isDraining, calls: event.calls };
    case "call":
      return { ...event.call, ...event.event };
  }
}
