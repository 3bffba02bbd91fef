/** The times of a turn, as events and columns call them, in the order in which they follow one another. */
export const turnTimes = [
  "silenceMs",
  "recognitionMs",
  "gatherMs",
  "firstTokenMs",
  "clauseMs",
  "voiceMs",
  "lineMs",
  "totalMs",
] as const;
