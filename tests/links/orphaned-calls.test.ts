import { expect, test } from "bun:test";
import { OrphanedCalls } from "../../src/links/orphaned-calls.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

const [first, second] = [callIdOf(2), callIdOf(4)];

function watched() {
  const clock = new FakeClock();
  const givenUp: string[] = [];
  const orphans = new OrphanedCalls(clock, (callId) => givenUp.push(callId.text));
  return { clock, givenUp, orphans };
}

test("a call whose peer stays away is given up after a minute, each in its own time", () => {
  const { clock, givenUp, orphans } = watched();
  orphans.lost(first);
  clock.advance(30_000);
  orphans.lost(second);
  clock.advance(29_999);
  expect(givenUp).toEqual([]);
  clock.advance(1);
  expect(givenUp).toEqual([first.text]);
  clock.advance(30_000);
  expect(givenUp).toEqual([first.text, second.text]);
  expect(orphans.givenUp).toBe(2);
  expect(clock.timers).toBe(0);
});

test("a peer that is back saves its call, and says once that it was away", () => {
  const { clock, givenUp, orphans } = watched();
  orphans.lost(first);
  expect([orphans.found(first), orphans.found(first), orphans.found(second)]).toEqual([
    true,
    false,
    false,
  ]);
  clock.advance(120_000);
  expect(givenUp).toEqual([]);
  expect(clock.timers).toBe(0);
});

test("a peer that goes away again has its minute anew", () => {
  const { clock, givenUp, orphans } = watched();
  orphans.lost(first);
  clock.advance(59_000);
  orphans.lost(first);
  clock.advance(59_000);
  expect(givenUp).toEqual([]);
  expect(clock.timers).toBe(1);
  clock.advance(1000);
  expect(givenUp).toEqual([first.text]);
});
