import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogFilter } from "../../src/supervisor/log-filter.ts";
import { type LogPage, type LogPageQuery, readLogPage } from "../../src/supervisor/log-pages.ts";
import { formatPosition, parsePosition } from "../../src/supervisor/log-parts.ts";
import { LogTail } from "../../src/supervisor/log-tail.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-pages-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const startMs = Date.UTC(2026, 10, 23, 8);
const everything: LogFilter = { service: undefined, call: undefined, level: "debug" };

function line(number: number, fields: Readonly<Record<string, unknown>> = {}): string {
  const time = new Date(startMs + number * 1000).toISOString();
  return `${JSON.stringify({ time, level: "info", service: "sip", message: `number ${number}`, number, ...fields })}\n`;
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => line(from + index)).join("");
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function read(more: Partial<LogPageQuery> = {}): Promise<LogPage> {
  return readLogPage({ folder, filter: everything, limit: 40, before: undefined, ...more });
}

const numbersOf = ({ records }: LogPage): unknown[] =>
  records.map(({ fields }) => fields["number"]);

async function readBack(more: Partial<LogPageQuery> = {}): Promise<unknown[]> {
  const found: unknown[] = [];
  let page = await read(more);
  for (;;) {
    found.unshift(...numbersOf(page));
    if (page.older === undefined) return found;
    page = await read({ ...more, before: page.older });
  }
}

const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

test("paging backwards through all files gives every record once, in order", async () => {
  write("wildfire.log.2", lines(0, 100));
  write("wildfire.log.1", lines(100, 177));
  write("wildfire.log", lines(177, 300));
  expect(numbersOf(await read())).toEqual(upTo(260, 300));
  expect(await readBack()).toEqual(upTo(0, 300));
  expect(await readBack({ limit: 1000 })).toEqual(upTo(0, 300));
});

test.each([1, 7, 77, 123])(
  "pages of %d end at the beginning of a file without a gap",
  async (limit) => {
    write("wildfire.log.1", lines(0, 77));
    write("wildfire.log", lines(77, 154));
    expect(await readBack({ limit })).toEqual(upTo(0, 154));
  },
);

test("a place keeps its meaning while files are put away, and one that is gone says so", async () => {
  write("wildfire.log", lines(0, 100));
  const { older } = await read();
  renameSync(join(folder, "wildfire.log"), join(folder, "wildfire.log.1"));
  write("wildfire.log", lines(100, 200));
  expect(numbersOf(await read({ before: older }))).toEqual(upTo(20, 60));
  rmSync(join(folder, "wildfire.log.1"));
  expect(await read({ before: older })).toMatchObject({ records: [], isLost: true });
});

test("another file with the inode of one that is gone is not taken for it", async () => {
  write("wildfire.log", lines(0, 100));
  const { older } = await read();
  // Written over, so that it keeps its inode.
  write("wildfire.log", lines(500, 600));
  expect(await read({ before: older })).toMatchObject({ records: [], isLost: true });
});

test("a search that looks through much stops, and goes on where it stopped", async () => {
  write("wildfire.log", line(0, { text: "needle" }) + lines(1, 20_000));
  const filter = { ...everything, text: "NEEDLE" };
  const first = await read({ filter, maxBytes: 1 << 20 });
  expect(first).toMatchObject({ records: [], isCut: true });
  expect(await readBack({ filter, maxBytes: 1 << 20 })).toEqual([0]);
});

test("broken lines, lines without an end and lines that are too long are passed over", async () => {
  const half = line(1).slice(0, 30);
  const long = line(2, { text: "x".repeat(400_000) });
  write("wildfire.log.1", `${line(0)}${half}`);
  write("wildfire.log", `${long}${line(3)}\n\n{}\nnot json\n${line(4)}${line(5).trimEnd()}`);
  const page = await read();
  expect(numbersOf(page)).toEqual([0, 3, 4]);
  // What is being written is read once it is whole, by whoever follows.
  const seen: string[] = [];
  const tail = new LogTail(folder, (text) => seen.push(text));
  expect(await tail.startAt(page.newest, 1 << 20)).toBeTrue();
  await tail.readOn();
  appendFileSync(join(folder, "wildfire.log"), "\n");
  await tail.readOn();
  await tail.close();
  expect(seen.map((text) => `${text}\n`)).toEqual([line(5)]);
});

test("a time span is found, and nothing before it is looked through", async () => {
  write("wildfire.log.1", lines(0, 10_000));
  write("wildfire.log", lines(10_000, 20_000));
  const span = { fromMs: startMs + 5_000_000, toMs: startMs + 5_003_000 };
  const page = await read({ filter: { ...everything, ...span } });
  expect(numbersOf(page)).toEqual([5000, 5001, 5002]);
  expect(page.older).toBeUndefined();
});

test("where there is no log there are no records, and nothing older", async () => {
  rmSync(folder, { recursive: true });
  expect(await read()).toEqual({
    records: [],
    older: undefined,
    newest: undefined,
    isCut: false,
    isLost: false,
  });
});

test("a follower goes on behind its place, and begins at the end when too much came", async () => {
  write("wildfire.log", lines(0, 100));
  const { newest } = await read();
  renameSync(join(folder, "wildfire.log"), join(folder, "wildfire.log.1"));
  write("wildfire.log", lines(100, 110));
  const follow = async (mostBytes: number): Promise<readonly [boolean, number]> => {
    const seen: string[] = [];
    const tail = new LogTail(folder, (text) => seen.push(text));
    const isWhole = await tail.startAt(newest, mostBytes);
    await tail.readOn();
    await tail.close();
    return [isWhole, seen.length];
  };
  expect(await follow(1 << 20)).toEqual([true, 10]);
  expect(await follow(100)).toEqual([false, 0]);
});

test.each(["", "1", "1.2", "1..2.3", "x.ab.1", "1.ab.-1", "1.zz.1", `${"1".repeat(30)}.ab.1`])(
  "%p is no place in the log",
  (text) => {
    expect(parsePosition(text)).toBeUndefined();
  },
);

test("a place is the same after it was written down", () => {
  const place = { inode: 123, mark: "abc12", offset: 99 };
  expect(parsePosition(formatPosition(place))).toEqual(place);
});
