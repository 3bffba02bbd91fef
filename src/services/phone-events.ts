/** What listeners of the sip service read: registrations and calls. Private, like all events. */
import type { RegistrationStatus } from "../call/sip/registration/registration-status.ts";
import type { RtpStatistics } from "../call/rtp/rtp-statistics.ts";

/** Which call an event belongs to; `key` is unique for the life of the service. */
export interface PhoneCallName {
  readonly key: string;
  readonly line: string;
  readonly direction: "incoming" | "outgoing";
  /** The caller, or whom we call. */
  readonly remote: string;
}

export type PhoneCallEvent =
  | { readonly kind: "ringing" }
  | { readonly kind: "progress"; readonly status: number }
  | { readonly kind: "established"; readonly callId: string; readonly codec: string }
  | { readonly kind: "media"; readonly codec: string; readonly flow: string }
  | { readonly kind: "digit"; readonly digit: string }
  | { readonly kind: "transcript"; readonly text: string }
  /** A reply's first frame goes to the line, so long after its first sound came from the voice. */
  | { readonly kind: "speaking"; readonly waitMs: number }
  | { readonly kind: "played"; readonly source: string; readonly playedMs: number }
  | { readonly kind: "drained" }
  | {
      readonly kind: "ended";
      readonly by: string;
      readonly status: number | undefined;
      readonly reason: string;
      readonly durationMs: number;
      readonly statistics: RtpStatistics | undefined;
    };

export type PhoneEvent =
  | { readonly about: "line"; readonly status: RegistrationStatus }
  | { readonly about: "call"; readonly call: PhoneCallName; readonly event: PhoneCallEvent };

export function describePhoneEvent(event: PhoneEvent): Readonly<Record<string, unknown>> {
  if (event.about === "line") return { kind: "registration", ...event.status };
  return { ...event.event, ...event.call };
}
