import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { CallFilter, PageMark } from "../../src/history/call-selection.ts";
import { newServices, scriptCall, startMs, streamsOf } from "./event-scripts.ts";
import { HistoryRig } from "./history-rig.ts";

const hourMs = 3_600_000;
let rig: HistoryRig;

/** 12 calls, an hour after one another. */
beforeEach(() => {
  rig = new HistoryRig();
  const services = newServices();
  for (let number = 1; number <= 12; number += 1) {
    scriptCall(services, {
      number,
      callId: String(number * 2),
      atMs: startMs + number * hourMs,
      turns: 1,
      question: () => (number % 3 === 0 ? "Wo ist der Schlüssel?" : `please open door ${number}`),
      answer: () => `That is the ${number % 2 === 0 ? "even" : "odd"} answer.`,
    });
  }
  for (const { events } of streamsOf(services)) rig.take(events);
  rig.settle();
  rig.clock.advance(5000);
});

afterEach(() => rig.close());

const numbers = (filter: CallFilter, limit = 100): string[] =>
  rig.read((reader) => reader.page({ filter, limit }).calls.map(({ remote }) => remote.slice(2)));

describe("a list of calls", () => {
  test("has the latest first", () => {
    expect(numbers({}, 3)).toEqual(["12", "11", "10"]);
  });

  test.each<[string, CallFilter, string[]]>([
    ["a word of the caller", { text: "door" }, ["11", "10", "8", "7", "5", "4", "2", "1"]],
    ["a word of the agent", { text: "even" }, ["12", "10", "8", "6", "4", "2"]],
    ["all words", { text: "open even" }, ["10", "8", "4", "2"]],
    ["the beginning of the last word", { text: "even doo" }, ["10", "8", "4", "2"]],
    ["a phrase", { text: '"door 4"' }, ["4"]],
    ["words without their marks", { text: "schlussel" }, ["12", "9", "6", "3"]],
    ["no words that nobody said", { text: "closed" }, []],
    ["signs alone", { text: '"*" ( AND' }, []],
    ["signs that mean something to the index", { text: "door -4 OR NOT" }, []],
    ["part of a number", { remote: "51" }, ["12", "11", "10", "1"]],
    ["a name", { remote: "caller 3" }, ["3"]],
    ["no pattern in a number", { remote: "5%1" }, []],
    [
      "a line",
      { line: "200@pbx" },
      ["12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"],
    ],
    ["another line", { line: "300@pbx" }, []],
    ["from a time", { fromMs: startMs + 11 * hourMs }, ["12", "11"]],
    ["before a time", { beforeMs: startMs + 3 * hourMs }, ["2", "1"]],
    [
      "words in a time",
      { text: "door", fromMs: startMs + 4 * hourMs, beforeMs: startMs + 8 * hourMs },
      ["7", "5", "4"],
    ],
    ["words and a number", { text: "door", remote: "554" }, ["4"]],
  ])("is narrowed by %s", (_name, filter, expected) => {
    expect(numbers(filter)).toEqual(expected);
  });

  test.each<[string, CallFilter]>([
    ["all", {}],
    ["words", { text: "answer" }],
  ])("comes in pages that are the whole together: %s", (_name, filter) => {
    const found: string[] = [];
    rig.read((reader) => {
      let after: PageMark | undefined;
      do {
        const page = reader.page({ filter, limit: 5, after });
        found.push(...page.calls.map(({ remote }) => remote));
        after = page.next;
      } while (after !== undefined);
    });
    expect(found).toHaveLength(12);
    expect(new Set(found).size).toBe(12);
  });

  test.each<[string, CallFilter]>([
    ["all", {}],
    ["words", { text: "answer" }],
  ])("leads to its last page and back again, page by page: %s", (_name, filter) => {
    rig.read((reader) => {
      const pages = [reader.page({ filter, limit: 5 })];
      for (let next = pages[0]?.next; next !== undefined; next = pages.at(-1)?.next)
        pages.push(reader.page({ filter, limit: 5, after: next }));
      expect(pages.map(({ calls }) => calls.length)).toEqual([5, 5, 2]);
      expect(pages[0]?.previous).toBeUndefined();
      for (let at = 2; at >= 1; at -= 1) {
        const back = reader.page({ filter, limit: 5, newerThan: pages[at]?.previous });
        expect(back).toEqual(pages[at - 1] ?? back);
      }
    });
  });

  test("shows the words that were found, where that is asked for", () => {
    const page = rig.read((reader) =>
      reader.page({ filter: { text: "schlussel" }, limit: 1, hasSnippets: true }),
    );
    expect(page.calls[0]?.snippet).toEqual([
      { text: "Wo ist der ", isFound: false },
      { text: "Schlüssel", isFound: true },
      { text: "?", isFound: false },
    ]);
  });

  test("what was said meanwhile is found a little later", () => {
    const services = newServices(500);
    scriptCall(services, {
      number: 99,
      callId: "2",
      atMs: startMs,
      turns: 1,
      question: () => "xylophone",
    });
    for (const { events } of streamsOf(services)) rig.take(events);
    rig.settle();
    expect(numbers({ text: "xylophone" })).toEqual([]);
    rig.clock.advance(5000);
    expect(numbers({ text: "xylophone" })).toEqual(["99"]);
  });
});

test("one call is found by its key and by its row", () => {
  const byKey = rig.read((reader) => reader.call("sip-100/4"));
  expect(byKey).toMatchObject({ remote: "554", heard: [{ text: "please open door 4" }] });
  expect(rig.read((reader) => reader.call(byKey?.id ?? -1))).toEqual(byKey);
  expect(rig.read((reader) => reader.call("sip-100/400"))).toBeUndefined();
  expect(rig.read((reader) => reader.lines())).toEqual(["200@pbx"]);
});
