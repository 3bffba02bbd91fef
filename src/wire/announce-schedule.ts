/** When REGISTER is sent: every 200 ms in the first second, then every second. */

const quickForMs = 1000;
const quickEveryMs = 200;
const slowEveryMs = 1000;

/** How long to wait after a REGISTER that was sent `sinceStartMs` after the first one. */
export function nextAnnouncementMs(sinceStartMs: number): number {
  return sinceStartMs < quickForMs ? quickEveryMs : slowEveryMs;
}
