import { expect, test } from "bun:test";
import { parsePortRange, RtpPortPool } from "../../../src/call/rtp/port-pool.ts";

test.each([
  ["10000-20000", { from: 10_000, to: 20_000 }],
  [" 1024-1025 ", { from: 1024, to: 1025 }],
  ["10001-10003", { from: 10_001, to: 10_003 }],
  ["10001-10002", undefined],
  ["10000-10000", undefined],
  ["20000-10000", undefined],
  ["1000-2000", undefined],
  ["60000-65536", undefined],
  ["10000", undefined],
  ["a-b", undefined],
  ["", undefined],
])("range %p", (text, range) => {
  expect(parsePortRange(text)).toEqual(range);
});

test("pairs begin at even ports and lie within the range", () => {
  const pool = new RtpPortPool({ from: 10_001, to: 10_006 });
  expect(pool.size).toBe(2);
  expect([pool.take(), pool.take(), pool.take()]).toEqual([10_002, 10_004, undefined]);
});

test("the pair that rested longest comes first", () => {
  const pool = new RtpPortPool({ from: 10_000, to: 10_005 });
  const [first, second] = [pool.take(), pool.take()];
  expect([first, second, pool.free]).toEqual([10_000, 10_002, 1]);
  pool.giveBack(10_002);
  pool.giveBack(10_000);
  expect([pool.take(), pool.take(), pool.take()]).toEqual([10_004, 10_002, 10_000]);
});

test("giving back twice, or what was never out, changes nothing", () => {
  const pool = new RtpPortPool({ from: 10_000, to: 10_003 });
  pool.take();
  pool.giveBack(10_000);
  pool.giveBack(10_000);
  pool.giveBack(20_000);
  expect(pool.free).toBe(2);
});
