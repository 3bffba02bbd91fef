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

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `Today 12:30`, `Mon 16 Nov 12:30`, and with the year where it is another one. */
export function dayAndTime(ms: number, nowMs: number): string {
  const [date, now] = [new Date(ms), new Date(nowMs)];
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const time = clockTime(ms).slice(0, 5);
  if (dateOnly(date) === dateOnly(now)) return `Today ${time}`;
  if (dateOnly(date) === dateOnly(yesterday)) return `Yesterday ${time}`;
  const isSameYear = date.getFullYear() === now.getFullYear();
  const first = isSameYear ? `${days[date.getDay()] ?? ""} ` : "";
  const year = isSameYear ? "" : ` ${date.getFullYear()}`;
  return `${first}${date.getDate()} ${months[date.getMonth()] ?? ""}${year} ${time}`;
}

/** `2026-11-23`, as fields for dates have it. */
function dateOnly(date: Date): string {
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

/** `1:05`, and with hours `1:02:03`. */
export function lengthOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = twoDigits(seconds % 60);
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${twoDigits(minutes)}:${rest}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
