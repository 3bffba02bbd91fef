/** Models of the ears: what is here and can be had, downloads, which one is used, and removal. */
import { builtInName } from "../../models-store/model-shelf.ts";
import type { Appliance } from "../appliance.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import { FragmentFeed } from "../live/fragment-feed.ts";
import { modelFragments } from "../pages/model-table.ts";
import { isAtLeast, type Principal } from "../roles.ts";
import type { Route, RouteParameter, WebRequest } from "../route.ts";
import { stayRule } from "../stay-rule.ts";

const json = (help: string): Route["answer"] => ({ type: "application/json", help });
const model: RouteParameter = {
  name: "model",
  in: "path",
  help: "name as the list has it, such as base.en",
};

export function modelRoutes(appliance: Appliance): readonly Route[] {
  const { models } = appliance;
  return [
    {
      method: "GET",
      path: "/api/v1/models",
      least: "viewer",
      kind: "api",
      summary: "Models on this machine, those that can be had, and the download under way.",
      answer: json("`here`, `obtainable` with estimates for this machine, `pull`"),
      handle: async () => jsonAnswer(await models.view()),
    },
    pullRoute(appliance),
    {
      method: "POST",
      path: "/api/v1/models/{model}/cancel",
      least: "operator",
      kind: "api",
      action: "model cancel",
      summary: "Ends the download of a model; what is here by then is kept.",
      parameters: [model],
      answer: json("`message` for people"),
      handle({ params: { model: name = "" } }) {
        models.cancel(name);
        return jsonAnswer({ message: `The download of ${name} is being cancelled.` }, 202);
      },
    },
    useRoute(appliance),
    {
      method: "DELETE",
      path: "/api/v1/models/{model}",
      least: "admin",
      kind: "api",
      action: "model remove",
      summary: "Removes a model from the disk, and what a broken download left of it.",
      parameters: [model],
      answer: json("`message` for people"),
      async handle({ params: { model: name = "" } }) {
        await models.remove(name);
        return jsonAnswer({ message: `${name} is removed.` });
      },
    },
    liveRoute(appliance),
  ];
}

function pullRoute({ models }: Appliance): Route {
  return {
    method: "POST",
    path: "/api/v1/models/{model}/pull",
    least: "operator",
    kind: "api",
    action: "model pull",
    summary: "Begins to download a model, or goes on where it broke off; one at a time.",
    parameters: [model],
    body: {
      form: "json",
      fields: {
        mirror: {
          kind: "string",
          help: "address of the folder to get it from; for administrators",
        },
        sha256: { kind: "string", help: "what the file must be" },
      },
    },
    answer: json("`message` for people, `pull`: the state of the download"),
    handle({ params: { model: name = "" }, body, principal }) {
      const mirror = optionalText(body, "mirror");
      if (mirror !== undefined) requireAdmin(principal);
      const pull = models.pull(name, { mirror, sha256: optionalText(body, "sha256") });
      return jsonAnswer({ message: `${pull.model} is being downloaded.`, pull }, 202);
    },
  };
}

function useRoute({ models }: Appliance): Route {
  return {
    method: "POST",
    path: "/api/v1/models/{model}/use",
    least: "admin",
    kind: "api",
    action: "model use",
    summary: `Names a model in the configuration and applies that; \`${builtInName}\` names none.`,
    parameters: [model],
    answer: json("`message` for people: what was saved, and what starts again"),
    handle: async ({ params: { model: name = "" } }) =>
      jsonAnswer({ message: await models.use(name) }),
  };
}

/** The machine of whoever gives an address is asked for files: that is for who may do everything. */
function requireAdmin(principal: Principal | undefined): void {
  if (principal !== undefined && isAtLeast(principal.role, "admin")) return;
  throw new RequestError(403, "another place for models needs the role admin", {
    hint: "leave out mirror",
  });
}

function optionalText(body: WebRequest["body"], name: string): string | undefined {
  const value = body[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

const renewMs = 250;
/** Files that are copied there are noticed, and what the ears use. */
const everyMs = 3000;

function liveRoute(appliance: Appliance): Route {
  const { streams, clock, models } = appliance;
  const feed = new FragmentFeed({
    clock,
    renewMs,
    everyMs,
    fragments: async (role) => modelFragments(await models.view(), role),
  });
  models.onChanged(() => feed.changed());
  return {
    method: "GET",
    path: "/live/ears",
    least: "viewer",
    kind: "api",
    summary: "Pieces of the page Ears, whenever they change; for the script of that page.",
    answer: { type: "text/event-stream", help: "`fragment`: a piece of HTML" },
    handle: ({ request, principal }) =>
      streams.open({
        request,
        clock,
        mayStay: stayRule(appliance, request),
        begin: (writer) => feed.watch(writer, principal?.role ?? "viewer"),
      }),
  };
}
