/** What English calls currencies, units and fractions. */

/** One, many, and the hundredth part of it. */
export const currencies: Readonly<
  Record<string, readonly [one: string, many: string, minor: string]>
> = {
  $: ["dollar", "dollars", "cent"],
  "€": ["euro", "euros", "cent"],
  "£": ["pound", "pounds", "penny"],
  USD: ["dollar", "dollars", "cent"],
  EUR: ["euro", "euros", "cent"],
  GBP: ["pound", "pounds", "penny"],
  CHF: ["Swiss franc", "Swiss francs", "centime"],
  "¥": ["yen", "yen", ""],
};
export const units: Readonly<Record<string, readonly [one: string, many: string]>> = {
  km: ["kilometre", "kilometres"],
  m: ["metre", "metres"],
  cm: ["centimetre", "centimetres"],
  mm: ["millimetre", "millimetres"],
  "m²": ["square metre", "square metres"],
  "m³": ["cubic metre", "cubic metres"],
  "km/h": ["kilometre per hour", "kilometres per hour"],
  mph: ["mile per hour", "miles per hour"],
  ft: ["foot", "feet"],
  lb: ["pound", "pounds"],
  lbs: ["pound", "pounds"],
  oz: ["ounce", "ounces"],
  kg: ["kilogram", "kilograms"],
  g: ["gram", "grams"],
  mg: ["milligram", "milligrams"],
  l: ["litre", "litres"],
  L: ["litre", "litres"],
  ml: ["millilitre", "millilitres"],
  h: ["hour", "hours"],
  hrs: ["hour", "hours"],
  min: ["minute", "minutes"],
  mins: ["minute", "minutes"],
  s: ["second", "seconds"],
  sec: ["second", "seconds"],
  ms: ["millisecond", "milliseconds"],
  kB: ["kilobyte", "kilobytes"],
  MB: ["megabyte", "megabytes"],
  GB: ["gigabyte", "gigabytes"],
  TB: ["terabyte", "terabytes"],
  Mbps: ["megabit per second", "megabits per second"],
  Hz: ["hertz", "hertz"],
  kHz: ["kilohertz", "kilohertz"],
  MHz: ["megahertz", "megahertz"],
  GHz: ["gigahertz", "gigahertz"],
  W: ["watt", "watts"],
  kW: ["kilowatt", "kilowatts"],
  kWh: ["kilowatt hour", "kilowatt hours"],
  V: ["volt", "volts"],
  "°C": ["degree Celsius", "degrees Celsius"],
  "°F": ["degree Fahrenheit", "degrees Fahrenheit"],
  "°": ["degree", "degrees"],
  "%": ["percent", "percent"],
  "‰": ["per mille", "per mille"],
};
/** For a pattern, the longest first. */
export const unitNames = Object.keys(units)
  .toSorted((a, b) => b.length - a.length)
  .join("|");
export const fractions: Readonly<Record<string, string>> = {
  "½": "one half",
  "¼": "one quarter",
  "¾": "three quarters",
  "⅓": "one third",
  "⅔": "two thirds",
};
