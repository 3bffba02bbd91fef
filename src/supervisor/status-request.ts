/** Asks one process for its status, with a limit that holds for connecting too. */
import type { Clock } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import { askSocket, parseAnswer } from "../services/socket-question.ts";
import { listServiceSockets, type ServiceSocket } from "../services/status-socket.ts";

export interface StatusRequest {
  readonly stateFolder: string;
  readonly service: string;
  readonly pid: number;
  readonly limitMs: number;
  readonly clock: Clock;
}

const question = new TextEncoder().encode("status\n");

/** Rejects with a WildfireError when there is no answer, or none that is a JSON object. */
export async function requestStatus(
  request: StatusRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const { service: who, limitMs, clock } = request;
  const socket = socketOf(request);
  if (socket === undefined) throw new WildfireError("state", `${who} has no status socket`);
  const { path } = socket;
  const answer = parseAnswer(await askSocket({ path, question, limitMs, clock, who }));
  if (answer !== undefined) return answer;
  throw new WildfireError("state", `${who} answered something that is no status`);
}

/** The status socket of that very process. */
export function socketOf({
  stateFolder,
  service,
  pid,
}: Pick<StatusRequest, "stateFolder" | "service" | "pid">): ServiceSocket | undefined {
  return listServiceSockets(stateFolder, service).find((socket) => socket.pid === pid);
}
