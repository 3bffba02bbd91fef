/** How long a speaker pauses behind a clause, by what it ends with. */

const pauses: readonly (readonly [RegExp, number])[] = [
  [/[.!?…。！？]["'”’)\]]*$/u, 260],
  [/[:;：；]["'”’)\]]*$/u, 200],
  [/[,，、]["'”’)\]]*$/u, 130],
];
const otherPauseMs = 60;

export function pauseAfterMs(text: string): number {
  const end = text.trimEnd().slice(-8);
  return pauses.find(([ending]) => ending.test(end))?.[1] ?? otherPauseMs;
}
