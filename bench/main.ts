/** `npm run bench`: runs the benches, prints a table as values come in, and writes them as JSON. */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { describeError, quote, WildfireError } from "../src/core/errors.ts";
import { type BenchArguments, parseArguments, usage } from "./arguments.ts";
import { benches } from "./benches.ts";
import { type Bench, type BenchContext, CannotRun } from "./context.ts";
import { otherCpuShare, readCpu } from "./machine-load.ts";
import type { MeasureName } from "./registry.ts";
import { type Entry, formatHeader, formatJson, formatRow, judge } from "./report.ts";
import { Progress } from "./progress.ts";

const interrupted = 130;
const attempts = 3;
/** Share of all processors. */
const othersMayUse = 0.05;

/** Resolves to the exit code: 0 all passed, 1 a bar was missed or a bench failed. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseArguments(argv);
  if (options.isHelp) {
    process.stdout.write(usage);
    return 0;
  }
  if (options.jsonPath !== undefined) await writeJson(options.jsonPath, []);
  const temporaryFolder = mkdtempSync(join(tmpdir(), "wildfire-bench-"));
  process.on("exit", () => rmSync(temporaryFolder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(interrupted));
  const run = new Run(options, temporaryFolder);
  await run.all();
  if (options.jsonPath !== undefined) await writeJson(options.jsonPath, run.entries);
  return run.hasFailed || run.entries.some(({ pass }) => !pass) ? 1 : 0;
}

/** Also called before the first bench: a file that cannot be written is not found out at the end. */
async function writeJson(path: string, entries: readonly Entry[]): Promise<void> {
  try {
    await Bun.write(path, formatJson(entries));
  } catch (error) {
    const reason = `cannot write ${quote(path, 200)}: ${describeError(error)}`;
    throw new WildfireError("usage", reason, { cause: error });
  }
}

class Run {
  readonly entries: Entry[] = [];
  hasFailed = false;
  readonly #options: BenchArguments;
  readonly #context: BenchContext;
  readonly #progress = new Progress(process.stderr);
  #notes: string[] = [];

  constructor(options: BenchArguments, temporaryFolder: string) {
    this.#options = options;
    this.#context = {
      isQuick: options.isQuick,
      temporaryFolder,
      progress: (text) => this.#progress.show(text),
      note: (text) => this.#notes.push(text),
    };
  }

  async all(): Promise<void> {
    process.stdout.write(`${formatHeader()}\n`);
    for (const bench of benches) {
      if (bench.names.some((name) => this.#options.wanted.has(name))) await this.#one(bench);
    }
  }

  async #one(bench: Bench): Promise<void> {
    const wanted = bench.names.filter((name) => this.#options.wanted.has(name));
    try {
      const entries = await this.#measure(bench, wanted);
      for (const entry of entries) process.stdout.write(`${formatRow(entry)}\n`);
      this.entries.push(...entries);
    } catch (error) {
      this.#progress.clear();
      const isMachine = error instanceof CannotRun;
      if (!isMachine) this.hasFailed = true;
      const what = isMachine ? "left out" : "failed";
      process.stderr.write(`${what}: ${wanted.join(", ")}: ${describeError(error)}\n`);
    }
    this.#explain();
  }

  /** A bar that is missed while others use the machine is tried again: the last attempt counts. */
  async #measure(bench: Bench, wanted: readonly MeasureName[]): Promise<Entry[]> {
    for (let attempt = 1; ; attempt += 1) {
      const before = readCpu();
      const values = await bench.run(this.#context);
      const othersShare = otherCpuShare(before, readCpu());
      this.#progress.clear();
      const entries = wanted.map((name) => judge(name, values.get(name) ?? Number.NaN));
      const isDisturbed = bench.isDisturbedByOthers && othersShare > othersMayUse;
      const others = `other programs used ${Math.round(othersShare * 100)} % of the machine`;
      if (isDisturbed) this.#context.note(others);
      if (!isDisturbed || attempt === attempts || entries.every(({ pass }) => pass)) return entries;
      this.#context.note("measured again, because a bar was missed");
    }
  }

  #explain(): void {
    const load = loadavg()[0]?.toFixed(2) ?? "?";
    for (const note of this.#notes) process.stderr.write(`  ${note} (load average ${load})\n`);
    this.#notes = [];
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`bench: ${describeError(error)}\n`);
  process.exit(error instanceof WildfireError && error.code === "usage" ? 2 : 1);
}
