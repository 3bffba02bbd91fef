/** What listeners of the voice service read: calls that are spoken to, and engines. Private, like all events. */
import type { EngineChange } from "../voice/fallback-engine.ts";
import type { VoiceCallName, VoiceEvent } from "../voice/voice-events.ts";

export type VoiceServiceEvent =
  | { readonly about: "call"; readonly call: VoiceCallName; readonly event: VoiceEvent }
  | { readonly about: "engine"; readonly change: EngineChange };

export function describeVoiceEvent(event: VoiceServiceEvent): Readonly<Record<string, unknown>> {
  if (event.about === "engine") return { kind: "engine", ...event.change };
  return { ...event.event, ...event.call };
}
