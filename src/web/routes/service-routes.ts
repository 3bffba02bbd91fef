/** Services: what they are doing, and start, stop, restart. */
import { type Appliance, type ServiceAction, serviceActions } from "../appliance.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import type { ServiceView } from "../live/service-view.ts";
import type { Route, RouteParameter } from "../route.ts";

const json = (help: string): Route["answer"] => ({ type: "application/json", help });
const name: RouteParameter = { name: "service", in: "path", help: "name of the service" };

export function serviceRoutes(appliance: Appliance): readonly Route[] {
  const { board } = appliance;
  return [
    {
      method: "GET",
      path: "/api/v1/services",
      least: "viewer",
      kind: "api",
      summary: "All services with state, build and health.",
      answer: json("`services`: a list"),
      async handle() {
        await board.refresh();
        return jsonAnswer({
          hasSupervisor: board.hasSupervisor,
          services: board.services().map(described),
        });
      },
    },
    {
      method: "GET",
      path: "/api/v1/services/{service}",
      least: "viewer",
      kind: "api",
      summary: "One service, with all that it says about itself.",
      parameters: [name],
      answer: json("the service; `status` as `wildfire status` has it"),
      async handle({ params: { service = "" } }) {
        await board.refresh();
        const status = board.status(service) ?? null;
        return jsonAnswer({ ...described(viewOf(appliance, service)), status });
      },
    },
    ...serviceActions.map((action) => actionRoute(appliance, action)),
  ];
}

const done: Readonly<Record<ServiceAction, string>> = {
  start: "is being started",
  stop: "is being stopped",
  restart: "is being restarted",
};

function actionRoute(appliance: Appliance, action: ServiceAction): Route {
  return {
    method: "POST",
    path: `/api/v1/services/{service}/${action}`,
    least: "operator",
    kind: "api",
    action: `service ${action}`,
    summary: `Tells the supervisor to ${action} a service; answers once that is under way.`,
    parameters: [name],
    answer: json("`message` for people, and the service as the supervisor has it"),
    async handle({ params: { service = "" } }) {
      viewOf(appliance, service);
      const answer = await appliance.steer(action, service);
      void appliance.board.refresh();
      return jsonAnswer({ message: `${service} ${done[action]}.`, service: answer }, 202);
    },
  };
}

function viewOf({ board }: Appliance, service: string): ServiceView {
  const view = board.service(service);
  if (view !== undefined) return view;
  const known = board.services().map((one) => one.name);
  throw new RequestError(404, "there is no such service", {
    hint: known.length === 0 ? "none runs" : `there are ${known.join(", ")}`,
  });
}

function described({ startedMs, ...view }: ServiceView): Readonly<Record<string, unknown>> {
  return { ...view, started: startedMs === undefined ? null : new Date(startedMs).toISOString() };
}
