import { expect, test } from "bun:test";
import { Playback } from "../../../src/llama-bridge/call/playback.ts";
import type { Heard } from "../../../src/llama-bridge/call/spoken-ledger.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";

const clause = { text: "We open at nine.", start: 0, end: 16 };

function rig() {
  const clock = new FakeClock();
  const told: Heard[] = [];
  const playback = new Playback({ clock, played: (heard) => told.push(heard) });
  return { clock, told, playback };
}

test("a turn is over when all of it was heard and nothing follows", () => {
  const { told, playback } = rig();
  playback.give(1, clause)(1);
  playback.report({ text: 1, samples: 500, of: 500 });
  expect(told.at(-1)).toEqual({ turn: 1, characters: 16, isAll: false });
  playback.finish(1);
  expect(told.at(-1)).toEqual({ turn: 1, characters: 16, isAll: true });
});

test("a turn whose words cannot be spoken at all is over at once", () => {
  const { clock, told, playback } = rig();
  playback.finish(3);
  expect(told).toEqual([{ turn: 3, characters: 0, isAll: true }]);
  expect(clock.timers).toBe(0);
});

test("without reports a turn ends by the pace of speech", () => {
  const { clock, told, playback } = rig();
  playback.give(1, clause)(1);
  playback.finish(1);
  clock.advance(150 + 16 * 65 - 1);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual([{ turn: 1, characters: 16, isAll: true }]);
});

test("a voice that reports is waited for, however long it takes", () => {
  const { clock, told, playback } = rig();
  playback.give(1, clause)(1);
  playback.finish(1);
  playback.report({ text: 1, samples: 0, of: 500 });
  clock.advance(60_000);
  expect(told.map(({ isAll }) => isAll)).toEqual([false]);
  playback.report({ text: 1, samples: 500, of: 500 });
  expect(told.at(-1)?.isAll).toBe(true);
});

test("asked in the middle, it tells what must have been heard", () => {
  const { clock, told, playback } = rig();
  playback.refresh();
  expect(told).toEqual([]);
  playback.give(1, clause)(1);
  clock.advance(150 + 4 * 65);
  playback.refresh();
  expect(told).toEqual([{ turn: 1, characters: 4, isAll: false }]);
});

test("what is told of an interrupted turn is not its end", () => {
  const { clock, told, playback } = rig();
  playback.give(1, clause)(1);
  playback.finish(1);
  playback.cancel();
  playback.report({ text: 1, samples: 250, of: 500 });
  expect(told).toEqual([{ turn: 1, characters: 8, isAll: false }]);
  clock.advance(60_000);
  expect(told).toHaveLength(1);
  expect(clock.timers).toBe(0);
});

test("a late word about the turn before is told of that turn", () => {
  const { told, playback } = rig();
  playback.give(1, clause)(1);
  playback.cancel();
  playback.give(2, clause)(2);
  playback.report({ text: 1, samples: 125, of: 500 });
  expect(told).toEqual([{ turn: 1, characters: 4, isAll: false }]);
  playback.close();
});

test("of a turn that was cancelled no more is guessed", () => {
  const { clock, told, playback } = rig();
  playback.give(1, clause)(1);
  clock.advance(150 + 4 * 65);
  playback.refresh();
  playback.cancel();
  clock.advance(500);
  playback.refresh();
  expect(told).toEqual([{ turn: 1, characters: 4, isAll: false }]);
});

test("the same is told once", () => {
  const { told, playback } = rig();
  playback.give(1, clause)(1);
  playback.finish(1);
  playback.report({ text: 1, samples: 500, of: 500 });
  playback.report({ text: 1, samples: 500, of: 500 });
  playback.refresh();
  expect(told).toEqual([{ turn: 1, characters: 16, isAll: true }]);
});

test("words that wait for a voice which is away have not been heard", () => {
  const { clock, told, playback } = rig();
  const written = playback.give(1, clause);
  playback.finish(1);
  clock.advance(60_000);
  playback.refresh();
  expect(told).toEqual([{ turn: 1, characters: 0, isAll: false }]);
  written(1);
  clock.advance(150 + 16 * 65);
  expect(told.at(-1)).toEqual({ turn: 1, characters: 16, isAll: true });
});
