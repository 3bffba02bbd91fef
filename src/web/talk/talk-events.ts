/**
 * What a browser in a call and the server tell each other. Sound is binary, one frame of 20 ms in each
 * message: mono, 16 bits, little-endian, 16 kHz, both ways. Everything else is a JSON object in a text.
 */
import type { TurnTiming } from "../live/turn-stages.ts";

export const talkPath = "/api/v1/talk";
export const talkRateHz = 16_000;
export const talkFrameMs = 20;
export const talkFrameSamples = (talkRateHz * talkFrameMs) / 1000;
/** The server says something at least so often; a browser that hears nothing for longer hangs up. */
export const talkAliveEveryMs = 1000;

export type TalkEvent =
  | { readonly kind: "ringing" }
  /** Sound goes both ways from now on; `callId` is what the services call it. */
  | { readonly kind: "answered"; readonly callId: string; readonly limitS: number }
  /** What keeps the call from being a good one at this moment, for people; empty when nothing does. */
  | { readonly kind: "notes"; readonly notes: readonly string[] }
  | { readonly kind: "alive"; readonly seconds: number }
  | { readonly kind: "caller"; readonly isSpeaking: boolean }
  | { readonly kind: "partial"; readonly committed: string; readonly tentative: string }
  /** A final transcript. */
  | { readonly kind: "said"; readonly text: string }
  | { readonly kind: "thinking" }
  /** A clause of the agent's answer; those of one turn belong together. */
  | { readonly kind: "answer"; readonly turn: number; readonly text: string }
  | { readonly kind: "speaking"; readonly waitMs: number }
  /** Sound that was sent and is not played yet shall not be heard. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "quiet" }
  | ({ readonly kind: "turn" } & TurnTiming)
  | { readonly kind: "ended"; readonly by: string; readonly reason: string };

/** Why a browser hangs up. */
export const hangUpReasons = ["hung up", "the microphone is gone", "the page was left"] as const;
export type HangUpReason = (typeof hangUpReasons)[number];

/** What a browser may say besides sound. */
export interface TalkWish {
  readonly kind: "hang-up";
  readonly reason: HangUpReason;
}

/** Undefined for anything else. */
export function parseTalkWish(text: string): TalkWish | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isWish =
      typeof value === "object" && value !== null && "kind" in value && value.kind === "hang-up";
    if (!isWish) return undefined;
    const told = "reason" in value ? value.reason : undefined;
    const reason = hangUpReasons.find((known) => known === told) ?? "hung up";
    return { kind: "hang-up", reason };
  } catch {
    return undefined;
  }
}
