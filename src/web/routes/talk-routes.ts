/** The route of calls from browsers: a request that becomes a WebSocket. */
import { RequestError } from "../answers.ts";
import type { Appliance } from "../appliance.ts";
import { originProblem } from "../request-origin.ts";
import type { Route, WebRequest } from "../route.ts";
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
        const { headers } = request.request;
        return new SocketAnswer(
          talk.take({
            name: request.principal?.name ?? "",
            mayStay: () => access.mayStay(headers),
          }),
        );
      },
    },
  ];
}

/** A WebSocket is a GET that any page may ask for, with our cookie; browsers always say which page it was. */
function requireOwnPage({ request: { headers }, principal }: WebRequest): void {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new RequestError(426, "this address speaks WebSocket", {
      hint: "the page Talk uses it",
      headers: { upgrade: "websocket" },
    });
  }
  if (principal?.by === "token") return;
  const problem = headers.has("origin") ? originProblem(headers) : "it does not say from where";
  if (problem !== undefined) throw new RequestError(403, `the call is refused: ${problem}`);
}
