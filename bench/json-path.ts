/** Takes numbers out of a service's status without trusting its shape. */

/** Throws when there is no number at that place. */
export function numberAt(value: unknown, ...keys: readonly string[]): number {
  const found = valueAt(value, keys);
  if (typeof found === "number") return found;
  throw new TypeError(`there is no number at ${keys.join(".")}`);
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  let current = value;
  for (const key of keys) {
    if (typeof current !== "object" || current === null) return undefined;
    current = new Map<string, unknown>(Object.entries(current)).get(key);
  }
  return current;
}
