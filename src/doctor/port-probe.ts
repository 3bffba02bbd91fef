/** Whether a port of this host can be had: it is opened, and closed again at once. */
import { describeError } from "../core/errors.ts";
import { listenTcp } from "../tcp.ts";
import { openUdp } from "../udp.ts";
import type { PortKind } from "./port-owner.ts";

export interface ProbedPort {
  readonly kind: PortKind;
  readonly port: number;
  /** Address to bind it to; loopback unless given. */
  readonly bind?: string;
}

/** Never rejects. */
export async function isPortFree(port: ProbedPort): Promise<boolean> {
  return (await portProblem(port)) === "";
}

/** Why it cannot be opened; empty when it can. Never rejects. */
export async function portProblem({
  kind,
  port,
  bind: hostname = "127.0.0.1",
}: ProbedPort): Promise<string> {
  try {
    if (kind === "udp") {
      (await openUdp({ hostname, port, onDatagram: ignore, onError: ignore })).close();
    } else {
      const accept = () => ({ data: ignore, closed: ignore });
      listenTcp({ hostname, port, maxPendingBytes: 0, accept }).stop(true);
    }
    return "";
  } catch (error) {
    return describeError(error);
  }
}

function ignore(): void {
  // Whatever comes in this moment is not for us.
}
