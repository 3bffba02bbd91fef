/** The command line of the bench. */
import { parseArgs } from "node:util";
import { nearestName } from "../src/config/nearest-name.ts";
import { describeError, quote, WildfireError } from "../src/core/errors.ts";
import { type MeasureName, measures, selectMeasures } from "./registry.ts";

export interface BenchArguments {
  /** Where to write the entries; undefined for the table alone. */
  readonly jsonPath: string | undefined;
  readonly wanted: ReadonlySet<MeasureName>;
  /** Fewer repetitions. */
  readonly isQuick: boolean;
  readonly isHelp: boolean;
}

export const usage = `Usage: npm run bench -- [--json FILE] [--only NAME…] [--quick]

  --json FILE   also write [{name, value, unit, bar, pass}] to FILE
  --only NAME…  these entries only; a NAME such as "ffi" stands for all that begin with it
  --quick       fewer repetitions
`;

/** Throws a WildfireError("usage"). */
export function parseArguments(argv: readonly string[]): BenchArguments {
  const { values, positionals } = parse(argv);
  const names = [...(values.only ?? []), ...positionals];
  if (positionals.length > 0 && values.only === undefined) {
    throw new WildfireError("usage", `unexpected argument ${quote(positionals[0] ?? "")}`, {
      hint: "put --only before names",
    });
  }
  if (values.json === "") throw new WildfireError("usage", "--json needs the name of a file");
  return {
    jsonPath: values.json,
    wanted: new Set(names.length === 0 ? allNames : names.flatMap(resolveName)),
    isQuick: values.quick,
    isHelp: values.help,
  };
}

const allNames: readonly MeasureName[] = measures.map(({ name }) => name);

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "string" },
        only: { type: "string", multiple: true },
        quick: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new WildfireError("usage", describeError(error), { hint: "see --help" });
  }
}

function resolveName(name: string): MeasureName[] {
  const selected = selectMeasures(name);
  if (selected.length > 0) return selected;
  const nearest = nearestName(name, allNames);
  throw new WildfireError("usage", `there is no entry ${quote(name)}`, {
    hint: nearest === undefined ? `there are: ${allNames.join(", ")}` : `did you mean ${nearest}?`,
  });
}
