/** Asks all running services what they know of themselves. */
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { listServedSockets } from "../services/status-socket.ts";
import { requestStatus } from "../supervisor/status-request.ts";

export interface ServiceStatus {
  readonly service: string;
  readonly pid: number;
  /** Undefined when it gave none. */
  readonly status: Readonly<Record<string, unknown>> | undefined;
  /** Why it gave none. */
  readonly problem: string | undefined;
}

const limitMs = 4000;

/** One entry for each living process of these names. */
export async function askServices(
  stateFolder: string,
  names: readonly string[],
  clock: Clock,
): Promise<readonly ServiceStatus[]> {
  const served = await Promise.all(
    names.map(async (service) => {
      const sockets = await listServedSockets(stateFolder, service);
      return sockets.map(({ pid }) => ({ service, pid }));
    }),
  );
  return await Promise.all(
    served.flat().map(async ({ service, pid }): Promise<ServiceStatus> => {
      try {
        const status = await requestStatus({ stateFolder, service, pid, limitMs, clock });
        return { service, pid, status, problem: undefined };
      } catch (error) {
        return { service, pid, status: undefined, problem: describeError(error) };
      }
    }),
  );
}

/** A member of a status that is an object; empty where it is none. */
export function memberOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const member: unknown = fieldsOf(value)[name];
  return fieldsOf(member);
}

/** A member of a status that is a list; empty where it is none. */
export function listOf(value: unknown, name: string): readonly unknown[] {
  const member: unknown = fieldsOf(value)[name];
  return Array.isArray(member) ? member : [];
}

export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
