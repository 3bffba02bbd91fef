/** What German calls currencies, units and fractions. */

/** `isFeminine` decides between "ein" and "eine". */
export interface Unit {
  readonly one: string;
  readonly many: string;
  readonly isFeminine: boolean;
}

export const units: Readonly<Record<string, Unit>> = {
  km: unit("Kilometer"),
  m: unit("Meter"),
  cm: unit("Zentimeter"),
  mm: unit("Millimeter"),
  "m²": unit("Quadratmeter"),
  qm: unit("Quadratmeter"),
  "m³": unit("Kubikmeter"),
  "km/h": unit("Kilometer pro Stunde"),
  kg: unit("Kilogramm"),
  g: unit("Gramm"),
  mg: unit("Milligramm"),
  t: feminine("Tonne", "Tonnen"),
  l: unit("Liter"),
  L: unit("Liter"),
  ml: unit("Milliliter"),
  h: feminine("Stunde", "Stunden"),
  "Std.": feminine("Stunde", "Stunden"),
  "Min.": feminine("Minute", "Minuten"),
  min: feminine("Minute", "Minuten"),
  s: feminine("Sekunde", "Sekunden"),
  "Sek.": feminine("Sekunde", "Sekunden"),
  ms: feminine("Millisekunde", "Millisekunden"),
  kB: unit("Kilobyte"),
  MB: unit("Megabyte"),
  GB: unit("Gigabyte"),
  TB: unit("Terabyte"),
  Hz: unit("Hertz"),
  kHz: unit("Kilohertz"),
  MHz: unit("Megahertz"),
  GHz: unit("Gigahertz"),
  W: unit("Watt"),
  kW: unit("Kilowatt"),
  kWh: feminine("Kilowattstunde", "Kilowattstunden"),
  V: unit("Volt"),
  "°C": unit("Grad Celsius"),
  "°F": unit("Grad Fahrenheit"),
  "°": unit("Grad"),
  "%": unit("Prozent"),
  "‰": unit("Promille"),
};
/** For a pattern, the longest first. */
export const unitNames = Object.keys(units)
  .toSorted((a, b) => b.length - a.length)
  .map((name) => name.replace(".", String.raw`\.`))
  .join("|");
/** With the hundredth part of it. */
export const currencies: Readonly<Record<string, readonly [major: string, minor: string]>> = {
  "€": ["Euro", "Cent"],
  EUR: ["Euro", "Cent"],
  $: ["Dollar", "Cent"],
  USD: ["Dollar", "Cent"],
  "£": ["Pfund", "Pence"],
  GBP: ["Pfund", "Pence"],
  CHF: ["Franken", "Rappen"],
  "¥": ["Yen", ""],
};
export const fractions: Readonly<Record<string, string>> = {
  "½": "ein halb",
  "¼": "ein Viertel",
  "¾": "drei Viertel",
  "⅓": "ein Drittel",
  "⅔": "zwei Drittel",
};
/** For a name without a plural of its own. */
export function unit(name: string): Unit {
  return { one: name, many: name, isFeminine: false };
}

function feminine(one: string, many: string): Unit {
  return { one, many, isFeminine: true };
}
