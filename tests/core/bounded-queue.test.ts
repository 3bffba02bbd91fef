import { expect, test } from "bun:test";
import { BoundedQueue } from "../../src/core/bounded-queue.ts";

test("the oldest item makes room and is counted", () => {
  const queue = new BoundedQueue<number>(3);
  expect([1, 2, 3].map((item) => queue.push(item))).toEqual([undefined, undefined, undefined]);
  expect(queue.push(4)).toBe(1);
  expect(queue.dropped).toBe(1);
  expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([
    2,
    3,
    4,
    undefined,
  ]);
});

test("items put back come first, and the oldest of all are dropped", () => {
  const queue = new BoundedQueue<number>(3);
  queue.push(3);
  queue.push(4);
  expect(queue.unshift([1, 2])).toBe(1);
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([2, 3, 4]);
});
