import { expect, test } from "bun:test";
import { EventResponses } from "../../src/web/live/event-response.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

const request = new Request("http://localhost/live");
const mayStay = (): boolean => true;
const refuse = (): never => {
  throw new Error("too many follow");
};

test("a stream that cannot begin leaves nothing behind, and the next one has its place", async () => {
  const [streams, clock] = [new EventResponses(), new FakeClock()];
  for (let tries = 0; tries < 100; tries += 1) {
    const open = (): Response => streams.open({ request, clock, mayStay, begin: refuse });
    expect(open).toThrow("too many follow");
  }
  expect([streams.count, clock.timers]).toEqual([0, 0]);
  const good = streams.open({ request, clock, mayStay, begin: () => () => undefined });
  expect([good.status, streams.count]).toEqual([200, 1]);
  await good.body?.cancel();
  expect([streams.count, clock.timers]).toEqual([0, 0]);
});
