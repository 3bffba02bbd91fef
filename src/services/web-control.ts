/** How the web service gets at the others: their status, and the supervisor's commands. */
import { describeError, WildfireError } from "../core/errors.ts";
import { requestStatus } from "../supervisor/status-request.ts";
import type { ServiceAction } from "../web/appliance.ts";
import { type StatusReader, supervisorService } from "../web/live/service-board.ts";
import type { ServiceContext } from "./service.ts";
import {
  commandService,
  listServedSockets,
  listServiceSockets,
  removeDeadSocket,
} from "./status-socket.ts";

/** A service that works answers within milliseconds. */
const statusLimitMs = 1500;
const commandLimitMs = 5000;

export function statusReader({ stateFolder, clock }: ServiceContext): StatusReader {
  return {
    processes: (service) =>
      listServiceSockets(stateFolder, service)
        .filter((socket) => !removeDeadSocket(socket))
        .map(({ pid }) => pid),
    read: ({ service, pid }) =>
      requestStatus({ stateFolder, service, pid, limitMs: statusLimitMs, clock }),
  };
}

/** Rejects with a WildfireError("state") when there is no supervisor, or with what it refused. */
export async function steerService(
  { stateFolder }: ServiceContext,
  action: ServiceAction,
  service: string,
): Promise<Readonly<Record<string, unknown>>> {
  if (service === "web" && action === "stop") {
    throw new WildfireError("state", "the page cannot stop itself", {
      hint: "stop `wildfire up`, or leave web out of [services] run",
    });
  }
  const [supervisor] = await listServedSockets(stateFolder, supervisorService);
  if (supervisor === undefined) {
    throw new WildfireError("state", "no supervisor runs that could do it", {
      hint: "start the services with `wildfire up`",
    });
  }
  const asked = { command: action, fields: { service } };
  const answer = await commandService(supervisor, asked, commandLimitMs);
  const refusal = answer["error"];
  if (typeof refusal === "string") throw new WildfireError("state", refusal);
  return answer;
}

export type SupervisorAnswer =
  | { readonly kind: "answered"; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: "refused"; readonly reason: string }
  /** It is still at it. */
  | { readonly kind: "late" }
  /** None runs. */
  | { readonly kind: "absent" };

export async function hasSupervisor({ stateFolder }: ServiceContext): Promise<boolean> {
  return (await listServedSockets(stateFolder, supervisorService)).length > 0;
}

/** Has the configuration read again; never rejects. */
export async function reloadSupervisor(
  { stateFolder }: Pick<ServiceContext, "stateFolder">,
  limitMs: number,
): Promise<SupervisorAnswer> {
  const [supervisor] = await listServedSockets(stateFolder, supervisorService);
  if (supervisor === undefined) return { kind: "absent" };
  try {
    const fields = await commandService(supervisor, { command: "reload", fields: {} }, limitMs);
    const refusal = fields["error"];
    return typeof refusal === "string"
      ? { kind: "refused", reason: refusal }
      : { kind: "answered", fields };
  } catch (error) {
    const isLate = error instanceof WildfireError && error.code === "timeout";
    return isLate ? { kind: "late" } : { kind: "refused", reason: describeError(error) };
  }
}
