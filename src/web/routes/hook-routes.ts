/** Webhooks: who gets them and how that goes, a test, and the secret that they are signed with. */
import { jsonAnswer, RequestError } from "../answers.ts";
import type { Appliance } from "../appliance.ts";
import type { Route } from "../route.ts";

const data = (help: string): Route["answer"] => ({ type: "application/json", help });

export function hookRoutes(appliance: Appliance): readonly Route[] {
  const { hooks } = appliance;
  return [
    {
      method: "GET",
      path: "/api/v1/webhooks",
      least: "admin",
      kind: "api",
      summary: "Receivers of webhooks, the last delivery to each, and what waits.",
      answer: data("`receivers`: a list; `spooled`: messages that wait on disk"),
      handle: () => jsonAnswer(hooks.view()),
    },
    testRoute(appliance),
    secretRoute(appliance),
  ];
}

function testRoute({ hooks }: Appliance): Route {
  return {
    method: "POST",
    path: "/api/v1/webhooks/{receiver}/test",
    least: "admin",
    kind: "api",
    action: "webhook test",
    summary: "Sends a test at once, and answers with what became of it.",
    parameters: [{ name: "receiver", in: "path", help: "id of the receiver" }],
    answer: data("`message` for people, `status` and `tookMs`"),
    async handle({ params: { receiver = "" } }) {
      const outcome = await hooks.test(Number(receiver));
      const { status, tookMs } = outcome;
      if (outcome.kind === "delivered") {
        const message = `The receiver took the test in ${tookMs} ms (${status}).`;
        return jsonAnswer({ message, status, tookMs });
      }
      const problem =
        outcome.kind === "failed" ? outcome.problem : "it answered 410: it wants none";
      throw new RequestError(502, `the receiver did not take the test: ${problem}`);
    },
  };
}

const secretName = "webhook-secret";

/** What the receivers verify with is exchanged at the same moment: they refuse what comes in between. */
function secretRoute({ hooks, settings }: Appliance): Route {
  return {
    method: "POST",
    path: "/api/v1/webhooks/secret",
    least: "admin",
    kind: "api",
    action: "webhook secret",
    summary: "Makes a new secret to sign webhooks with; it is shown this once.",
    answer: data("`secret`, and `message` for people"),
    async handle() {
      const { secret, use } = hooks.newSecret();
      const change = { changes: [], secrets: [{ name: secretName, value: secret }] };
      const outcome = await settings.change(change);
      if (outcome.kind === "refused") {
        const [problem] = outcome.problems;
        throw new RequestError(409, problem?.message ?? "the secret was not taken", {
          hint: problem?.hint ?? "",
        });
      }
      use();
      const after = outcome.restartsPage ? " The page starts again: reload it in a moment." : "";
      const message = `Give this secret to your receivers now: it is not shown again.${after}`;
      return jsonAnswer({ secret, message }, 201);
    },
  };
}
