/** Which recordings a folder lists. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listRecordings } from "../../src/evaluation/recording-folder.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "wildfire-folder-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function makeFolder(name: string, table: string, files: readonly string[]): string {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "transcripts.tsv"), table);
  for (const file of files) writeFileSync(join(folder, file), "");
  return folder;
}

async function list(
  folder: string,
): Promise<{ listed: string[]; lines: number; skipped: string[] }> {
  const skipped: string[] = [];
  const { recordings, lines } = await listRecordings(folder, (reason) => skipped.push(reason));
  return { listed: recordings.map(({ name, text }) => `${name}: ${text}`), lines, skipped };
}

test("a header line is left out, and so are lines that are of no use, each with a reason", async () => {
  const table = "file\tspeaker\ttext\na.wav\tme\tHello\n../b.wav\tme\tSecret\nc.wav\tyou\tBye\n";
  expect(await list(makeFolder("header", table, ["a.wav", "c.wav"]))).toEqual({
    listed: ["a.wav: Hello", "c.wav: Bye"],
    lines: 3,
    skipped: ['line 3 of transcripts.tsv: "../b.wav" is not inside the folder'],
  });
});

test("a first line whose file is there is no header, whatever the file is called", async () => {
  expect((await list(makeFolder("first", "file\tHello\n", ["file"]))).listed).toEqual([
    "file: Hello",
  ]);
});

test("recordings that are missing stay on the list: reading them says so", async () => {
  const { listed } = await list(makeFolder("missing", "a.wav\tHello\nb\tBye\n", []));
  expect(listed).toEqual(["a.wav: Hello", "b: Bye"]);
});

test("a folder that lists nothing, or has no table, is refused with a line that names it", async () => {
  for (const table of ["", "\n\r\n", "file\ttext\n"]) {
    const folder = makeFolder(`none${table.length}`, table, []);
    expect(listRecordings(folder, () => undefined)).rejects.toThrow("lists no recordings");
  }
  for (const folder of [root, join(root, "nowhere"), "/dev/null"]) {
    const path = join(folder, "transcripts.tsv");
    expect(listRecordings(folder, () => undefined)).rejects.toThrow(`"${path}" is not there`);
  }
});
