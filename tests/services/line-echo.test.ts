/** What the echo guard of a call is told of what its line sends, in each codec. */
import { beforeAll, describe, expect, test } from "bun:test";
import { EchoGuard } from "../../src/audio/echo-guard.ts";
import { HalfbandUpsampler } from "../../src/audio/halfband-upsampler.ts";
import { levelDbfs } from "../../src/audio/level.ts";
import { ReplyEncoder } from "../../src/audio/reply-encoder.ts";
import { LineEcho, type LineFrameEncoder } from "../../src/services/line-echo.ts";
import { LineEncoder } from "../../src/services/line-encoder.ts";
import { throughLine } from "../audio/echo-line.ts";
import { loadVoices, sayAll, turn } from "../audio/echo-set.ts";

const rateHz = 8000;
const frameSamples = 160;
/** At 16 kHz. */
const heardSamples = 320;
const line = {
  law: "mu-law",
  lossDb: 18,
  delayMs: 180,
  way: "hybrid",
  noiseDbfs: -60,
  jumpMs: 0,
  jitterMs: 0,
  seed: 1,
} as const;

/** What the agent says, and what comes back, at 16 kHz. */
let agent: Float32Array;
let returned: Float32Array;

beforeAll(async () => {
  agent = sayAll(turn(await loadVoices(), 0, [1, 4, 5]));
  const near = throughLine(agent, new Float32Array(0), line);
  const upsampler = new HalfbandUpsampler(frameSamples);
  returned = new Float32Array(2 * near.length);
  for (let at = 0; at < near.length; at += frameSamples) {
    upsampler.process(near.subarray(at, at + frameSamples), frameSamples, returned, 2 * at);
  }
});

interface Period {
  /** The line took the frame. */
  readonly isSent?: boolean;
  readonly missed?: number;
}

/** Speaks frame by frame, and returns what whisper would hear. */
function speak(
  encoder: LineFrameEncoder,
  echo: Pick<LineEcho, "sent" | "clean">,
  period: (index: number) => Period = () => ({}),
): Float32Array {
  const heard = returned.slice();
  for (let at = 0; at < agent.length; at += frameSamples) {
    encoder.write(agent.subarray(at, at + frameSamples), rateHz);
    const isMade = encoder.next() !== undefined;
    const { isSent = true, missed = 0 } = period(at / frameSamples);
    echo.sent(isMade && isSent, missed);
    echo.clean(heard.subarray(2 * at, 2 * at + heardSamples));
  }
  return heard;
}

/** Now and then a frame is not taken, or some were missed. */
function unevenly(index: number): Period {
  return { isSent: index % 50 !== 7, missed: index % 100 === 60 ? 3 : 0 };
}

/** A guard that is told by hand what `LineEcho` shall tell its own. */
function byHand(encoder: LineFrameEncoder, guard: EchoGuard): Pick<LineEcho, "sent" | "clean"> {
  return {
    sent: (isSounding, missed) => {
      for (let count = 0; count < missed; count += 1) guard.played(undefined, frameSamples);
      guard.played(isSounding ? encoder.samples : new Float32Array(frameSamples));
    },
    clean: (samples) => guard.clean(samples),
  };
}

/** Frames louder than -45 dBFS. */
function loudFrames(samples: Float32Array): number {
  let loud = 0;
  for (let at = 0; at < samples.length; at += heardSamples) {
    if (levelDbfs(samples.subarray(at, at + heardSamples)) > -45) loud += 1;
  }
  return loud;
}

const encoders: readonly (readonly [string, () => LineFrameEncoder])[] = [
  ["PCMU", () => new LineEncoder("PCMU", 20)],
  ["PCMA", () => new LineEncoder("PCMA", 20)],
  ["G722", () => new LineEncoder("G722", 20)],
  ["AudioSocket", () => new ReplyEncoder({ format: "L16LE", ptimeMs: 20 })],
];

describe.each(encoders)("%s", (_name, makeEncoder) => {
  test("what comes back of the agent is not heard, and its delay is known", () => {
    const encoder = makeEncoder();
    const echo = new LineEcho(encoder);
    expect(loudFrames(returned)).toBeGreaterThan(100);
    expect(loudFrames(speak(encoder, echo))).toBe(0);
    const { delayMs, lossDb, dampedFrames } = echo.status();
    expect(Math.abs(Number(delayMs) - line.delayMs - 20)).toBeLessThanOrEqual(20);
    expect(Math.abs(Number(lossDb) - line.lossDb)).toBeLessThan(6);
    expect(Number(dampedFrames)).toBeGreaterThan(100);
  });

  test("what the line could not take was not said, so that nothing of it can come back", () => {
    const encoder = makeEncoder();
    const echo = new LineEcho(encoder);
    expect(speak(encoder, echo, () => ({ isSent: false }))).toEqual(returned);
    expect(echo.status()).toMatchObject({ dampedFrames: 0 });
  });
});

test("frames that are not sent, and periods that were missed, count as silence of their length", () => {
  const encoder = new LineEncoder("PCMU", 20);
  const other = new LineEncoder("PCMU", 20);
  const echo = new LineEcho(encoder);
  const guard = new EchoGuard({ rateHz });
  expect(speak(encoder, echo, unevenly)).toEqual(speak(other, byHand(other, guard), unevenly));
  expect(guard.status().dampedFrames).toBeGreaterThan(100);
});

test("a line that goes over to another rate gets a new guard, one of another law keeps its own", () => {
  const encoder = new LineEncoder("PCMU", 20);
  const echo = new LineEcho(encoder);
  speak(encoder, echo);
  const { frames } = echo.status();
  encoder.configure("PCMA", 20);
  echo.sent(false, 0);
  expect(echo.status()).toMatchObject({ frames });
  encoder.configure("G722", 20);
  echo.sent(false, 0);
  expect(echo.status()).toMatchObject({ frames: 0, dampedFrames: 0 });
  expect(loudFrames(speak(encoder, echo))).toBe(0);
});
