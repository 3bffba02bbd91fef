/** Calls that are up. */
import type { Appliance } from "../appliance.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import { type LiveCall, speakerOf } from "../live/live-call.ts";
import type { Route } from "../route.ts";

export function callRoutes({ calls }: Appliance): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/calls",
      least: "viewer",
      kind: "api",
      summary: "Calls that are up, and those that ended a few seconds ago.",
      answer: { type: "application/json", help: "`calls`: a list, the oldest first" },
      handle: () => jsonAnswer({ calls: calls.list().map(described) }),
    },
    {
      method: "GET",
      path: "/api/v1/calls/{call}",
      least: "viewer",
      kind: "api",
      summary: "One call that is up.",
      parameters: [
        { name: "call", in: "path", help: "its id, or the id that services know it by" },
      ],
      answer: { type: "application/json", help: "the call with its transcript" },
      handle({ params: { call: id = "" } }) {
        const call = calls.find(id);
        if (call !== undefined) return jsonAnswer(described(call));
        throw new RequestError(404, "no such call is up", {
          hint: "/api/v1/history has the past ones",
        });
      },
    },
  ];
}

function described(call: LiveCall): Readonly<Record<string, unknown>> {
  const { startedMs, answeredMs, endedMs, transcript, parts, lines: _, ...rest } = call;
  return {
    ...rest,
    speaker: speakerOf(call),
    started: isoOf(startedMs),
    answered: isoOf(answeredMs),
    ended: isoOf(endedMs),
    transcript: transcript.map(({ who, text, atMs, isInterrupted }) => ({
      who,
      text,
      time: isoOf(atMs),
      isInterrupted,
    })),
    parts: parts.map(({ service, pid, key }) => ({ service, pid, key })),
  };
}

function isoOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
