/** What listeners of the whisper service read of one event of a call. */
import type { CallHearingEvent, TurnTiming } from "../whisper/hearing-events.ts";
import { describeFinal } from "./final-record.ts";

/** Which call an event belongs to; `key` is unique for the life of the service, unlike the id. */
export interface EventCall {
  readonly callId: string;
  readonly key: string;
}

export interface CallHearing {
  readonly call: EventCall;
  readonly event: CallHearingEvent;
}

export function describeHearing({ call, event }: CallHearing): Readonly<Record<string, unknown>> {
  const { callId, key } = call;
  if (event.kind !== "final") return { callId, key, ...event };
  const { final, startMs, turn } = event;
  return { kind: "final", callId, key, ...describeFinal(final, startMs), ...describeTurn(turn) };
}

function describeTurn(turn: TurnTiming | undefined): Readonly<Record<string, number>> {
  if (turn === undefined) return {};
  return { silenceMs: turn.silenceMs, textMs: Math.round(turn.textMs * 10) / 10 };
}
