import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { judgeSpeed, readHeard, tryHearing } from "../../src/tries/hearing-trial.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(120_000);

const common = { clock: systemClock, signal: new AbortController().signal };

const usualTemporaryFolder = process.env["TMPDIR"];
/** Of this test alone, so that what is left in it can be seen. */
const folder = mkdtempSync(join(tmpdir(), "wildfire-hearing-test-"));

beforeAll(() => {
  process.env["TMPDIR"] = folder;
});

afterAll(() => {
  if (usualTemporaryFolder === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = usualTemporaryFolder;
  rmSync(folder, { recursive: true });
});

function folders(): readonly string[] {
  return readdirSync(folder);
}

test("the demo model hears the beginning of the demonstration call, and leaves nothing behind", async () => {
  const trial = await tryHearing({ ...common, modelPath: undefined });
  expect(trial).toMatchObject({ verdict: "heard", model: "the demo model", audioMs: 3000 });
  expect(trial.text).toMatch(/\w+ \w+/);
  expect(trial.realTimeFactor).toBeCloseTo((trial.decodeMs ?? 0) / 3000);
  expect(trial.seen).toContain("real-time factor");
  expect(folders()).toEqual([]);
});

test("a file that is no model, and one that is not there, are named", async () => {
  const noModel = join(import.meta.dir, "hearing-trial.test.ts");
  const wrong = await tryHearing({ ...common, modelPath: noModel });
  expect(wrong).toMatchObject({ level: "fault", verdict: "failed" });
  expect(wrong.seen).toContain("hearing-trial.test.ts");
  const missing = await tryHearing({ ...common, modelPath: "/nowhere/model.bin" });
  expect(missing).toMatchObject({ level: "fault", verdict: "failed" });
  expect(missing.seen).toContain("/nowhere/model.bin");
});

test("whoever stops the trial ends its process", async () => {
  const stop = new AbortController();
  const trial = tryHearing({ clock: systemClock, signal: stop.signal, modelPath: undefined });
  await until(() => folders().length > 0, "the beginning");
  stop.abort();
  expect(await trial).toMatchObject({ level: "skipped", verdict: "stopped" });
  expect(folders()).toEqual([]);
});

test("one that is not done within the limit is too slow", async () => {
  const trial = await tryHearing({ ...common, modelPath: undefined, limitMs: 1 });
  expect(trial).toMatchObject({ level: "fault", verdict: "failed" });
  expect(trial.seen).toContain("was not loaded and done within");
});

describe("how fast it was", () => {
  const speed = { model: "m", audioMs: 3000, decodeMs: 500, cores: 4, callsUp: 0 };
  test.each([
    [{}, "ok", "real-time factor 0.17"],
    [{ decodeMs: 2000 }, "warning", "2000 ms"],
    [{ decodeMs: 6000 }, "fault", "factor 2.00"],
    [{ decodeMs: 6000, callsUp: 3 }, "warning", "beside 3 calls"],
  ] as const)("%j is %s", (more, level, words) => {
    const found = judgeSpeed({ ...speed, ...more });
    expect(found.level).toBe(level);
    expect(found.seen).toContain(words);
  });
});

function line(decodeMs: number, text: string, error?: string): string {
  return JSON.stringify({ file: "f", utterances: [{ decodeMs, text, error }] });
}

test("what the process prints is read whatever it is", () => {
  const two = `${line(90, "hello")}\n${line(60, "hello there")}\n`;
  expect(readHeard(two, "")).toEqual({ ok: true, decodeMs: 60, text: "hello there" });
  expect(readHeard(line(5, "", "out of memory"), "")).toEqual({
    ok: false,
    problem: "out of memory",
  });
  expect(readHeard("junk\n{}\n[", "")).toEqual({ ok: false, problem: "the model was not loaded" });
  expect(readHeard("", "starting\nwildfire: no such file\n")).toEqual({
    ok: false,
    problem: "no such file",
  });
  expect(readHeard("", "Segmentation fault\n")).toEqual({
    ok: false,
    problem: 'the model was not loaded: "Segmentation fault"',
  });
});
