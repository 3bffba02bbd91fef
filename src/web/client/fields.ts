/** What the server sent, as fields that are what they should be. */

export type Fields = Readonly<Record<string, unknown>>;

/** No fields when it is no JSON object. */
export function parseFields(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

export function textsOf(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
