/** The lines as they are now: for programs, and live for the page. */
import type { Appliance } from "../appliance.ts";
import { jsonAnswer } from "../answers.ts";
import type { EventWriter } from "../live/event-response.ts";
import { FragmentFeed } from "../live/fragment-feed.ts";
import { lineViews } from "../live/line-view.ts";
import { lineFragments } from "../pages/lines-page.ts";
import type { Route } from "../route.ts";
import { stayRule } from "../stay-rule.ts";

const renewMs = 300;
const everyMs = 2000;

export function lineRoutes(appliance: Appliance): readonly Route[] {
  const { board, streams, clock } = appliance;
  const feed = new FragmentFeed({
    clock,
    renewMs,
    everyMs,
    fragments: (role) => lineFragments(appliance, role),
  });
  return [
    {
      method: "GET",
      path: "/api/v1/lines",
      least: "viewer",
      kind: "api",
      summary: "Lines that the sip service has, with the state of each.",
      answer: { type: "application/json", help: "`lines`: name, and `state` with word and detail" },
      async handle() {
        await board.refresh();
        const seen = { texts: undefined, status: board.status("sip"), isWanted: true };
        const lines = lineViews(seen).map(({ name, state }) => ({ name, state }));
        return jsonAnswer({ lines });
      },
    },
    {
      method: "GET",
      path: "/live/lines",
      least: "viewer",
      kind: "api",
      summary: "States of the lines, whenever they change; for the script of that page.",
      answer: { type: "text/event-stream", help: "`fragment`: a piece of HTML" },
      handle({ request, principal }) {
        const mayStay = stayRule(appliance, request);
        const role = principal?.role ?? "viewer";
        const begin = (writer: EventWriter): (() => void) => feed.watch(writer, role);
        return streams.open({ request, clock, mayStay, begin });
      },
    },
  ];
}
