/** What the supervisor tells those who listen: each change of a service's state, and each crash. */
import type { Crash, SupervisedChildStatus } from "./supervised-child.ts";

export type SupervisorEvent =
  | { readonly about: "service"; readonly status: SupervisedChildStatus }
  | { readonly about: "crash"; readonly crash: Crash };

/** `pid` of an event is the supervisor's; the service's own is `servicePid`. */
export function describeSupervisorEvent(event: SupervisorEvent): Readonly<Record<string, unknown>> {
  if (event.about === "service") {
    const { name, state, pid, restarts, lastReason } = event.status;
    return { kind: "service", service: name, state, servicePid: pid, restarts, lastReason };
  }
  const { pid, ...rest } = event.crash;
  return { kind: "crash", servicePid: pid, ...rest };
}
