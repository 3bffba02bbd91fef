/** Disks that are full, read-only or gone, files that are broken, and processes that are killed. */
import { Database } from "bun:sqlite";
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openHistoryFile } from "../../src/history/history-file.ts";
import { ScriptedStream, scriptCall, startMs } from "./event-scripts.ts";
import { HistoryRig } from "./history-rig.ts";

setDefaultTimeout(60_000);

let rig: HistoryRig;

afterEach(() => rig.close());

function whisperOf(calls: number, atMs = startMs): ScriptedStream {
  const whisper = new ScriptedStream("whisper", 1);
  for (let number = 1; number <= calls; number += 1) {
    scriptCall({ whisper }, { number, callId: "2", atMs: atMs + number * 60_000, turns: 2 });
  }
  return whisper;
}

const fileOf = ({ path, clock, memory }: HistoryRig): Database =>
  openHistoryFile({ path, clock, log: memory.log });

const brokenFiles = (): string[] =>
  readdirSync(rig.folder).filter((name) => name.includes(".broken-"));

/** A file with 200 calls, closed in order. */
function fill(): void {
  rig = new HistoryRig();
  rig.take(whisperOf(200).events);
  rig.settle();
  rig.recorder.close();
  expect(statSync(rig.path).size).toBeGreaterThan(100_000);
}

describe("a broken file", () => {
  test.each([
    ["no database at all", (path: string): void => writeFileSync(path, "x".repeat(50_000))],
    ["cut in the middle", (path: string): void => truncateSync(path, 40_000)],
    ["overwritten in the middle", (path: string): void => overwrite(path)],
  ])("that is %s is moved aside, and a new one begins", (_name, spoil) => {
    fill();
    spoil(rig.path);
    const spoilt = readFileSync(rig.path);
    rig.open();
    rig.take(whisperOf(1).events);
    rig.settle();
    expect(rig.calls()).toHaveLength(1);
    const [aside] = brokenFiles();
    expect(aside).toMatch(/^history\.db\.broken-2026\d{4}T\d{9}Z$/);
    expect(readFileSync(join(rig.folder, aside ?? "")).equals(spoilt)).toBe(true);
    expect(rig.memory.text()).toContain("the history is broken: it was moved aside");
  });

  test("a second one of the same moment does not replace the first", () => {
    fill();
    writeFileSync(rig.path, "broken");
    rig.open().close();
    writeFileSync(rig.path, "broken again");
    rig.open().close();
    expect(brokenFiles()).toHaveLength(2);
  });

  test("an empty one is a new one", () => {
    rig = new HistoryRig();
    rig.recorder.close();
    writeFileSync(rig.path, "");
    rig.open();
    rig.take(whisperOf(1).events);
    rig.settle();
    expect(rig.calls()).toHaveLength(1);
    expect(brokenFiles()).toEqual([]);
  });

  test("one of a newer version is left alone, and nothing is written", () => {
    fill();
    const db = new Database(rig.path);
    db.run("PRAGMA user_version = 99");
    db.close();
    rig.open();
    rig.take(whisperOf(1).events);
    rig.clock.advance(5000);
    expect(brokenFiles()).toEqual([]);
    expect(rig.recorder.status().lastProblem).toContain("made by a newer build");
  });

  test("one of a newer version is not even looked through", () => {
    fill();
    const db = new Database(rig.path);
    db.run("PRAGMA user_version = 99");
    db.close();
    overwrite(rig.path);
    rig.open();
    expect(brokenFiles()).toEqual([]);
    expect(rig.recorder.status().lastProblem).toContain("made by a newer build");
  });

  test("the file is its owner's alone", () => {
    rig = new HistoryRig();
    expect(statSync(rig.path).mode & 0o777).toBe(0o600);
  });
});

/** Pages behind the first ones, so that the file can still be opened. */
function overwrite(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 16_384, 65_536);
  writeFileSync(path, bytes);
}

