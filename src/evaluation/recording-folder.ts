/** Finds the recordings of a folder by its `transcripts.tsv`. */
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { quote, WildfireError } from "../core/errors.ts";
import type { Spoken } from "./evaluation.ts";
import { isHeader, parseTranscripts } from "./transcripts.ts";

const table = "transcripts.tsv";

export interface ListedRecordings {
  readonly recordings: readonly Spoken[];
  /** Lines of the table that mean a recording, of use or not. */
  readonly lines: number;
}

/** Lines that are of no use are reported; throws a WildfireError when none is left. */
export async function listRecordings(
  folder: string,
  onSkipped: (reason: string) => void,
): Promise<ListedRecordings> {
  const path = join(folder, table);
  const { rows, refused } = parseTranscripts(await readTable(path), await realpath(folder));
  for (const { line, reason } of refused) onSkipped(`line ${line} of ${table}: ${reason}`);
  const [first] = rows;
  const startsWithHeader = first !== undefined && isHeader(first, await exists(first.path));
  const spoken = startsWithHeader ? rows.slice(1) : rows;
  if (spoken.length === 0) {
    throw new WildfireError("audio", `${quote(path, 200)} lists no recordings`, {
      hint: "write a line for each: the file, a tab, the text",
    });
  }
  return {
    recordings: spoken.map((row) => ({ path: row.path, name: row.file, text: row.text })),
    lines: spoken.length + refused.length,
  };
}

async function readTable(path: string): Promise<string> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isFile() === true) return await Bun.file(path).text();
  throw new WildfireError("audio", `${quote(path, 200)} is not there`, {
    hint: "name a folder that holds WAV files and their texts; wildfire wer --help says how",
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
