/** What a configuration file may hold: its sections and their options, handed in by whoever has them. */
import { type Option, optionName, type OptionTable } from "./options.ts";

/** What is wrong with a value that has the right kind, as a sentence fragment without secrets. */
export type ValueCheck = (value: unknown) => string | undefined;

export interface SchemaSection {
  readonly name: string;
  /** Stands above the section in a file that Wildfire writes. */
  readonly summary: string;
  /** Without what makes sense on the command line only. */
  readonly options: OptionTable;
  /** A service can be run, and its options have short names in the environment too. */
  readonly isService: boolean;
  /** Keys that hold a table of options: `memory-mb.whisper = 2000`. */
  readonly tables: Readonly<Record<string, OptionTable>>;
  /** Keys that a written file shows, as remarks where they are not set. */
  readonly shown: readonly string[];
  /** For what an option's kind cannot tell, by key. */
  readonly checks: Readonly<Record<string, ValueCheck>>;
  /** Of each pair one key at most is set. */
  readonly exclusive: readonly (readonly [string, string])[];
}

export interface ConfigSchema {
  /** In the order of a written file. */
  readonly sections: readonly SchemaSection[];
}

export type SectionInput = Pick<SchemaSection, "name" | "summary" | "options"> &
  Partial<SchemaSection>;

/** A file that names itself, and help, make no sense. */
const commandLineOnly: ReadonlySet<string> = new Set(["config", "help"]);

export function createSchema(sections: readonly SectionInput[]): ConfigSchema {
  return {
    sections: sections.map((section) => ({
      isService: true,
      tables: {},
      shown: [],
      checks: {},
      exclusive: [],
      ...section,
      options: Object.fromEntries(
        Object.entries(section.options).filter(([name]) => !commandLineOnly.has(name)),
      ),
    })),
  };
}

export function findSection(schema: ConfigSchema, name: string): SchemaSection | undefined {
  return schema.sections.find((section) => section.name === name);
}

/** By a key in either spelling. */
export function findOption(schema: ConfigSchema, section: string, key: string): Option | undefined {
  const options = findSection(schema, section)?.options ?? {};
  const name = optionName(key);
  return Object.hasOwn(options, name) ? options[name] : undefined;
}
