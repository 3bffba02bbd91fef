/** Which services have the callers, and whom to believe about the beginning and the end of a call; pure. */

/** Those that have the callers. */
export const telephones: readonly string[] = ["sip", "audiosocket", "web"];

const strangerRank = 5;

/**
 * The better a service knows beginning and end of calls, the lower. `isStartTold`: its first event said that
 * the call begins; else the call may be older.
 */
export function rankOf(service: string, isStartTold: boolean): number {
  if (telephones.includes(service)) return 0;
  switch (service) {
    case "whisper":
      return isStartTold ? 1 : 3;
    case "llama":
      return 2;
    case "kokoro":
      return 4;
    default:
      return strangerRank;
  }
}

export function knowsCalls(service: string): boolean {
  return rankOf(service, true) < strangerRank;
}

/** As the first event of a call that a service tells: telephones leave none out. */
export function tellsStart(service: string, kind: string): boolean {
  return kind === "began" || telephones.includes(service);
}
