/**
 * What a caller said, from all services that tell it: the best witness, and what that one missed from the
 * others. A service that dies takes with it what nobody has read yet, as while whoever writes the history
 * is away, and the telephone has been told each text as well. Pure.
 */
import { telephones } from "../services/service-ranks.ts";

export interface ToldUtterance {
  /** Who tells it. */
  readonly service: string;
  /** Wall clock. */
  readonly atMs: number;
  readonly text: string;
}

/** The first one knows most of an utterance. */
const witnesses = ["whisper", ...telephones];
/** One host: a text is told by all within milliseconds, and by one that was busy within this. */
const sameMs = 3000;

/** In the order in which they were told. */
export function toldUtterances<Row extends ToldUtterance>(rows: readonly Row[]): Row[] {
  const told: Row[] = [];
  for (const witness of witnesses) {
    const own = rows.filter(({ service }) => service === witness);
    const isFirst = told.length === 0;
    const others = Map.groupBy(told, ({ text }) => text.trim());
    const missed = own.filter((row) => !takeTwin(others.get(row.text.trim()) ?? [], row));
    // Only the best one knows what an utterance without words was.
    told.push(...missed.filter(({ text }) => isFirst || text.trim() !== ""));
  }
  return told.toSorted((one, other) => one.atMs - other.atMs);
}

/** True when a better witness has told it; each of its utterances stands for one. */
function takeTwin(others: ToldUtterance[], { atMs }: ToldUtterance): boolean {
  const at = others.findIndex((other) => Math.abs(other.atMs - atMs) < sameMs);
  if (at >= 0) others.splice(at, 1);
  return at >= 0;
}
