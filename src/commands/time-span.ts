/** Times within a recording, for people. */

/** `0:01.25-0:03.90` or `1:02:03.40-1:02:05.00`: both ends alike, so that they line up. */
export function formatSpan(startMs: number, endMs: number): string {
  return `${formatTime(startMs)}-${formatTime(endMs)}`;
}

/** Hundredths are as exact as a cut at pauses is. */
export function formatTime(ms: number): string {
  const hundredths = Math.round(ms / 10);
  const minutes = Math.floor(hundredths / 6000);
  const seconds = ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0");
  if (minutes < 60) return `${minutes}:${seconds}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}
