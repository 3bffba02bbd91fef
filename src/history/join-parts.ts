/**
 * Which parts are one call. Services know a call by a wire id that comes again, each with a key of its own;
 * what they have in common is the id and the time. Pure, and the same whatever the order in which the parts
 * became known.
 */
import { rankOf } from "../services/service-ranks.ts";

export interface JoinablePart {
  readonly id: number;
  readonly service: string;
  /** Which life of the service; with `key` it names the part for ever. */
  readonly stream: string;
  readonly key: string;
  /** Never ids of different calls at the same time. */
  readonly callId: string;
  readonly startedMs: number;
  /** Null while it goes on. */
  readonly endedMs: number | null;
  /** Its first event said that it begins; else the call may be older. */
  readonly isStartTold: number;
}

/** Whisper is told of a call shortly before the telephone says that it is up. */
const earlyMs = 2000;
/** What was said last may be told, and asked, when the call is over. */
const lateMs = 10_000;

/** The part that stands for the call of each part, by their ids; a part may stand for itself. */
export function joinParts(parts: readonly JoinablePart[]): ReadonlyMap<number, number> {
  const heads = new Map<number, number>();
  // Those of lower rank first: what stands above a part is known when its turn comes.
  for (const part of parts.toSorted((one, other) => rankOfPart(one) - rankOfPart(other))) {
    const above = bestAbove(part, parts);
    heads.set(part.id, above === undefined ? part.id : (heads.get(above.id) ?? above.id));
  }
  return heads;
}

function rankOfPart({ service, isStartTold }: JoinablePart): number {
  return rankOf(service, isStartTold !== 0);
}

function bestAbove(part: JoinablePart, parts: readonly JoinablePart[]): JoinablePart | undefined {
  let best: JoinablePart | undefined;
  for (const other of parts) {
    if (!isWithin(part, other)) continue;
    if (best === undefined || isBetter(other, best)) best = other;
  }
  return best;
}

function isWithin(part: JoinablePart, above: JoinablePart): boolean {
  if (above.callId !== part.callId || rankOfPart(above) >= rankOfPart(part)) return false;
  const { startedMs } = part;
  const isBegun = above.startedMs - earlyMs <= startedMs;
  return isBegun && startedMs <= (above.endedMs ?? Number.POSITIVE_INFINITY) + lateMs;
}

/** Of two calls that had the id one after the other it belongs to the later one. */
function isBetter(one: JoinablePart, other: JoinablePart): boolean {
  const ranks = rankOfPart(one) - rankOfPart(other);
  if (ranks !== 0) return ranks < 0;
  const starts = one.startedMs - other.startedMs;
  return starts === 0 ? nameOf(one) < nameOf(other) : starts > 0;
}

function nameOf({ stream, key }: JoinablePart): string {
  return `${stream}/${key}`;
}
