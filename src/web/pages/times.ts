/** Times and figures as pages show them; in the zone of the server, which is that of the PBX. */

/** `12:30:01` */
export function clockTime(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function wholeMs(ms: number): string {
  return `${Math.round(ms)} ms`;
}

/** `0.8 %` */
export function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}
