import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { LogFile } from "../../src/supervisor/log-file.ts";
import { until } from "../fakes/until.ts";
import { cheapHash, EventReading, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

type Fields = Readonly<Record<string, unknown>>;

let rig: WebRig;
let folder: string;
const readings: EventReading[] = [];

beforeEach(() => {
  rig = new WebRig();
  folder = join(rig.stateFolder, "logs");
  mkdirSync(folder, { recursive: true });
});

afterEach(async () => {
  for (const reading of readings.splice(0)) reading.close();
  await rig.stop();
});

const startMs = Date.UTC(2026, 10, 23, 8);
const services = ["sip", "whisper", "llama", "kokoro"];

function record(number: number, more: Fields = {}): string {
  return JSON.stringify({
    time: new Date(startMs + number * 100).toISOString(),
    level: number % 10 === 0 ? "warn" : "info",
    service: services[number % services.length],
    message: "something was done",
    number,
    ...more,
  });
}

function write(name: string, lines: readonly string[]): void {
  writeFileSync(join(folder, name), lines.map((text) => `${text}\n`).join(""));
}

function records(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => record(from + index));
}

async function read(path: string): Promise<EventReading> {
  const reading = await EventReading.open(rig.url + path.slice(1));
  readings.push(reading);
  return reading;
}

function listIn(answer: Fields, name: string): Fields[] {
  const list = answer[name];
  return Array.isArray(list) ? list.map(fieldsOf) : [];
}

const numbersIn = (answer: Fields): unknown[] =>
  listIn(answer, "records").map(({ fields }) => fieldsOf(fields)["number"]);

/** Reads back from page to page, with a bound. */
async function readBack(search: string): Promise<unknown[]> {
  const found: unknown[] = [];
  let before = "";
  for (let pages = 0; pages < 2000; pages += 1) {
    const answer = await rig.json(`/api/v1/logs?${search}&before=${before}`);
    found.unshift(...numbersIn(answer));
    const { older } = answer;
    if (typeof older !== "string") return found;
    before = older;
  }
  throw new Error("the log has no beginning");
}

test("a hundred thousand records in rotated files are paged, filtered and all reached", async () => {
  write("wildfire.log.2", records(0, 40_000));
  write("wildfire.log.1", records(40_000, 80_000));
  write("wildfire.log", records(80_000, 100_000));
  await rig.start();
  expect(numbersIn(await rig.json("/api/v1/logs?limit=3"))).toEqual([99_997, 99_998, 99_999]);
  const warnings = await readBack("level=warn&service=sip&limit=1000");
  expect(warnings).toEqual(Array.from({ length: 5000 }, (_, index) => index * 20));
  const early = await rig.json("/api/v1/logs?text=number%3D17&to=2026-11-23T08:00:02Z");
  expect(numbersIn(early)).toEqual([17]);
});

test("others are answered while the log is searched", async () => {
  write("wildfire.log.1", records(0, 80_000));
  write("wildfire.log", records(80_000, 160_000));
  await rig.start();
  const done: string[] = [];
  const searching = rig.json("/api/v1/logs?text=nowhere").then(() => done.push("search"));
  await rig.get("/healthz").then(() => done.push("health"));
  await searching;
  expect(done).toEqual(["health", "search"]);
});

test("what was logged is text on the page, whatever it holds", async () => {
  write("wildfire.log", [
    record(1, { message: "<script>alert(1)</script>", path: '"><img src=x>' }),
    '{"time":"2026-11-23T08',
    record(2, { reason: "\u001B[31mred\u0000\u202Eoverride" }),
    "no record at all",
  ]);
  await rig.start();
  const page = await (await rig.get("/trouble")).text();
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(page).not.toContain("<script>alert");
  expect(page).not.toContain("<img src=x>");
  expect(page).not.toContain("\u001B");
  expect(page).not.toContain("\u202E");
  expect(page.match(/<li data-level/g)).toHaveLength(2);
});

test("words, numbers and credentials that a log was told to hold stay hidden in all its forms", async () => {
  const secrets = {
    text: "my name is Ann",
    remote: "sip:+4930123456@pbx",
    url: "http://me:pw77@host/",
  };
  write("wildfire.log", [record(1, secrets), record(2, { message: "call from 0171 234 5678" })]);
  await rig.start();
  const answers = await Promise.all(
    ["/trouble", "/api/v1/logs", "/api/v1/logs/text"].map(async (path) =>
      (await rig.get(path)).text(),
    ),
  );
  for (const answer of answers) {
    expect(answer).toContain("(hidden)");
    expect(answer).toContain("call from (number)");
    for (const secret of ["Ann", "4930123456", "pw77", "0171"])
      expect(answer).not.toContain(secret);
  }
});

test("what is added is told while files are put away, each record once", async () => {
  const log = new LogFile({
    folder,
    maxBytes: 4000,
    keep: 3,
    maxPendingBytes: 1 << 20,
    clock: systemClock,
    lossLine: (lost) => record(-lost),
  });
  log.write(record(0));
  await log.flushed();
  await rig.start();
  const { newest } = await rig.json("/api/v1/logs");
  const follower = await read(`/api/v1/logs?follow=true&since=${String(newest)}`);
  const seen = (): unknown[] =>
    follower.events.map(({ data }) => fieldsOf(data["fields"])["number"]);
  for (let number = 1; number <= 60; number += 1) {
    log.write(record(number));
    await log.flushed();
    if (number % 15 === 0) await until(() => seen().length === number, `record ${number}`);
  }
  expect(seen()).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  // A browser that comes back says how far it was.
  const last = follower.events.at(-1)?.id;
  follower.close();
  log.write(record(61));
  await log.close();
  const again = await read(`/api/v1/logs?follow=true&since=${last}`);
  await until(() => again.events.length === 1, "the record meanwhile");
  expect(again.events[0]?.data).toMatchObject({ fields: { number: 61 } });
});

