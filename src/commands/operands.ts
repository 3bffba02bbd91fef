/** Takes the arguments that are no options, such as file names, out of a command line. */
import { parseArgs } from "node:util";
import type { OptionTable } from "../config/options.ts";

export interface Operands {
  readonly operands: readonly string[];
  /** The options with their values, for `readOptions`. */
  readonly rest: readonly string[];
}

/** The table tells which options take the next argument as their value. */
export function takeOperands(table: OptionTable, argv: readonly string[]): Operands {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(table).map(([name, { kind, short }]) => {
        const type = kind === "boolean" ? "boolean" : "string";
        return [name, short === undefined ? { type } : { type, short }] as const;
      }),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const found = tokens.filter((token) => token.kind === "positional");
  const places = new Set(found.map(({ index }) => index));
  return {
    operands: found.map(({ value }) => value),
    rest: argv.filter((_, index) => !places.has(index)),
  };
}
