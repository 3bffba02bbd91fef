/** A call id that nobody uses: the ports of both directions are free. */
import { WildfireError } from "../core/errors.ts";
import { type CallId, callIdOf } from "../wire/call-id.ts";
import { callerAudioPort, readySignalPort, replyAudioPort } from "../wire/ports.ts";
import { isPortFree } from "./port-probe.ts";

/** From the highest of our own, since calls are given the lowest first. */
export async function freeCallId(): Promise<CallId> {
  for (let number = 998; number >= 2; number -= 2) {
    const callId = callIdOf(number);
    if (await isFree(callId)) return callId;
  }
  throw new WildfireError("socket", "no call id has free ports", { hint: "end some calls first" });
}

async function isFree(callId: CallId): Promise<boolean> {
  const results = await Promise.all([
    isPortFree({ kind: "tcp", port: callerAudioPort(callId) }),
    isPortFree({ kind: "tcp", port: replyAudioPort(callId) }),
    isPortFree({ kind: "udp", port: readySignalPort(callId) }),
  ]);
  return results.every(Boolean);
}