test("the page gets rows as HTML, of those that match only", async () => {
  write("wildfire.log", records(0, 3));
  await rig.start();
  const page = await (await rig.get("/trouble?service=llama")).text();
  const live = /data-live-log="([^"]+)"/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const feed = await read(`/live/trouble${live}`);
  await until(() => feed.events.some(({ name }) => name === "fragment"), "the fragments");
  writeFileSync(
    join(folder, "wildfire.log"),
    `${[...records(0, 3), record(3), record(6)].join("\n")}\n`,
  );
  await until(() => feed.events.some(({ name }) => name === "rows"), "the rows");
  const rows = feed.events.filter(({ name }) => name === "rows");
  expect(rows).toHaveLength(1);
  expect(String(rows[0]?.data["html"])).toContain('<span class="service-name">llama</span>');
  expect(String(rows[0]?.data["html"]).match(/<li /g)).toHaveLength(1);
});

test("older records are a link on the page, which works without a script", async () => {
  write("wildfire.log", records(0, 250));
  await rig.start();
  let path = "/trouble?level=&text=done";
  const counts: number[] = [];
  for (let pages = 0; pages < 3; pages += 1) {
    const page = await (await rig.get(path)).text();
    counts.push(page.match(/<li data-level/g)?.length ?? 0);
    path = /<a href="([^"]+)" data-older/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(page.includes("The log begins here")).toBe(pages === 2);
  }
  expect(counts).toEqual([100, 100, 50]);
});

test("all that matches is a file, oldest first, of lines without control characters", async () => {
  write("wildfire.log.1", records(0, 5000));
  write("wildfire.log", [...records(5000, 9999), record(9999, { reason: "a\u001Bb\nc" })]);
  await rig.start();
  const response = await rig.get("/api/v1/logs/text?service=kokoro");
  expect(response.headers.get("content-disposition")).toMatch(
    /^attachment; filename="wildfire-[\d-]{10}\.log"$/,
  );
  const lines = (await response.text()).trimEnd().split("\n");
  expect(lines).toHaveLength(2500);
  expect(lines[0]).toBe("2026-11-23 08:00:00.300 info  kokoro: something was done  number=3");
  expect(lines.at(-1)).toEndWith(String.raw`number=9999 reason="a\u001bb\nc"`);
});

test("whoever stops to download makes room for others", async () => {
  write("wildfire.log", records(0, 60_000));
  await rig.start();
  // More than may read at a time.
  for (let tries = 0; tries < 20; tries += 1) {
    const abort = new AbortController();
    await fetch(`${rig.url}api/v1/logs/text`, { signal: abort.signal });
    abort.abort();
  }
  const answers: number[] = [];
  const ask = async (): Promise<void> => {
    const { status } = await rig.get("/api/v1/logs");
    answers.push(status);
    if (status !== 200) await ask();
  };
  await ask();
  expect(answers.at(-1)).toBe(200);
});

test("who finds too many that follow the log takes no place of other streams", async () => {
  await rig.start();
  for (let count = 0; count < 16; count += 1) await read("/api/v1/logs?follow=true");
  await until(() => rig.status["eventStreams"] === 16, "sixteen that follow");
  for (const path of ["/api/v1/logs?follow=true", "/live/trouble"]) {
    const refused = await rig.get(path);
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain("16 pages follow the log already");
  }
  expect(rig.status["eventStreams"]).toBe(16);
});

test("without a supervisor the page says where logs are; with one, it reads where that one writes", async () => {
  await rig.start();
  const alone = await (await rig.get("/trouble")).text();
  expect(alone).toContain("No supervisor runs");
  expect(alone).toContain("No record matches.");
  const other = join(rig.stateFolder, "elsewhere");
  mkdirSync(other);
  writeFileSync(join(other, "wildfire.log"), `${record(5)}\n`);
  rig.play("supervisor", {
    describe: () => ({ services: [], log: { path: `${other}/wildfire.log` } }),
  });
  await rig.get("/api/v1/services");
  const page = await (await rig.get("/trouble")).text();
  expect(page).toContain("something was done");
  expect(page).not.toContain("No supervisor runs");
});

test.each([
  "level=loud",
  "before=x",
  "from=yesterday",
  "limit=0",
  "limit=9999",
  `text=${"x".repeat(300)}`,
])("%s is refused", async (search) => {
  await rig.start();
  expect((await rig.get(`/api/v1/logs?${search}`)).status).toBe(400);
});

test("the log is for those who are logged in", async () => {
  await rig.start({}, await cheapHash());
  expect((await rig.get("/api/v1/logs")).status).toBe(401);
  expect((await rig.get("/api/v1/logs/text")).status).toBe(401);
  expect((await rig.get("/live/trouble")).status).toBe(401);
  const browser = await rig.browser(password);
  expect((await rig.get("/api/v1/logs", browser)).status).toBe(200);
});
