/** What the status of a service says that matters to its supervisor: pure. */

export interface ChildStatus {
  /** False while it says itself that it is not ready yet. */
  readonly isReady: boolean;
  readonly version: string | undefined;
  readonly commit: string | undefined;
  /** Calls that are up. */
  readonly calls: number;
}

export function readChildStatus(answer: Readonly<Record<string, unknown>>): ChildStatus {
  return {
    isReady: answer["state"] !== "starting",
    version: textOf(answer["version"]),
    commit: textOf(answer["commit"]),
    calls: callsIn(answer),
  };
}

/**
 * Each kind of service lists its calls in its own way: `current` of sip and audiosocket, `calls` of
 * whisper, `calls.up` of llama, `calls.open` of kokoro. A plain number counts past calls too.
 */
function callsIn({ current, calls }: Readonly<Record<string, unknown>>): number {
  if (Array.isArray(current)) return current.length;
  if (Array.isArray(calls)) return calls.length;
  if (typeof calls !== "object" || calls === null) return 0;
  const { up, open }: Readonly<Record<string, unknown>> = { ...calls };
  if (Array.isArray(up)) return up.length;
  return Array.isArray(open) ? open.length : 0;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
