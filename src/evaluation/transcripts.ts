/** Reads `transcripts.tsv`: which recordings there are, and what is said in each. */
import { resolve, sep } from "node:path";
import { quote } from "../core/errors.ts";

export interface TranscriptRow {
  readonly line: number;
  /** As it is written in the table. */
  readonly file: string;
  readonly path: string;
  readonly text: string;
}

export interface RefusedRow {
  readonly line: number;
  readonly reason: string;
}

export interface Transcripts {
  readonly rows: readonly TranscriptRow[];
  readonly refused: readonly RefusedRow[];
}

/**
 * The first column is the file, the last one the text; blank lines do not count. `folder` is
 * absolute: a file outside it is refused, for such tables come from others.
 */
export function parseTranscripts(table: string, folder: string): Transcripts {
  const rows: TranscriptRow[] = [];
  const refused: RefusedRow[] = [];
  for (const [index, content] of table
    .replace(/^\uFEFF/u, "")
    .split(/\r\n|\n|\r/u)
    .entries()) {
    if (content.trim() === "") continue;
    const parsed = parseRow(content, folder);
    const line = index + 1;
    if ("reason" in parsed) refused.push({ line, ...parsed });
    else rows.push({ line, ...parsed });
  }
  return { rows, refused };
}

function parseRow(
  content: string,
  folder: string,
): Omit<TranscriptRow, "line"> | Omit<RefusedRow, "line"> {
  const columns = content.split("\t");
  const file = (columns[0] ?? "").trim();
  if (columns.length < 2) return { reason: `${quote(file)} has no text behind a tab` };
  if (file === "") return { reason: "the first column names no file" };
  const path = resolve(folder, file);
  if (file.includes("\0") || !path.startsWith(withSeparator(folder))) {
    return { reason: `${quote(file)} is not inside the folder` };
  }
  return { file, path, text: (columns.at(-1) ?? "").trim() };
}

function withSeparator(folder: string): string {
  return folder.endsWith(sep) ? folder : `${folder}${sep}`;
}

/** A first row that names no file is a header, unless it plainly means a recording. */
export function isHeader(row: TranscriptRow, exists: boolean): boolean {
  return !exists && !/\.wave?$/iu.test(row.file);
}
