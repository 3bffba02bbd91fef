/** A call id that nobody uses: the ports of both directions are free. */
import { WildfireError } from "../core/errors.ts";
import { listenTcp } from "../tcp.ts";
import { openUdp } from "../udp.ts";
import { type CallId, callIdOf } from "../wire/call-id.ts";
import { callerAudioPort, readySignalPort, replyAudioPort } from "../wire/ports.ts";

const hostname = "127.0.0.1";

/** From the highest of our own, since calls are given the lowest first. */
export async function freeCallId(): Promise<CallId> {
  for (let number = 998; number >= 2; number -= 2) {
    const callId = callIdOf(number);
    if (await isFree(callId)) return callId;
  }
  throw new WildfireError("socket", "no call id has free ports", { hint: "end some calls first" });
}

async function isFree(callId: CallId): Promise<boolean> {
  try {
    for (const port of [callerAudioPort(callId), replyAudioPort(callId)]) {
      const accept = () => ({ data: ignore, closed: ignore });
      listenTcp({ hostname, port, maxPendingBytes: 0, accept }).stop(true);
    }
    const port = readySignalPort(callId);
    (await openUdp({ hostname, port, onDatagram: ignore, onError: ignore })).close();
    return true;
  } catch {
    return false;
  }
}

function ignore(): void {
  // Nothing is expected in this moment.
}
