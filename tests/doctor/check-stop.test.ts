import { expect, test } from "bun:test";
import { type Check, runChecks } from "../../src/doctor/check-runner.ts";
import { ok } from "../../src/doctor/finding.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

type Surroundings = Readonly<Record<string, never>>;

function check(
  name: string,
  isHeavy: boolean,
  run: Check<Surroundings>["run"],
): Check<Surroundings> {
  return { name, title: name, limitMs: 60_000, isHeavy, run };
}

test("when nobody wants to know any more, what runs cleans up and the rest is skipped", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const done: string[] = [];
  const results = runChecks({
    checks: [
      check("quick", false, async () => [ok("fine")]),
      check("tidy", true, async (_surroundings, signal) => {
        await new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
          stop.abort();
        });
        done.push("tidied up");
        return [ok("half done")];
      }),
      check("never", true, async () => {
        done.push("begun");
        return [ok("fine")];
      }),
    ],
    surroundings: {},
    clock,
    onResult: () => undefined,
    signal: stop.signal,
  });
  expect((await results).map(({ name, level }) => `${name} ${level}`)).toEqual([
    "quick ok",
    "tidy ok",
    "never skipped",
  ]);
  expect(done).toEqual(["tidied up"]);
  expect(clock.timers).toBe(0);
});

test("a check that does not stop is left behind", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const results = runChecks({
    checks: [check("deaf", false, () => new Promise(() => undefined))],
    surroundings: {},
    clock,
    onResult: () => undefined,
    signal: stop.signal,
  });
  stop.abort();
  clock.advance(3000);
  expect(await results).toMatchObject([{ name: "deaf", level: "skipped" }]);
  expect(clock.timers).toBe(0);
});
