/** Streams of events: for programs, and for the pages. */
import type { Appliance } from "../appliance.ts";
import { RequestError } from "../answers.ts";
import { textIn } from "../../services/event-fields.ts";
import type { EventWriter } from "../live/event-response.ts";
import type { NumberedEvent } from "../live/event-hub.ts";
import { isAtLeast } from "../roles.ts";
import type { Route, WebRequest } from "../route.ts";
import { stayRule } from "../stay-rule.ts";

const stream = "text/event-stream";

export function liveRoutes(appliance: Appliance): readonly Route[] {
  const { streams, feed, clock } = appliance;
  return [
    {
      method: "GET",
      path: "/api/v1/events",
      least: "viewer",
      kind: "api",
      summary: "What all services tell, while they tell it, as server-sent events.",
      parameters: [
        {
          name: "call",
          in: "query",
          help: "only this call: its id here, or the one services know it by",
        },
        { name: "service", in: "query", help: "only this service" },
        { name: "since", in: "query", help: "go on behind this id, as far as it is kept" },
        { name: "last-event-id", in: "header", help: "the same, as browsers send it" },
      ],
      answer: {
        type: stream,
        help: "`data`: a JSON object with service, pid and the fields of the event; `id` where it is kept",
      },
      handle: (request) => follow(appliance, request),
    },
    {
      method: "GET",
      path: "/live/now",
      least: "viewer",
      kind: "api",
      summary: "Pieces of the page Now, whenever they change; for the script of that page.",
      answer: { type: stream, help: "`order`: what is in a region; `fragment`: a piece of HTML" },
      handle({ request, principal }) {
        const canSteer = principal !== undefined && isAtLeast(principal.role, "operator");
        const mayStay = stayRule(appliance, request);
        const begin = (writer: EventWriter): (() => void) => feed.watch(writer, canSteer);
        return streams.open({ request, clock, mayStay, begin });
      },
    },
  ];
}

const maxFilterCharacters = 100;

function follow(appliance: Appliance, { request, url }: WebRequest): Response {
  const { streams, hub, calls, clock } = appliance;
  const [call, service] = [readFilter(url, "call"), readFilter(url, "service")];
  const since = request.headers.get("last-event-id") ?? url.searchParams.get("since") ?? undefined;
  const isWanted = (event: NumberedEvent): boolean => {
    if (service !== undefined && event.service !== service) return false;
    return call === undefined || isAbout(event, call);
  };
  const isAbout = ({ service: from, pid, fields }: NumberedEvent, id: string): boolean => {
    const [key, callId] = [textIn(fields, "key"), textIn(fields, "callId")];
    if (key === id || callId === id) return true;
    const parts = calls.find(id)?.parts ?? [];
    return parts.some((part) => part.service === from && part.pid === pid && part.key === key);
  };
  return streams.open({
    request,
    clock,
    mayStay: stayRule(appliance, request),
    begin: (writer) =>
      hub.subscribe(
        {
          wantsPassing: true,
          event(event) {
            if (!isWanted(event)) return;
            const { service: from, pid, fields, id } = event;
            writer.send({ id, data: JSON.stringify({ service: from, ...fields, pid }) });
          },
          missed: (count) => writer.send({ data: JSON.stringify({ kind: "missed", count }) }),
        },
        since,
      ),
  });
}

function readFilter(url: URL, name: string): string | undefined {
  const text = url.searchParams.get(name) ?? "";
  if (text.length > maxFilterCharacters)
    throw new RequestError(400, `the parameter ${name} is too long`);
  return text === "" ? undefined : text;
}
