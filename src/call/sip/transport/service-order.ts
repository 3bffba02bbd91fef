/** In which order the servers of a domain are tried (RFC 2782). Pure. */

/** One SRV record. */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  /** The lowest first. */
  readonly priority: number;
  /** The share of the load among records with the same priority. */
  readonly weight: number;
}

/** By priority, and among equals at random in proportion to their weights; `random` gives 0..1. */
export function orderServices(
  records: readonly ServiceRecord[],
  random: () => number,
): readonly ServiceRecord[] {
  const byPriority = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: ServiceRecord[] = [];
  while (byPriority.length > 0) {
    const priority = byPriority[0]?.priority;
    const equals = byPriority.filter((record) => record.priority === priority);
    const chosen = drawByWeight(equals, random());
    ordered.push(...byPriority.splice(byPriority.indexOf(chosen), 1));
  }
  return ordered;
}

/** `equals` has at least one record; those without weight come first, so that they have a small chance. */
function drawByWeight(equals: readonly ServiceRecord[], share: number): ServiceRecord {
  const total = equals.reduce((sum, record) => sum + record.weight, 0);
  const wanted = Math.floor(share * (total + 1));
  let sum = 0;
  for (const record of equals) {
    sum += record.weight;
    if (sum >= wanted) return record;
  }
  throw new RangeError("share must be below 1");
}
