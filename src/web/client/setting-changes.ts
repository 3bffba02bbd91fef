/** Which fields of a form are to be saved, and as what; pure. */

export interface FieldState {
  /** `llama.model`; or `llama-key` for secrets. */
  readonly name: string;
  readonly kind: "boolean" | "string" | "list" | "integer" | "number" | "secret" | "forget";
  /** What is in it now. */
  readonly text: string;
  readonly isChecked: boolean;
  /** What it held when it was saved last; `true` for a box that was checked. */
  readonly was: string;
}

export interface ChangeBody {
  readonly changes: readonly {
    readonly section: string;
    readonly key: string;
    readonly value: string | boolean | readonly string[] | null;
  }[];
  readonly secrets: readonly { readonly name: string; readonly value: string | null }[];
}

/** As it stands in `was` once it is saved. */
export function savedText({ kind, text, isChecked }: FieldState): string {
  if (kind === "boolean") return String(isChecked);
  if (kind === "secret" || kind === "forget") return "";
  return kind === "list" ? linesOf(text).join("\n") : text;
}

export function isChanged(field: FieldState): boolean {
  if (field.kind === "forget") return field.isChecked;
  if (field.kind === "secret") return field.text !== "";
  // What the file has between and around its texts no field can show.
  if (field.kind === "list") return savedText(field) !== linesOf(field.was).join("\n");
  return savedText(field) !== field.was;
}

/** An empty field leaves the usual value to count. */
export function changesOf(fields: readonly FieldState[]): ChangeBody {
  const changed = fields.filter(isChanged);
  return {
    changes: changed
      .filter(({ kind }) => kind !== "secret" && kind !== "forget")
      .map((field) => {
        const dot = field.name.indexOf(".");
        const [section, key] = [field.name.slice(0, dot), field.name.slice(dot + 1)];
        return { section, key, value: valueOf(field) };
      }),
    secrets: changed
      .filter(({ kind }) => kind === "secret" || kind === "forget")
      .map(({ name, kind, text }) => ({ name, value: kind === "forget" ? null : text })),
  };
}

function valueOf({ kind, text, isChecked }: FieldState): ChangeBody["changes"][number]["value"] {
  if (kind === "boolean") return isChecked ? true : null;
  if (kind !== "list") return text === "" ? null : text;
  const lines = linesOf(text);
  return lines.length === 0 ? null : lines;
}

function linesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
