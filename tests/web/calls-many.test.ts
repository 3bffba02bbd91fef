import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { fillWithCalls } from "../history/many-calls.ts";
import { CallsRig } from "./calls-rig.ts";

setDefaultTimeout(120_000);

const count = 100_000;
let rig: CallsRig;

beforeAll(async () => {
  rig = new CallsRig();
  mkdirSync(rig.historyFolder, { recursive: true });
  fillWithCalls(rig.historyFile, count);
  await rig.start({ config: await rig.writeConfig("[history]\nkeep-days = 0\n") });
});

afterAll(async () => {
  await rig.stop();
});

/** How often the event loop got its turn while something was done, and how long the longest wait was. */
async function whileTurning(
  action: () => Promise<void>,
): Promise<{ turns: number; longestMs: number }> {
  let [turns, longestMs, lastMs] = [0, 0, performance.now()];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    turns += 1;
  }, 1);
  await action();
  clearInterval(timer);
  return { turns, longestMs };
}

test.each([
  ["all calls", "/calls", "Caller 100000,"],
  ["a word that all have said", "/calls?text=every", "Caller 100000,"],
  ["words of one", "/calls?text=question+99321", "Caller 99321,"],
  ["a rare word far back", "/calls?text=rare17", "Caller 99017,"],
  ["a part of a number", "/calls?remote=0301777", "Caller 77799,"],
  ["a name that nobody has", "/calls?remote=nobody", "No call matches."],
  ["a line", "/calls?line=3%40pbx", "Caller 99998,"],
  ["words in a time", "/calls?text=every&from=2026-01-03&to=2026-01-03", "Caller "],
])("among 100,000 %s are found, in an answer of bounded size", async (_name, path, expected) => {
  const page = await rig.page(path);
  expect(page).toContain(expected);
  expect(page.length).toBeLessThan(100_000);
});

test("searching is done elsewhere: who waits for something else does not wait for it", async () => {
  const { turns } = await whileTurning(async () => {
    const searches = Array.from(
      { length: 20 },
      async (_, index) => await rig.page(`/calls?remote=${index}nobody`),
    );
    // Asked last, answered while the others are searched for.
    const status = rig.json("/api/v1/session");
    const first = await Promise.race([
      status.then(() => "session"),
      Promise.all(searches).then(() => "searches"),
    ]);
    expect(first).toBe("session");
    await Promise.all(searches);
  });
  expect(turns).toBeGreaterThan(10);
});

test("all of them can be exported, each once", async () => {
  const response = await rig.get("/api/v1/history/export?format=csv");
  let [lines, largest] = [0, 0];
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    largest = Math.max(largest, chunk.length);
    for (const byte of chunk) if (byte === 10) lines += 1;
  }
  expect(lines).toBe(count + 1);
  expect(largest).toBeLessThan(2_000_000);
});

test("JSON with all that was said is whole, too", async () => {
  const response = await rig.get("/api/v1/history/export?format=json&from=2026-03-01");
  const calls: unknown = await response.json();
  expect(Array.isArray(calls) && calls.length).toBe(15_581);
});

test("a reader that takes nothing costs next to nothing, and ends with its connection", async () => {
  const socket = connect(Number(new URL(rig.url).port), "127.0.0.1");
  socket.pause();
  socket.write("GET /api/v1/history/export?format=json HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const before = process.memoryUsage.rss();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  // The whole is 80 MB.
  expect(process.memoryUsage.rss() - before).toBeLessThan(60_000_000);
  const others = Array.from(
    { length: 3 },
    async () => await rig.get("/api/v1/history/export?format=json"),
  );
  const opened = await Promise.all(others);
  expect(opened.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await rig.get("/api/v1/history/export")).status).toBe(503);
  socket.destroy();
  for (const response of opened) await response.body?.cancel();
  let status = 503;
  for (let tries = 0; tries < 200 && status === 503; tries += 1) {
    const response = await rig.get("/api/v1/history/export?from=2030-01-01");
    ({ status } = response);
    await response.text();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(status).toBe(200);
});
