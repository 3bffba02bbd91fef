import { expect, test } from "bun:test";
import { WavPlayer } from "../../src/inbound/wav-player.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

function play(speed: number, loop: boolean) {
  const clock = new FakeClock();
  const samples = Float32Array.from({ length: 16_000 }, (_, index) => index);
  const heard: number[] = [];
  const player = new WavPlayer({
    samples,
    speed,
    loop,
    clock,
    onSamples: (block) => heard.push(...block),
  });
  return { clock, heard, player };
}

test("a second of sound takes a second, in order, once", async () => {
  const { clock, heard, player } = play(1, false);
  clock.advance(500);
  expect(heard).toHaveLength(8000);
  clock.advance(600);
  expect(heard).toEqual(Array.from({ length: 16_000 }, (_, index) => index));
  await player.done;
  expect(clock.timers).toBe(0);
});

test("ten times as fast", () => {
  const { clock, heard } = play(10, false);
  clock.advance(50);
  expect(heard).toHaveLength(8000);
});

test("a loop goes on until it is stopped", async () => {
  const { clock, heard, player } = play(1, true);
  clock.advance(2500);
  expect(heard).toHaveLength(40_000);
  expect(heard[16_000]).toBe(0);
  player.stop();
  await player.done;
  clock.advance(1000);
  expect(heard).toHaveLength(40_000);
});
