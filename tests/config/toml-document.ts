/** Random TOML texts that know where their keys stand and what they hold. */
import type { OptionValue } from "../../src/config/options.ts";
import { formatTomlKey, formatTomlValue } from "../../src/config/toml-value.ts";
import type { SeededRandom } from "../fuzz/seeded-random.ts";

export interface KeyPlace {
  readonly path: readonly string[];
  /** The first is 1. */
  readonly line: number;
}

export interface RandomToml {
  readonly text: string;
  readonly places: readonly KeyPlace[];
  /** Remarks that stand on lines of their own. */
  readonly remarks: readonly string[];
}

const nastyTexts = [
  "",
  "plain",
  "a # b",
  "[no.header]",
  "key = 1",
  'quote " and \\ back',
  "it's",
  "line\nbreak = 2\n[x]\n",
  "tab\tand \u0001 and \u007f",
  "grüße 😀",
  '"""',
  "'''",
  "{ a = 1 }",
] as const;

/** Sections in different spellings; the name of the n-th key is `key-n` or needs quotes. */
export class TomlDocument {
  readonly #random: SeededRandom;
  readonly #newline: string;
  #lines: string[] = [];
  #places: KeyPlace[] = [];
  #remarks: string[] = [];
  #nextName = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#newline = random.pick(["\n", "\n", "\r\n"]);
  }

  generate(): RandomToml {
    this.#fill();
    for (let count = this.#random.between(0, 3); count > 0; count -= 1) this.#entry([], []);
    if (this.#random.between(0, 1) === 0) this.#dottedSection();
    if (this.#random.between(0, 2) === 0) this.#inlineSection();
    for (let count = this.#random.between(0, 4); count > 0; count -= 1) this.#section();
    if (this.#random.between(0, 2) === 0) this.#arrayOfTables();
    const end = this.#random.pick(["", this.#newline]);
    const bom = this.#random.between(0, 9) === 0 ? "\uFEFF" : "";
    const text = bom + this.#lines.join(this.#newline) + end;
    return { text, places: this.#places, remarks: this.#remarks };
  }

  #section(): void {
    const name = this.#name();
    this.#push(
      `${this.#indent()}[ ${formatTomlKey(name)}${this.#random.pick(["", " "])}]${this.#tail()}`,
    );
    this.#places.push({ path: [name], line: this.#lines.length });
    this.#fill();
    for (let count = this.#random.between(0, 5); count > 0; count -= 1) this.#entry([name], []);
  }

  #dottedSection(): void {
    const name = this.#name();
    for (let count = this.#random.between(1, 3); count > 0; count -= 1) this.#entry([], [name]);
  }

  #inlineSection(): void {
    const name = this.#name();
    const isLong = this.#random.between(0, 1) === 0;
    this.#push(`${formatTomlKey(name)} = {`);
    const line = this.#lines.length;
    this.#places.push({ path: [name], line });
    const keys = Array.from({ length: this.#random.between(0, 3) }, () => this.#name());
    for (const [index, key] of keys.entries()) {
      const comma = index + 1 < keys.length ? "," : "";
      const entry = `${formatTomlKey(key)} = ${formatTomlValue(this.#scalar())}${comma}`;
      this.#places.push({ path: [name, key], line: this.#lines.length + (isLong ? 1 : 0) });
      if (isLong) this.#push(`  ${entry} # remark }`);
      else this.#extend(` ${entry}`);
    }
    if (isLong) this.#push("}");
    else this.#extend(" }");
  }

  #arrayOfTables(): void {
    const name = this.#name();
    for (let index = 0; index < this.#random.between(1, 3); index += 1) {
      this.#push(`[[${formatTomlKey(name)}]]`);
      this.#places.push({ path: [name, String(index)], line: this.#lines.length });
      this.#entry([name, String(index)], []);
    }
  }

  #entry(table: readonly string[], prefix: readonly string[]): void {
    const key = this.#name();
    const space = this.#random.pick(["", " ", "\t"]);
    const written = `${formatTomlKey(...prefix, key)}${space}=${space}${this.#value()}`;
    const line = this.#lines.length + 1;
    this.#places.push({ path: [...table, ...prefix, key], line });
    this.#push(`${this.#indent()}${written}${this.#tail()}`);
    this.#fill();
  }

  #name(): string {
    this.#nextName += 1;
    const n = this.#nextName;
    return this.#random.pick([
      `key-${n}`,
      `key_${n}`,
      `k.${n}`,
      `schlüssel "${n}"`,
      `${n}@pbx`,
      `${n}\n`,
    ]);
  }

  #scalar(): OptionValue {
    const random = this.#random;
    return random.pick<OptionValue>([
      random.pick(nastyTexts),
      random.between(-9999, 9999),
      random.unit(),
      true,
    ]);
  }

  #value(): string {
    const newline = this.#newline;
    const list = Array.from({ length: this.#random.between(0, 3) }, () =>
      this.#random.pick(nastyTexts),
    );
    const items = list.map((item) => `${formatTomlValue(item)},${newline} # ], [x]${newline}`);
    return this.#random.pick([
      formatTomlValue(this.#scalar()),
      formatTomlValue(list),
      `[ # a remark ]${newline}${items.join("")}]`,
      `"""${newline}grüße${newline}a = "b" \\" [c]${newline}[d]"""""`,
      `'''${newline}[x] # no ' remark${newline}a = \\'''''`,
      "'C:\\path # [x]'",
      "1979-05-27 07:32:00Z",
      "0xDEAD_beef",
      "-inf",
    ]);
  }

  #fill(): void {
    const random = this.#random;
    for (let count = random.between(0, 2); count > 0; count -= 1) {
      if (random.between(0, 1) === 0) this.#push(random.pick(["", "  "]));
      else {
        const remark = `# remark ${this.#remarks.length} key = "x" [y] '''`;
        this.#remarks.push(remark);
        this.#push(`${this.#indent()}${remark}`);
      }
    }
  }

  #indent(): string {
    return this.#random.pick(["", "", "  ", "\t"]);
  }

  #tail(): string {
    return this.#random.pick(["", "", ' # = [a] "', "  "]);
  }

  /** Goes on with the last line. */
  #extend(written: string): void {
    const last = this.#lines.pop() ?? "";
    this.#push(last + written);
  }

  #push(written: string): void {
    this.#lines = [...this.#lines, ...written.split(/\r?\n/)];
  }
}
