import { afterEach, expect, test } from "bun:test";
import { listFrames, type ListFormat, listPiece } from "../../src/history/export-list.ts";
import { HistoryReader } from "../../src/history/history-reader.ts";
import type { PageMark } from "../../src/history/call-selection.ts";
import { newServices, scriptCall, startMs } from "./event-scripts.ts";
import { HistoryRig } from "./history-rig.ts";

let rig: HistoryRig;

afterEach(() => rig.close());

function fill(calls: number, question: string): void {
  rig = new HistoryRig();
  const { sip, llama } = newServices();
  for (let number = 1; number <= calls; number += 1) {
    const atMs = startMs + number * 60_000;
    scriptCall(
      { sip, llama },
      { number, callId: String(2 * number), atMs, turns: 1, question: () => question },
    );
  }
  rig.take([...sip.events, ...llama.events]);
  rig.settle();
  rig.clock.advance(20_000);
}

/** The whole file, and how long its longest piece is. */
function exported(format: ListFormat): { readonly text: string; readonly longest: number } {
  const reader = HistoryReader.open(rig.path);
  const pieces: string[] = [];
  let after: PageMark | undefined;
  do {
    const piece = listPiece(reader, { format, filter: {}, after });
    pieces.push(piece.text);
    after = piece.next;
  } while (after !== undefined);
  reader.close();
  const { head, separator, tail } = listFrames[format];
  const longest = Math.max(...pieces.map(({ length }) => length));
  return { text: head + pieces.join(separator) + tail, longest };
}

test("CSV has a line for each call, the latest first", () => {
  fill(3, "=1+1");
  const lines = exported("csv").text.trimEnd().split("\r\n");
  expect(lines).toHaveLength(4);
  expect(lines[0]).toStartWith("call,started,answered,ended,seconds,direction,line,remote,name,");
  expect(lines[1]).toContain("2026-01-01T09:03:00.000Z,2026-01-01T09:03:00.050Z,");
  expect(lines[1]).toContain(",incoming,200@pbx,553,Caller 3,");
});

test("JSON has each call with all that was said, however the pieces are cut", () => {
  fill(120, "x".repeat(9000));
  const { text, longest } = exported("json");
  const calls: unknown = JSON.parse(text);
  const remotes = Array.isArray(calls) ? calls.map(({ remote }) => String(remote)) : [];
  expect(remotes).toEqual(Array.from({ length: 120 }, (_, index) => `55${120 - index}`));
  expect(longest).toBeLessThan(300_000);
});

test("no calls are an empty list, and a head alone", () => {
  rig = new HistoryRig();
  expect(JSON.parse(exported("json").text)).toEqual([]);
  expect(exported("csv").text.split("\r\n")).toHaveLength(2);
});
