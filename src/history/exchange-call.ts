/** What a call by AudioSocket is called, of which the exchange tells a UUID and nothing else; pure. */

/** Enough to tell the calls of a day apart. */
const shownCharacters = 8;

/** Undefined for calls that came another way, and where there is no UUID yet. */
export function exchangeCallName(service: string, remote: string): string | undefined {
  if (service !== "audiosocket" || remote === "") return undefined;
  return `AudioSocket call ${remote.slice(0, shownCharacters)}`;
}
