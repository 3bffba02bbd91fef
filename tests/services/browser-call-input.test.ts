import { expect, test } from "bun:test";
import { BrowserInput } from "../../src/services/browser-call-input.ts";

const frame = (samples: number, value = 0): Uint8Array =>
  new Uint8Array(new Int16Array(samples).fill(value).buffer);

test("a frame becomes samples of -1..1, little-endian, with their sign", () => {
  const input = new BrowserInput(0);
  const bytes = Uint8Array.of(0x00, 0x80, 0xff, 0x7f, 0x00, 0x00, 0xff, 0xff);
  expect([...(input.take(bytes, 0) ?? [])]).toEqual([-1, 32_767 / 32_768, 0, -1 / 32_768]);
});

test.each([
  ["empty", new Uint8Array(0)],
  ["of an odd length", new Uint8Array(641)],
  ["longer than 200 ms", frame(3201)],
])("a frame that is %s is dropped and counted", (_what, bytes) => {
  const input = new BrowserInput(0);
  expect(input.take(bytes, 0)).toBeUndefined();
  expect(input.counts).toMatchObject({ framesIn: 0, framesBad: 1 });
  expect(input.offence).toBeUndefined();
});

test("sound may come up to 3 s at once, and then as fast as it is spoken", () => {
  const input = new BrowserInput(0);
  const taken = (count: number, nowMs: number): number =>
    Array.from({ length: count }, () => input.take(frame(320), nowMs)).filter(Boolean).length;
  expect(taken(200, 0)).toBe(150);
  expect(input.counts.framesFlooded).toBe(50);
  // 1.2 times as fast, for clocks that differ.
  expect(taken(200, 1000)).toBe(60);
  for (let nowMs = 2000; nowMs < 60_000; nowMs += 20) expect(taken(1, nowMs)).toBe(1);
});

test("crumbs count as 10 ms each", () => {
  const input = new BrowserInput(0);
  const crumbs = Array.from({ length: 1000 }, () => input.take(frame(1), 0));
  expect(crumbs.filter(Boolean)).toHaveLength(300);
});

test("who sends no sound, too much sound, or texts without meaning is told so after a while", () => {
  const bad = new BrowserInput(0);
  for (let sent = 0; sent < 51; sent += 1) bad.take(new Uint8Array(1), 0);
  expect(bad.offence).toBe("the browser sends frames that are no sound");
  const flood = new BrowserInput(0);
  for (let sent = 0; sent < 1200; sent += 1) flood.take(frame(320), 0);
  expect(flood.offence).toBe("the browser sends sound faster than it is spoken");
  const junk = new BrowserInput(0);
  for (let sent = 0; sent < 21; sent += 1) junk.badText();
  expect(junk.offence).toBe("the browser sends texts that mean nothing");
});
