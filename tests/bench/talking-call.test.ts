import { expect, test } from "bun:test";
import { type Said, sayOverTelephone, quietLine, talkingCall } from "../../bench/talking-call.ts";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { levelDbfs } from "../../src/audio/level.ts";
import { tone } from "../audio/tones.ts";

const rateHz = 16_000;
const quiet = quietLine();
const sayables = [500, 900].map((hz) =>
  sayOverTelephone(`${hz} Hz.`, tone({ hz, rateHz, samples: rateHz, amplitude: 0.2 })),
);

function play(
  seed: number,
  lengthMs = 60_000,
): { readonly said: Said[]; readonly sound: Float32Array } {
  const said: Said[] = [];
  const blocks = [
    ...talkingCall({ sayables, quiet, lengthMs, seed, onSaid: (one) => said.push(one) }),
  ];
  return { said, sound: joinSamples(blocks) };
}

test("a sentence is as long as it was recorded, with the line's noise behind it", () => {
  for (const { samples } of sayables) {
    expect(Math.abs(samples.length - rateHz)).toBeLessThan(rateHz / 50);
    expect(Math.abs(levelDbfs(samples) + 17)).toBeLessThan(1);
  }
  expect(Math.abs(levelDbfs(quiet) + 60)).toBeLessThan(1);
});

test("sentences are where the call says, with 1.1 to 2.5 s of quiet around each", () => {
  const { said, sound } = play(1);
  expect(sound.length).toBeGreaterThan(60 * rateHz);
  expect(said.length).toBeGreaterThan(15);
  let end = 0;
  for (const { text, span } of said) {
    const pauseMs = (span.start - end) / 16;
    expect(pauseMs).toBeGreaterThanOrEqual(1100);
    expect(pauseMs).toBeLessThanOrEqual(2500);
    expect(levelDbfs(sound.subarray(end, span.start))).toBeLessThan(-55);
    const { samples } = sayables.find((one) => one.text === text) ?? { samples: quiet };
    expect(sound.subarray(span.start, span.end)).toEqual(samples);
    ({ end } = span);
  }
  expect(sound.length - end).toBeGreaterThanOrEqual(1.1 * rateHz);
});

test("a call is the same for the same seed, and another one for another seed", () => {
  expect(play(2)).toEqual(play(2));
  expect(play(2).said).not.toEqual(play(3).said);
});
