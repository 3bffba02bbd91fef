/** The route of calls from browsers: a request that becomes a WebSocket. */
import { RequestError } from "../answers.ts";
import type { Appliance } from "../appliance.ts";
import type { Route, WebRequest } from "../route.ts";
import { stayRule } from "../stay-rule.ts";
import { SocketAnswer } from "../talk/socket-answer.ts";
import { talkPath } from "../talk/talk-events.ts";

export function talkRoutes({ access, talk }: Pick<Appliance, "access" | "talk">): readonly Route[] {
  return [
    {
      method: "GET",
      path: talkPath,
      least: "operator",
      kind: "api",
      summary:
        "A call to the agent over a WebSocket: binary messages are 20 ms of sound each, 16-bit mono at " +
        "16 kHz both ways, texts are JSON events; `hang-up` ends it.",
      action: "talk",
      answer: { type: "application/octet-stream", help: "sound and events, until the call ends" },
      handle(request) {
        requireOwnPage(request);
        const { principal } = request;
        const mayStay = stayRule({ access }, request.request);
        return new SocketAnswer(talk.take({ name: principal?.name ?? "", mayStay }));
      },
    },
  ];
}

/**
 * A WebSocket is a GET that any page may ask for, with our cookie. Browsers always say which page it was, and
 * `Access` compares that with ours.
 */
function requireOwnPage({ request: { headers }, principal }: WebRequest): void {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new RequestError(426, "this address speaks WebSocket", {
      hint: "the page Talk uses it",
      headers: { upgrade: "websocket" },
    });
  }
  if (principal?.by === "token" || headers.has("origin")) return;
  throw new RequestError(403, "the call is refused: it does not say from where");
}
