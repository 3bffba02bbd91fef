import { expect, test } from "bun:test";
import { HearingProgress } from "../../src/commands/hearing-progress.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

function progressOn(stream: { isTTY?: boolean }): {
  readonly written: string[];
  readonly clock: FakeClock;
  readonly progress: HearingProgress;
} {
  const written: string[] = [];
  const clock = new FakeClock();
  const write = (text: string): unknown => written.push(text);
  const options = { file: "a.wav", totalMs: 200_000, clock, stream: { ...stream, write } };
  return { written, clock, progress: new HearingProgress(options) };
}

test("a short wait shows nothing, a long one a line now and then, which is taken away", () => {
  const { written, clock, progress } = progressOn({ isTTY: true });
  clock.advance(999);
  progress.update(50_000);
  progress.clear();
  expect(written).toEqual([]);
  clock.advance(1);
  progress.update(100_000);
  progress.update(101_000);
  expect(written).toEqual(["\r\u001B[Ka.wav: 1:40.00 of 3:20.00 (50 %), 100.0 times real time"]);
  progress.clear();
  progress.clear();
  expect(written.slice(1)).toEqual(["\r\u001B[K"]);
});

test("nothing where there is no terminal", () => {
  const { written, clock, progress } = progressOn({});
  clock.advance(60_000);
  progress.update(100_000);
  progress.clear();
  expect(written).toEqual([]);
});
