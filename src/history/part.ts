/** What one service has seen of a call, as it is kept. */
import type { JoinablePart } from "./join-parts.ts";

/** What the telephone tells of a call, and what later events of the part need. */
export interface PartDetails {
  direction?: string;
  line?: string;
  remote?: string;
  name?: string;
  answeredMs?: number;
  endedBy?: string;
  endReason?: string;
  status?: number | null;
  codec?: string;
  meanOpinionScore?: number | null;
  jitterMs?: number | null;
  lossFraction?: number | null;
  /** Nobody told the end: its service is gone, or silent for long. The next event takes it back. */
  isEndAssumed?: boolean;
  /** What the caller has said since the model was last asked. */
  pending?: string;
}

export interface Part extends JoinablePart {
  /** Row of its call; null before it was joined. */
  call: number | null;
  readonly pid: number;
  callId: string;
  lastMs: number;
  endedMs: number | null;
  details: PartDetails;
}

/** Why a call ended whose service is gone without a word about it. */
export const lostReason = "lost: the service has ended";

/** Names a call for ever, by the part that stands for it. */
export function callKeyOf({ stream, key }: Pick<JoinablePart, "stream" | "key">): string {
  return `${stream}/${key}`;
}
