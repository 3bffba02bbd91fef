import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordingFolder, recordingName } from "../../src/services/recording-folder.ts";

const startMs = Date.UTC(2026, 0, 1);
let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "wildfire-recordings-"));
});

afterEach(() => rmSync(path, { recursive: true, force: true }));

const nameOf = (number: number): string => recordingName(startMs + number, "2", number);

function write(number: number, bytes: number): string {
  const file = join(path, `${nameOf(number)}.wav`);
  writeFileSync(file, new Uint8Array(bytes));
  return file;
}

test("what another process is writing is measured again", async () => {
  const other = write(1, 1000);
  const folder = await RecordingFolder.open({ path, limitBytes: 1e6 });
  expect(folder.bytes).toBe(1000);
  appendFileSync(other, new Uint8Array(4000));
  for (let number = 2; number < 102; number += 1) await folder.claim(nameOf(number), startMs);
  expect(folder.bytes).toBe(5000);
});

test("a recording that is whole before the folder was looked through counts", async () => {
  const folder = await RecordingFolder.open({ path, limitBytes: 1e6 });
  for (let number = 1; number < 100; number += 1) await folder.claim(nameOf(number), startMs);
  write(1, 1000);
  const looking = folder.claim(nameOf(100), startMs);
  folder.settle(nameOf(1), 1000);
  await looking;
  expect([folder.recordings, folder.bytes]).toEqual([1, 1000]);
});

test("calls that begin at the same time make room once", async () => {
  for (const number of [1, 2, 3]) write(number, 1000);
  const folder = await RecordingFolder.open({ path, limitBytes: 1500 });
  await Promise.all([4, 5, 6].map((number) => folder.claim(nameOf(number), startMs)));
  expect([folder.recordings, folder.bytes, folder.removed]).toEqual([1, 1000, 2]);
});

test("a call that finds no room because the disk refuses keeps no other one from it", async () => {
  write(1, 1000);
  let isBroken = true;
  const folder = await RecordingFolder.open({
    path,
    limitBytes: 500,
    disk: {
      create: () => Promise.resolve(),
      async remove() {
        if (isBroken) throw Object.assign(new Error("read-only"), { code: "EROFS" });
      },
    },
  });
  const refused = folder.claim(nameOf(2), startMs).then(
    () => "taken",
    () => "refused",
  );
  expect(await refused).toBe("refused");
  isBroken = false;
  await folder.claim(nameOf(3), startMs);
  expect(folder.bytes).toBe(0);
});
