/** In which order services start and stop: who is spoken to must be there first. Pure. */

/** Lower ranks are ready before higher ones start; who has none starts at once and stops last. */
const ranks: Readonly<Record<string, number>> = {
  kokoro: 0,
  llama: 0,
  whisper: 1,
  inbound: 2,
  outbound: 2,
  sip: 2,
  audiosocket: 2,
};

/** Those of `all` that must be ready before the service starts. */
export function startsAfter(service: string, all: readonly string[]): readonly string[] {
  const rank = rankOf(service);
  return rank === undefined ? [] : all.filter((other) => (rankOf(other) ?? rank) < rank);
}

/** The services in groups that stop together, first group first. */
export function stopGroups(all: readonly string[]): readonly (readonly string[])[] {
  const groups = Map.groupBy(all, (service) => rankOf(service) ?? -1);
  return [...groups].toSorted(([a], [b]) => b - a).map(([, services]) => services);
}

function rankOf(service: string): number | undefined {
  return Object.hasOwn(ranks, service) ? ranks[service] : undefined;
}
