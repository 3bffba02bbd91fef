/** Illness of a service at times when it is easily overlooked. */
import { beforeEach, expect, test } from "bun:test";
import type { ServicePlan } from "../../src/supervisor/service-plan.ts";
import { SupervisedChild } from "../../src/supervisor/supervised-child.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { planFor, ScriptedHost, turns } from "./scripted-host.ts";

let clock: FakeClock;
let host: ScriptedHost;
let reasons: string[];

beforeEach(() => {
  clock = new FakeClock();
  host = new ScriptedHost();
  reasons = [];
});

function started(name: string, given: Partial<ServicePlan> = {}): SupervisedChild {
  const child = new SupervisedChild({
    plan: planFor(name, given),
    host,
    clock,
    listener: {
      record: () => undefined,
      changed: () => undefined,
      crashed: ({ reason }) => reasons.push(reason),
    },
  });
  child.start();
  return child;
}

/** In steps, so that what was asked can be answered in between. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    clock.advance(250);
    await turns();
  }
}

test("a service that hangs as soon as it is ready is found out within half a minute", async () => {
  host.answerLimit = { clock, ms: 5000 };
  started("llama");
  host.latest("llama").say("llama is ready");
  await pass(30_000);
  expect(host.latest("llama").signals[0]).toBe("SIGTERM");
});

test("what was told while it drained is told again when that is taken back", async () => {
  const child = started("sip", { memoryLimitBytes: 100 << 20 });
  const process = host.latest("sip");
  process.answer = { current: [{}] };
  process.ready();
  await pass(5000);
  void child.stop(30_000);
  process.memoryBytes = 200 << 20;
  await pass(10_000);
  expect(process.signals).toEqual([]);
  child.start();
  await pass(5000);
  expect(process.signals).toEqual(["SIGTERM"]);
  process.end({ code: 0 });
  expect(reasons).toEqual(["uses 200 MB of memory, more than its 100 MB"]);
});
