import { describe, expect, test } from "bun:test";
import {
  type ChildInput,
  type ChildState,
  hasProcess,
  nextChildState,
} from "../../src/supervisor/child-states.ts";
import { readChildStatus } from "../../src/supervisor/child-status.ts";
import { LineCutter } from "../../src/supervisor/line-cutter.ts";
import { parseProcStatus, residentMemoryBytes } from "../../src/supervisor/resident-memory.ts";
import { RestartPolicy } from "../../src/supervisor/restart-policy.ts";
import { startsAfter, stopGroups } from "../../src/supervisor/start-order.ts";

function cut(limit: number, ...parts: string[]): string[] {
  const lines: string[] = [];
  const cutter = new LineCutter(limit, (line) => lines.push(line));
  for (const part of parts) cutter.push(Buffer.from(part));
  cutter.end();
  return lines;
}

describe("states of a service", () => {
  test.each<[ChildState, ChildInput, ChildState]>([
    ["stopped", "start", "starting"],
    ["starting", "ready", "ready"],
    ["starting", "failed", "waiting"],
    ["starting", "hopeless", "given-up"],
    ["ready", "drain", "draining"],
    ["ready", "stop", "stopping"],
    ["ready", "failed", "waiting"],
    ["draining", "stop", "stopping"],
    ["draining", "gone", "stopped"],
    ["stopping", "gone", "stopped"],
    ["stopping", "again", "starting"],
    ["stopping", "failed", "waiting"],
    ["waiting", "due", "starting"],
    ["waiting", "start", "starting"],
    ["waiting", "stop", "stopped"],
    ["given-up", "start", "starting"],
    ["given-up", "due", "given-up"],
    ["given-up", "stop", "stopped"],
    ["stopped", "ready", "stopped"],
    ["stopping", "ready", "stopping"],
  ])("%s, %s: %s", (state, input, next) => {
    expect(nextChildState(state, input)).toBe(next);
  });

  test("a process exists from the start until its end", () => {
    const states: ChildState[] = [
      "stopped",
      "starting",
      "ready",
      "draining",
      "stopping",
      "waiting",
    ];
    expect(states.filter(hasProcess)).toEqual(["starting", "ready", "draining", "stopping"]);
  });
});

describe("restart policy", () => {
  test("pauses double, and the fifth quick end is the last", () => {
    const policy = new RestartPolicy();
    const verdicts = [1, 2, 3, 4, 5].map(() => policy.ended({ livedMs: 59_999, code: 1 }));
    expect(verdicts).toEqual([
      { kind: "wait", delayMs: 500 },
      { kind: "wait", delayMs: 1000 },
      { kind: "wait", delayMs: 2000 },
      { kind: "wait", delayMs: 4000 },
      { kind: "give-up" },
    ]);
  });

  test("a life of a minute makes good for what was before", () => {
    const policy = new RestartPolicy();
    for (let end = 0; end < 4; end += 1) policy.ended({ livedMs: 0, code: null });
    expect(policy.ended({ livedMs: 60_000, code: 1 })).toEqual({ kind: "wait", delayMs: 500 });
    expect(policy.ended({ livedMs: 0, code: 1 })).toEqual({ kind: "wait", delayMs: 500 });
    expect(policy.ended({ livedMs: 0, code: 1 })).toEqual({ kind: "wait", delayMs: 1000 });
  });

  test("no pause is longer than the longest", () => {
    const policy = new RestartPolicy({
      firstDelayMs: 500,
      longestDelayMs: 30_000,
      provenMs: 60_000,
      maxQuickEnds: 100,
    });
    const delays = Array.from({ length: 9 }, () => policy.ended({ livedMs: 0, code: 1 }));
    expect(delays.slice(5)).toEqual([
      { kind: "wait", delayMs: 16_000 },
      { kind: "wait", delayMs: 30_000 },
      { kind: "wait", delayMs: 30_000 },
      { kind: "wait", delayMs: 30_000 },
    ]);
  });

  test("exit code 2 is given up at once, whatever was before", () => {
    expect(new RestartPolicy().ended({ livedMs: 1e6, code: 2 })).toEqual({ kind: "give-up" });
  });
});

describe("start order", () => {
  const all = ["web", "kokoro", "llama", "whisper", "sip", "audiosocket"];

  test.each([
    ["kokoro", []],
    ["web", []],
    ["unheard-of", []],
    ["whisper", ["kokoro", "llama"]],
    ["sip", ["kokoro", "llama", "whisper"]],
  ])("%s starts after %j", (service, others) => {
    expect(startsAfter(service, all)).toEqual(others);
  });

  test("who is not configured is not waited for", () => {
    expect(startsAfter("sip", ["sip", "llama"])).toEqual(["llama"]);
  });

  test("all stop in reverse, and the page last", () => {
    expect(stopGroups(all)).toEqual([
      ["sip", "audiosocket"],
      ["whisper"],
      ["kokoro", "llama"],
      ["web"],
    ]);
  });
});

describe("lines of a child", () => {
  test("lines may come in pieces, and the last one without an end", () => {
    expect(cut(100, "a", "b\nc", "\n\nd")).toEqual(["ab", "c", "", "d"]);
  });

  test("a line that is too long is cut, and the next one is whole again", () => {
    expect(cut(4, "12345", "678", "9\nab\n")).toEqual(["1234", "ab"]);
    expect(cut(4, "1234\n12345\n1\n")).toEqual(["1234", "1234", "1"]);
  });

  test("a character may come in two pieces", () => {
    const lines: string[] = [];
    const cutter = new LineCutter(10, (line) => lines.push(line));
    const bytes = Buffer.from("é\n");
    cutter.push(bytes.subarray(0, 1));
    cutter.push(bytes.subarray(1));
    expect(lines).toEqual(["é"]);
  });
});

describe("calls in a status", () => {
  test.each([
    ["sip", { current: [{}, {}], calls: 7 }, 2],
    ["whisper", { calls: [{}] }, 1],
    ["llama", { calls: { started: 9, up: [{}, {}, {}] } }, 3],
    ["kokoro", { calls: { open: [{}] } }, 1],
    ["a total alone", { calls: 7 }, 0],
    ["nothing", {}, 0],
    ["null", { calls: null, current: "no" }, 0],
  ])("%s", (_, answer, calls) => {
    expect(readChildStatus(answer).calls).toBe(calls);
  });

  test("a service that says that it is starting is not ready", () => {
    expect(readChildStatus({ state: "starting" }).isReady).toBe(false);
    expect(readChildStatus({ version: "1", commit: 7 })).toEqual({
      isReady: true,
      version: "1",
      commit: undefined,
      calls: 0,
    });
  });
});

describe("resident memory", () => {
  test("is read in kibibytes", () => {
    expect(parseProcStatus("Name:\tx\nVmHWM:\t 9 kB\nVmRSS:\t  1024 kB\n")).toBe(1 << 20);
    expect(parseProcStatus("Name:\tkthreadd\n")).toBeUndefined();
    expect(parseProcStatus("VmRSS:\tmany kB\n")).toBeUndefined();
  });

  test("is unknown of a process that is gone, and where the system does not tell", () => {
    expect(residentMemoryBytes(2 ** 22 + 1, "linux")).toBeUndefined();
    expect(residentMemoryBytes(process.pid, "darwin")).toBeUndefined();
  });
});
