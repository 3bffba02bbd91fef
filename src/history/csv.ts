/** Lines of CSV, RFC 4180; pure. */

/** With its end of line. What callers say must not become a formula in a spreadsheet. */
export function csvLine(values: readonly (string | number)[]): string {
  return `${values.map(field).join(",")}\r\n`;
}

function field(value: string | number): string {
  // Clocks give digits that say nothing.
  if (typeof value === "number") return String(Math.round(value * 1000) / 1000);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
