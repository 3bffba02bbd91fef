import { expect, test } from "bun:test";
import { viewOf } from "../../src/web/live/service-view.ts";

test.each([
  [2, "Draining, 2 calls left"],
  [1, "Draining, 1 call left"],
  [0, "Draining, no calls left"],
])("a telephone that drains says how many calls are left: %i", (calls, detail) => {
  const status = { state: "draining", lines: [], current: [] };
  const child = { name: "sip", state: "draining", calls, health: "good" };
  expect(viewOf({ name: "sip", child, status, nowMs: 0 })).toMatchObject({
    state: "draining",
    detail,
  });
});

test("one that was started by hand says so by its own status", () => {
  const status = { state: "draining", current: [{}, {}, {}] };
  const view = viewOf({ name: "audiosocket", child: undefined, status, nowMs: 0 });
  expect(view).toMatchObject({ state: "draining", detail: "Draining, 3 calls left" });
});

test("one that does not drain tells of its lines", () => {
  const status = { state: "ready", lines: [{ isRegistered: true }] };
  const view = viewOf({ name: "sip", child: undefined, status, nowMs: 0 });
  expect(view.detail).toBe("1 of 1 line registered");
});
