/** Asks one process for its status, with a limit that holds for connecting too. */
import type { Clock } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import { listServiceSockets, type ServiceSocket } from "../services/status-socket.ts";
import { connectUnix } from "../tcp.ts";
import type { TcpLink } from "../tcp-link.ts";

export interface StatusRequest {
  readonly stateFolder: string;
  readonly service: string;
  readonly pid: number;
  readonly limitMs: number;
  readonly clock: Clock;
}

const question = new TextEncoder().encode("status\n");
const maxAnswerBytes = 4 << 20;

/** Rejects with a WildfireError when there is no answer, or none that is a JSON object. */
export async function requestStatus(
  request: StatusRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const socket = socketOf(request);
  if (socket === undefined) {
    throw new WildfireError("state", `${request.service} has no status socket`);
  }
  const text = await ask(socket, request);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Said below.
  }
  throw new WildfireError("state", `${request.service} answered something that is no status`);
}

/** The status socket of that very process. */
export function socketOf({
  stateFolder,
  service,
  pid,
}: Pick<StatusRequest, "stateFolder" | "service" | "pid">): ServiceSocket | undefined {
  return listServiceSockets(stateFolder, service).find((socket) => socket.pid === pid);
}

async function ask({ path }: ServiceSocket, request: StatusRequest): Promise<string> {
  const { service, limitMs, clock } = request;
  const answer = Promise.withResolvers<string>();
  const chunks: Uint8Array[] = [];
  let bytesLeft = maxAnswerBytes;
  const timer = clock.after(limitMs, () =>
    answer.reject(
      new WildfireError("timeout", `${service} does not answer within ${limitMs / 1000} s`),
    ),
  );
  const connecting = connectUnix(path, {
    data(bytes) {
      bytesLeft -= bytes.length;
      if (bytesLeft >= 0) chunks.push(bytes.slice());
      else answer.reject(new WildfireError("state", `the status of ${service} does not end`));
    },
    closed: () => answer.resolve(Buffer.concat(chunks).toString("utf8")),
  });
  const links: TcpLink[] = [];
  connecting.then(
    (link) => {
      links.push(link);
      link.write(question);
    },
    (error: unknown) => answer.reject(error),
  );
  try {
    return await answer.promise;
  } finally {
    timer.cancel();
    // One that opens later is not needed either.
    if (links.length === 0) connecting.then((link) => link.destroy()).catch(() => undefined);
    for (const link of links) link.destroy();
  }
}
