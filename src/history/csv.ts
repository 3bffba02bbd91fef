/** Lines of CSV, RFC 4180; pure. */

/** With its end of line. What callers say must not become a formula in a spreadsheet. */
export function csvLine(values: readonly (string | number)[]): string {
  return `${values.map(field).join(",")}\r\n`;
}

function field(value: string | number): string {
  if (typeof value === "number") return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