describe("a disk that refuses", () => {
  test("nothing is thrown or lost when it is full for a while", () => {
    rig = new HistoryRig();
    rig.recorder.close();
    const db = fileOf(rig);
    rig.open({ open: () => db });
    db.run("PRAGMA max_page_count = 60");
    const { events } = whisperOf(300);
    rig.take(events);
    rig.clock.advance(5000);
    const full = rig.recorder.status();
    expect(full.lastProblem).toContain("full");
    expect(full.waiting).toBeGreaterThan(100);
    expect(full.waiting + full.written).toBe(events.length);
    // What is in the file is whole: the position stands for exactly the rows that are there.
    expect(rig.query("SELECT seq FROM streams")).toEqual([{ seq: full.written }]);

    db.run("PRAGMA max_page_count = 100000");
    rig.clock.advance(60_000);
    rig.settle();
    expect(rig.recorder.status()).toMatchObject({ waiting: 0, dropped: 0, refused: 0 });
    expect(rig.query("SELECT count(*) AS count FROM utterances")).toEqual([{ count: 600 }]);
    const told = rig.memory.records.filter(({ level }) => level === "error");
    expect(told[0]?.message).toBe("the history cannot be written; calls go on without it");
    // Told at once and once a minute.
    expect(told.length).toBeLessThan(4);
  });

  test("what waits for it is bounded; the oldest is given up and counted", () => {
    rig = new HistoryRig();
    rig.recorder.close();
    fileOf(rig).close();
    rig.open({ open: () => new Database(rig.path, { readonly: true, strict: true }) });
    const whisper = new ScriptedStream("whisper", 1);
    for (let index = 0; index < 20_100; index += 1) {
      whisper.tell(startMs, "final", { key: "2-1", callId: "2", text: "word" });
    }
    rig.take(whisper.events);
    rig.clock.advance(120_000);
    expect(rig.recorder.status()).toMatchObject({ waiting: 20_000, dropped: 100, written: 0 });
    expect(rig.recorder.status().lastProblem).toContain("readonly");
  });

  test("a folder that cannot be made is tried again until it can", () => {
    rig = new HistoryRig();
    rig.recorder.close();
    rmSync(rig.path);
    const folder = join(rig.folder, "sub");
    writeFileSync(folder, "a file is in the way");
    rig.open({ path: join(folder, "history.db") });
    rig.take(whisperOf(3).events);
    rig.clock.advance(10_000);
    expect(rig.recorder.status()).toMatchObject({ isOpen: false, written: 0 });
    rmSync(folder);
    mkdirSync(folder);
    rig.clock.advance(60_000);
    expect(rig.recorder.status()).toMatchObject({ isOpen: true, waiting: 0 });
  });

  test("closing with a disk that refuses comes to its end", () => {
    rig = new HistoryRig();
    rig.recorder.close();
    rig.open({ open: () => new Database(rig.path, { readonly: true, strict: true }) });
    const { events } = whisperOf(3);
    rig.take(events);
    rig.recorder.close();
    expect(rig.recorder.status().dropped).toBe(events.length);
  });
});

/** Lets a process write until it says that so many events are written, then kills it. */
async function writeUntilKilled(path: string, events: number): Promise<void> {
  const script = join(import.meta.dir, "endless-recorder.ts");
  const child = Bun.spawn([process.execPath, script, path], {
    stdout: "pipe",
    stderr: "inherit",
    stdin: "ignore",
  });
  const reader = child.stdout.getReader();
  let hasEnough = false;
  while (!hasEnough) {
    const { value, done } = await reader.read();
    if (done) throw new Error("it ended by itself");
    const lines = new TextDecoder().decode(value).split("\n");
    hasEnough = lines.some((line) => Number(line) > events);
  }
  child.kill("SIGKILL");
  await child.exited;
}

interface Written {
  /** Last event that is written, as the file says. */
  readonly seq: number;
  readonly rows: number;
  readonly lastText: string;
}

function readWritten(): Written {
  const db = fileOf(rig);
  const sql = `SELECT seq, (SELECT count(*) FROM utterances) AS rows,
    (SELECT text FROM utterances ORDER BY seq DESC LIMIT 1) AS lastText FROM streams`;
  const row = db.query<Written, []>(sql).get();
  db.close();
  if (row === null) throw new Error("nothing was written");
  return row;
}

test("a process that is killed while it writes leaves a file that is whole, and goes on in it", async () => {
  rig = new HistoryRig();
  rig.recorder.close();
  let before = 0;
  for (let round = 1; round <= 5; round += 1) {
    // In the middle of a batch, another one each time.
    await writeUntilKilled(rig.path, 150 * round);
    const { seq, rows, lastText } = readWritten();
    expect(rows).toBe(seq);
    expect(lastText).toBe(`text ${seq}`);
    expect(rows).toBeGreaterThan(before);
    before = rows;
  }
  expect(rig.memory.text()).not.toContain("broken");
});
