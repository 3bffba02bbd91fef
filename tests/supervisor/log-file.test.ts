import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogFile, type LogFileOptions } from "../../src/supervisor/log-file.ts";
import { LogTail } from "../../src/supervisor/log-tail.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

let root: string;
let folder: string;
let path: string;
let clock: FakeClock;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "wildfire-log-"));
  folder = join(root, "logs");
  path = join(folder, "wildfire.log");
  clock = new FakeClock();
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function openLog(given: Partial<LogFileOptions> = {}): LogFile {
  return new LogFile({
    folder,
    maxBytes: 1000,
    keep: 2,
    maxPendingBytes: 10_000,
    clock,
    lossLine: (lost, reason) => `lost ${lost}: ${reason}`,
    ...given,
  });
}

const linesOf = (file: string): string[] => readFileSync(file, "utf8").trimEnd().split("\n");

async function readAll(): Promise<string[]> {
  const lines: string[] = [];
  const tail = new LogTail(folder, (line) => lines.push(line));
  await tail.readOn();
  await tail.close();
  return lines;
}

test("lines are written in order, for their owner alone, behind those of an earlier start", async () => {
  const first = openLog();
  first.write("one");
  await first.close();
  const second = openLog();
  second.write("two");
  second.write("three");
  await second.flushed();
  expect(linesOf(path)).toEqual(["one", "two", "three"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  await second.close();
});

test("a file that is full makes room, and as many as wanted are kept", async () => {
  const log = openLog();
  for (let number = 0; number < 50; number += 1) {
    log.write(`${String(number).padStart(2, "0")} ${"x".repeat(97)}`);
    await log.flushed();
  }
  await log.close();
  expect(readdirSync(folder).toSorted()).toEqual([
    "wildfire.log",
    "wildfire.log.1",
    "wildfire.log.2",
  ]);
  for (const name of readdirSync(folder)) {
    expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1000);
  }
  const numbers = (await readAll()).map((line) => Number(line.slice(0, 2)));
  expect(numbers.at(-1)).toBe(49);
  expect(numbers).toEqual(numbers.map((_, index) => 50 - numbers.length + index));
});

async function fill(log: LogFile): Promise<void> {
  for (let number = 0; number < 60; number += 1) {
    log.write("x".repeat(99));
    await log.flushed();
  }
}

test("where fewer are to be kept than are there, the others go with the next rotation", async () => {
  const log = openLog({ keep: 4 });
  await fill(log);
  expect(readdirSync(folder)).toHaveLength(5);
  writeFileSync(join(folder, "wildfire.log.old"), "somebody else's");
  log.move({ folder, maxBytes: 1000, keep: 1 });
  await fill(log);
  const kept = ["wildfire.log", "wildfire.log.1", "wildfire.log.old"];
  expect(readdirSync(folder).toSorted()).toEqual(kept);
  log.move({ folder, maxBytes: 1000, keep: 0 });
  await fill(log);
  await log.close();
  expect(readdirSync(folder).toSorted()).toEqual(["wildfire.log", "wildfire.log.old"]);
});

test("a full disk costs lines, not the supervisor, and how many is said when there is room", async () => {
  const log = openLog({ maxPendingBytes: 300 });
  const made = openLog();
  made.write("made the folder");
  await made.close();
  unlinkSync(path);
  symlinkSync("/dev/full", path);
  for (let number = 0; number < 10; number += 1) {
    log.write(`line ${number} ${"x".repeat(92)}`);
    await log.flushed();
  }
  expect(log.status()).toMatchObject({ problem: "ENOSPC", lost: 6 });
  unlinkSync(path);
  expect(existsSync(path)).toBe(false);
  clock.advance(1000);
  await log.flushed();
  await log.close();
  // The first line was under way already when nothing could be written.
  expect(linesOf(path).map((line) => line.slice(0, 9).trim())).toEqual([
    "line 0 xx",
    "lost 6: E",
    "line 7 xx",
    "line 8 xx",
    "line 9 xx",
  ]);
  expect(log.status()).toMatchObject({ problem: "" });
  expect(clock.timers).toBe(0);
});

test("a folder that cannot be made is a problem that the status names", async () => {
  writeFileSync(folder, "a file is in the way");
  const log = openLog();
  log.write("one");
  await log.flushed();
  expect(log.status().problem).not.toBe("");
  unlinkSync(folder);
  clock.advance(1000);
  await log.flushed();
  await log.close();
  expect(linesOf(path)).toEqual(["one"]);
});

test("a file that somebody moved away is let go of when that is said", async () => {
  const log = openLog();
  log.write("one");
  await log.flushed();
  renameSync(path, join(folder, "elsewhere"));
  log.reopen();
  log.write("two");
  await log.close();
  expect(linesOf(path)).toEqual(["two"]);
});

test("a reader follows across rotations, and sees each line once", async () => {
  const log = openLog();
  const seen: string[] = [];
  const tail = new LogTail(folder, (line) => seen.push(line.slice(0, 2)));
  await tail.readOn();
  const written: string[] = [];
  for (let number = 0; number < 60; number += 1) {
    const name = String(number).padStart(2, "0");
    written.push(name);
    log.write(`${name} ${"x".repeat(97)}`);
    await log.flushed();
    // Now and then it comes late, when the file it has open has become number 1 or 2.
    if (number % 13 === 0) await tail.readOn();
  }
  await log.close();
  await tail.readOn();
  await tail.close();
  expect(seen).toEqual(written);
});

interface Reader {
  read: (...given: unknown[]) => unknown;
}

function isReader(value: unknown): value is Reader {
  return typeof value === "object" && value !== null && "read" in value;
}

const isAtEnd = (result: unknown): boolean =>
  typeof result === "object" && result !== null && "bytesRead" in result && result.bytesRead === 0;

test("what is written behind the last look and before the file is put away is read", async () => {
  const log = openLog();
  log.write("one");
  await log.close();
  const handle = await open(path);
  const handles: unknown = Object.getPrototypeOf(handle);
  await handle.close();
  if (!isReader(handles)) throw new Error("file handles do not read");
  const { read } = handles;
  let isPutAway = false;
  handles.read = async function (...given) {
    const result = await read.apply(this, given);
    if (isPutAway || !isAtEnd(result)) return result;
    isPutAway = true;
    appendFileSync(path, "two\n");
    renameSync(path, `${path}.1`);
    writeFileSync(path, "three\n");
    return result;
  };
  try {
    expect(await readAll()).toEqual(["one", "two", "three"]);
  } finally {
    handles.read = read;
  }
  expect(isPutAway).toBe(true);
});

test("a line that is not complete yet is read when it is", async () => {
  const log = openLog();
  log.write("one");
  await log.close();
  const seen: string[] = [];
  const tail = new LogTail(folder, (line) => seen.push(line));
  appendFileSync(path, "tw");
  await tail.readOn();
  expect(seen).toEqual(["one"]);
  appendFileSync(path, "o\n");
  await tail.readOn();
  await tail.close();
  expect(seen).toEqual(["one", "two"]);
});

test("where there is no log, nothing is read", async () => {
  expect(await readAll()).toEqual([]);
});
