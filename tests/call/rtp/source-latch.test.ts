import { expect, test } from "bun:test";
import { SourceLatch } from "../../../src/call/rtp/source-latch.ts";

const phone = ["192.0.2.1", 4000] as const;
const nat = ["203.0.113.9", 61_000] as const;
const intruder = ["198.51.100.66", 4000] as const;

function latchFor(isStrict = false): SourceLatch {
  const latch = new SourceLatch({ isStrict });
  latch.expect({ address: phone[0], port: phone[1] }, 0);
  return latch;
}

/** As the receiver does with a good packet. */
function hear(
  latch: SourceLatch,
  [address, port]: readonly [string, number],
  nowMs: number,
): boolean {
  if (!latch.allows(address, port, nowMs)) return false;
  latch.accept(address, port, nowMs);
  return true;
}

function targetOf(latch: SourceLatch): readonly [string, number] {
  return [latch.target?.address ?? "", latch.target?.port ?? 0];
}

test("packets go where the description says until somebody is heard, then to the source", () => {
  const latch = latchFor();
  expect(targetOf(latch)).toEqual(phone);
  expect(hear(latch, nat, 100)).toBe(true);
  expect(targetOf(latch)).toEqual(nat);
});

test("the source of the description holds against everybody at any time", () => {
  const latch = latchFor();
  expect(hear(latch, phone, 0)).toBe(true);
  expect(hear(latch, intruder, 10)).toBe(false);
  expect(hear(latch, phone, 1990)).toBe(true);
  expect(hear(latch, intruder, 3980)).toBe(false);
});

test("another source gives way to that of the description in the first second, not later", () => {
  const early = latchFor();
  hear(early, intruder, 0);
  expect(hear(early, nat, 500)).toBe(false);
  expect(hear(early, phone, 999)).toBe(true);
  expect(hear(early, intruder, 999)).toBe(false);
  const late = latchFor();
  hear(late, nat, 0);
  hear(late, nat, 990);
  expect(hear(late, phone, 1000)).toBe(false);
});

test("the same address with another port is another source", () => {
  const latch = latchFor();
  hear(latch, phone, 0);
  expect(hear(latch, [phone[0], 4002], 20)).toBe(false);
});

test("after 2 s of silence anybody may follow", () => {
  const latch = latchFor();
  hear(latch, phone, 0);
  expect(hear(latch, nat, 2000)).toBe(false);
  expect(hear(latch, nat, 2001)).toBe(true);
  expect(targetOf(latch)).toEqual(nat);
});

test("a new description opens the latch, the same one again does not", () => {
  const latch = latchFor();
  hear(latch, nat, 0);
  latch.expect({ address: phone[0], port: phone[1] }, 50);
  expect(targetOf(latch)).toEqual(nat);
  latch.expect({ address: "192.0.2.50", port: 5000 }, 100);
  expect(targetOf(latch)).toEqual(["192.0.2.50", 5000]);
  expect(hear(latch, ["192.0.2.50", 5000], 120)).toBe(true);
});

test("packets under way from the old place do not latch, but who keeps sending from there may", () => {
  const latch = latchFor();
  hear(latch, nat, 0);
  latch.expect({ address: "192.0.2.50", port: 5000 }, 100);
  expect(hear(latch, nat, 1099)).toBe(false);
  expect(hear(latch, nat, 1100)).toBe(true);
});

test("strict: nobody but the source of the description, whatever happens", () => {
  const latch = latchFor(true);
  expect(hear(latch, nat, 0)).toBe(false);
  expect(hear(latch, phone, 10)).toBe(true);
  expect(hear(latch, nat, 60_000)).toBe(false);
  expect(targetOf(latch)).toEqual(phone);
});
