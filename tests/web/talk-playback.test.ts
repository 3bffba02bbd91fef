import { describe, expect, test } from "bun:test";
import { PlaybackBuffer } from "../../src/web/client/talk-playback.ts";

const lineHz = 16_000;

/** The sound card and the network, in steps of a millisecond. */
class Player {
  readonly buffer: PlaybackBuffer;
  readonly heard: number[] = [];
  readonly #perMs: number;
  #phase = 0;

  constructor(rateHz: number) {
    this.buffer = new PlaybackBuffer(rateHz);
    this.#perMs = rateHz / 1000;
  }

  play(ms: number): void {
    const out = new Float32Array(Math.round(ms * this.#perMs));
    this.buffer.pull(out);
    this.heard.push(...out);
  }

  /** 20 ms of a tone that goes on from frame to frame. */
  frame(hz = 397, amplitude = 0.5): void {
    const frame = Int16Array.from({ length: lineHz / 50 }, (_, index) =>
      Math.round(
        32_767 * amplitude * Math.sin((2 * Math.PI * hz * (this.#phase + index)) / lineHz),
      ),
    );
    this.#phase += frame.length;
    this.buffer.push(frame);
  }

  /** So many frames, one every 20 ms. */
  stream(frames: number): void {
    for (let sent = 0; sent < frames; sent += 1) {
      this.frame();
      this.play(20);
    }
  }

  /** The largest step from sample to sample: that of the tone is known, a click is larger. */
  get steepest(): number {
    return Math.max(
      ...this.heard.slice(1).map((sample, index) => Math.abs(sample - (this.heard[index] ?? 0))),
    );
  }

  /** Of that tone at half of full scale. */
  get toneStep(): number {
    return 0.5 * 2 * Math.PI * (400 / (1000 * this.#perMs));
  }

  soundMs(): number {
    return this.heard.filter((sample) => sample !== 0).length / this.#perMs;
  }

  firstSoundMs(): number {
    return this.heard.findIndex((sample) => sample !== 0) / this.#perMs;
  }
}

describe.each([16_000, 44_100, 48_000])("at %i Hz", (rateHz) => {
  test("sound begins 60 ms late and goes on without a gap or a click", () => {
    const player = new Player(rateHz);
    player.stream(100);
    player.play(200);
    expect(player.firstSoundMs()).toBeGreaterThanOrEqual(35);
    expect(player.firstSoundMs()).toBeLessThanOrEqual(65);
    expect(player.soundMs()).toBeGreaterThan(1970);
    expect(player.soundMs()).toBeLessThanOrEqual(2000);
    expect(player.steepest).toBeLessThan(1.1 * player.toneStep + 0.01);
    expect(player.buffer.status).toMatchObject({ breaks: 1, droppedMs: 0 });
  });

  test("what breaks off in the middle fades out, and what follows fades in", () => {
    const player = new Player(rateHz);
    player.stream(10);
    player.play(500);
    player.stream(10);
    player.play(500);
    expect(player.buffer.status.breaks).toBe(2);
    expect(player.steepest).toBeLessThan(1.1 * player.toneStep + 0.01);
    expect(player.soundMs()).toBeGreaterThan(370);
  });

  test("an interruption is silence within 5 ms, and the next answer begins as the first did", () => {
    const player = new Player(rateHz);
    for (let sent = 0; sent < 10; sent += 1) player.frame();
    player.play(50);
    player.buffer.flush();
    player.play(6);
    const from = player.heard.length;
    player.play(500);
    expect(player.heard.slice(from).every((sample) => sample === 0)).toBe(true);
    expect(player.steepest).toBeLessThan(1.1 * player.toneStep + 0.01);
    player.stream(10);
    expect(player.heard.slice(-100).some((sample) => sample !== 0)).toBe(true);
  });
});

test("frames that come early and late by up to 40 ms are heard evenly", () => {
  const player = new Player(48_000);
  for (let group = 0; group < 50; group += 1) {
    for (let sent = 0; sent < 3; sent += 1) player.frame();
    player.play(60);
  }
  player.play(100);
  expect(player.buffer.status.breaks).toBe(1);
  expect(player.soundMs()).toBeGreaterThan(2950);
});

test("what comes in one piece after a hitch is left out, so that nothing lags behind", () => {
  const player = new Player(48_000);
  player.stream(5);
  for (let sent = 0; sent < 50; sent += 1) player.frame();
  player.play(20);
  expect(player.buffer.status.waitingMs).toBeLessThan(100);
  expect(player.buffer.status.droppedMs).toBeGreaterThan(600);
  expect(player.steepest).toBeLessThan(1.1 * player.toneStep + 0.01);
  player.stream(20);
  expect(player.buffer.status.breaks).toBe(0);
});

test("a word that is shorter than the cushion is heard as well", () => {
  const player = new Player(48_000);
  player.frame();
  player.play(200);
  expect(player.soundMs()).toBeGreaterThan(15);
});

test("however much comes, memory has an end", () => {
  const player = new Player(16_000);
  for (let sent = 0; sent < 5000; sent += 1) player.frame();
  expect(player.buffer.status.waitingMs).toBeLessThanOrEqual(800);
});
