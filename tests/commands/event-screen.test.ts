import { describe, expect, test } from "bun:test";
import { EventScreen } from "../../src/commands/event-screen.ts";

const colors = { dim: (text: string) => text, yellow: (text: string) => text };
const time = "2026-01-01T12:03:04.567Z";
const toStart = "\r\u001B[K";

const paper = (): EventScreen => new EventScreen({ columns: undefined, colors });
const terminal = (columns = 80): EventScreen => new EventScreen({ columns: () => columns, colors });

const final = (text: string): Record<string, unknown> => ({ kind: "final", time, text });
const partial = (committed: string, tentative: string): Record<string, unknown> => ({
  kind: "partial",
  time,
  committed,
  tentative,
});
const start = { kind: "speech-start", time };

describe("without a terminal", () => {
  test("a line for each text, and nothing that would change later", () => {
    const screen = paper();
    expect(screen.show(start, "111-3")).toBe("");
    expect(screen.show(partial("my", "name"), "111-3")).toBe("");
    expect(screen.show(final("my name is"), "111-3")).toBe("12:03:04 111-3 my name is\n");
    expect(screen.show(final(""), "111-3")).toBe("");
    expect(screen.clear()).toBe("");
  });

  test("failures and missed events are lines too; what is unknown is none", () => {
    const screen = paper();
    const failed = { kind: "final", time, text: "", error: "out of memory" };
    expect(screen.show(failed, "1-1")).toBe("12:03:04 1-1 (failed: out of memory)\n");
    expect(screen.show({ kind: "missed", count: 12 }, "")).toBe("(12 events missed)\n");
    expect(screen.show({ kind: "listening" }, "")).toBe("");
    expect(screen.show({ kind: "of-a-later-version" }, "")).toBe("");
    expect(screen.show({ kind: "final" }, "1-1")).toBe("");
  });
});

describe("on a terminal", () => {
  test("the bottom line follows what is said, and the final takes its place", () => {
    const screen = terminal();
    expect(screen.show(start, "111-3")).toBe("12:03:04 111-3 …");
    expect(screen.show(partial("my", "name"), "111-3")).toBe(`${toStart}12:03:04 111-3 my name …`);
    expect(screen.show(partial("", "my name"), "111-3")).toBe(`${toStart}12:03:04 111-3 my name …`);
    expect(screen.show(final("my name is"), "111-3")).toBe(`${toStart}12:03:04 111-3 my name is\n`);
    expect(screen.clear()).toBe("");
  });

  test("of several calls the latest is at the bottom, and the others come back after it", () => {
    const screen = terminal();
    screen.show(partial("", "one"), "1-1");
    screen.show(partial("", "two"), "2-2");
    expect(screen.show(final("two."), "2-2")).toBe(
      `${toStart}12:03:04 2-2 two.\n12:03:04 1-1 one …`,
    );
    expect(screen.say("a note")).toBe(`${toStart}a note\n12:03:04 1-1 one …`);
    expect(screen.forget()).toBe(toStart);
    expect(screen.say("another")).toBe("another\n");
  });

  test("an utterance without words takes its unfinished text away", () => {
    const screen = terminal();
    screen.show(partial("", "thank you"), "1-1");
    expect(screen.show(final(""), "1-1")).toBe(toStart);
  });

  test("a long unfinished text shows its end, on one line", () => {
    const screen = terminal(30);
    expect(screen.show(partial("one two three four five", "six"), "1-1")).toBe(
      "…ne two three four five six …",
    );
    const wide = terminal(30).show(partial("", "あ".repeat(40)), "1-1");
    expect(Bun.stringWidth(wide)).toBeLessThanOrEqual(29);
    expect(wide).toEndWith("ああ …");
  });

  test("calls without an end do not fill the memory", () => {
    const screen = terminal();
    for (let id = 0; id < 5000; id += 1) screen.show(start, `${id}-1`);
    for (let id = 999; id >= 0; id -= 1) screen.show(final("x"), `${id}-1`);
    expect(screen.say("")).toBe("");
  });
});

test("a text cannot steer the terminal", () => {
  const shown = paper().show(final("a\u001B[2Jb\r\nc\u009Bd"), "1\u001B-1");
  expect(shown).toBe("12:03:04 1 -1 a [2Jb c d\n");
});

describe("events of the sip service", () => {
  const call = { time, key: "3", line: "100@pbx", remote: "<sip:200@pbx>" };
  test.each([
    [{ kind: "ringing", ...call }, "call from <sip:200@pbx> on 100@pbx"],
    [{ kind: "established", codec: "G722", ...call }, "<sip:200@pbx> is connected, G722"],
    [{ kind: "digit", digit: "5", ...call }, "key 5"],
    [{ kind: "transcript", text: "hello", ...call }, "“hello”"],
    [
      { kind: "ended", by: "peer", reason: "bye", durationMs: 2600, ...call },
      "ended by peer after 3 s: bye",
    ],
  ])("%o is a line", (event, line) => {
    expect(paper().show(event, "3")).toBe(`12:03:04 3 ${line}\n`);
  });

  test("a registration is told when it stands, and why it does not", () => {
    const registration = { kind: "registration", time, line: "100@pbx" };
    const screen = paper();
    expect(screen.show({ ...registration, isRegistered: true }, "")).toContain("is registered");
    expect(screen.show({ ...registration, isRegistered: false, lastProblem: null }, "")).toBe("");
    const refused = { ...registration, isRegistered: false, lastProblem: "403 Forbidden" };
    expect(screen.show(refused, "")).toContain("is not registered: 403 Forbidden");
  });

  test("what steers a terminal is taken out of what a caller calls himself", () => {
    const event = { kind: "ringing", ...call, remote: "\u001B[31mred" };
    expect(paper().show(event, "3")).toBe("12:03:04 3 call from [31mred on 100@pbx\n");
  });
});
