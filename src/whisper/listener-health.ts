/** Judges the registration listener from what was counted and what the kernel says: pure. */
import { errnoName } from "../core/errno.ts";
import type { SocketHealth } from "../core/socket-control.ts";

/** What is known at one moment. */
export interface ListenerSample {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly datagrams: number;
  readonly isOpen: boolean;
  /** Errors reported on the socket since the service started. */
  readonly errors: number;
  readonly lastErrno: string | null;
  readonly lastErrorAtMs: number | undefined;
  /** Undefined where the kernel cannot be asked. */
  readonly health: SocketHealth | undefined;
}

/**
 * The four ways in which registration is seen to fail. A: nothing arrives; B: the socket died;
 * C: the socket reports errors; D: datagrams queue up because the process is too slow.
 */
export interface FailurePattern {
  readonly pattern: "A" | "B" | "C" | "D";
  readonly finding: string;
  readonly advice: string;
}

const nothingArrivedMs = 30_000;
const errorIsRecentMs = 60_000;
/** Share of the receive buffer that may be in use without being called a queue. */
const queueShare = 0.25;

/** `previous` is an earlier sample of the same service, so that growth can be seen. */
export function recognisePatterns(
  current: ListenerSample,
  previous?: ListenerSample,
): FailurePattern[] {
  const patterns = [nothingArrives(current), socketDied(current), socketErrors(current)];
  patterns.push(queuesUp(current, previous));
  return patterns.filter((pattern) => pattern !== undefined);
}

function nothingArrives(sample: ListenerSample): FailurePattern | undefined {
  const waitedMs = sample.nowMs - sample.startedAtMs;
  if (sample.datagrams > 0 || !sample.isOpen || waitedMs < nothingArrivedMs) return undefined;
  return {
    pattern: "A",
    finding: `no datagram has arrived in ${Math.round(waitedMs / 1000)} s`,
    advice:
      "start the inbound service, check that it sends to this host and port and that no firewall stands between; " +
      "another whisper service on the same port would also take its datagrams",
  };
}

function socketDied(sample: ListenerSample): FailurePattern | undefined {
  const errno = sample.health?.callErrno ?? 0;
  if (sample.isOpen && errno === 0) return undefined;
  const reason = errno === 0 ? "it is closed" : `the kernel answers ${errnoName(errno)}`;
  return {
    pattern: "B",
    finding: `the registration socket died: ${reason}`,
    advice:
      "it is opened again by itself and calls go on; if this repeats, look for what closes it",
  };
}

function socketErrors(sample: ListenerSample): FailurePattern | undefined {
  const pending = sample.health?.socketErrno ?? 0;
  const ageMs = sample.nowMs - (sample.lastErrorAtMs ?? Number.NEGATIVE_INFINITY);
  if (pending === 0 && ageMs > errorIsRecentMs) return undefined;
  const errno = pending === 0 ? (sample.lastErrno ?? "unknown error") : errnoName(pending);
  return {
    pattern: "C",
    finding: `the registration socket reports ${errno} (${sample.errors} in all)`,
    advice:
      "the network stack refuses something: check the address given with --bind and the local firewall",
  };
}

function queuesUp(
  current: ListenerSample,
  previous: ListenerSample | undefined,
): FailurePattern | undefined {
  const [now, before] = [current.health, previous?.health];
  if (now === undefined) return undefined;
  const dropped = before === undefined || now.drops < 0 ? 0 : now.drops - before.drops;
  const isFull = isQueueLong(now) && before !== undefined && isQueueLong(before);
  if (dropped <= 0 && !isFull) return undefined;
  return {
    pattern: "D",
    finding: `datagrams queue up: ${now.queuedBytes} bytes wait, ${Math.max(0, dropped)} dropped since the last look`,
    advice:
      "the process is too slow for what arrives: look at the event-loop delay in the status, give the host more " +
      "processor time, or find what floods the port",
  };
}

function isQueueLong(health: SocketHealth): boolean {
  return (
    health.receiveBufferBytes > 0 && health.queuedBytes > health.receiveBufferBytes * queueShare
  );
}
