/** What holds of the detector for any sound, any cut into blocks and any delay of its answers. */
import { describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { type GateVerdict, SpeechGate } from "../../src/whisper/speech-gate.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import {
  DetectorRig,
  expectContinuity,
  numberedWindows,
  numberOf,
  probabilityOf,
  warmUpWindows,
} from "./detector-rig.ts";

interface Trial {
  readonly rig: DetectorRig;
  readonly pattern: string;
  /** Numbers of the windows before which a mark was set. */
  readonly marks: readonly number[];
  readonly hasRoom: boolean;
}

function randomPattern(random: SeededRandom): string {
  let pattern = "";
  while (pattern.length < 300) {
    pattern += random.pick(["#", "."]).repeat(random.between(1, random.pick([2, 10, 25, 60])));
  }
  return pattern;
}

/** One call in blocks of any size, with a detector that answers now and then. */
function runTrial(random: SeededRandom): Trial {
  const rig = new DetectorRig();
  const pattern = randomPattern(random);
  const hasRoom = random.between(0, 1) === 1;
  rig.voice.limitWindows = hasRoom ? 10_000 : random.between(9, 40);
  const marks: number[] = [];
  let next = 0;
  while (next < pattern.length) {
    const end = Math.min(pattern.length, next + random.between(1, 120));
    pushInBlocks(rig, joinSamples(numberedWindows(pattern.slice(next, end), next)), random);
    if (random.between(0, 2) === 0) {
      marks.push(end);
      rig.detector.push(new Float32Array(random.between(0, 511)));
      rig.mark();
    }
    next = end;
  }
  while (rig.detector.waiting > 0) rig.voice.stream.answer(random.between(1, 10));
  return { rig, pattern, marks, hasRoom };
}

function pushInBlocks(rig: DetectorRig, samples: Float32Array, random: SeededRandom): void {
  let at = 0;
  while (at < samples.length) {
    const size = random.pick([1, 160, 320, 512, 1_600, 5_120]) + random.between(0, 10);
    rig.detector.push(samples.subarray(at, at + size));
    at += size;
    if (random.between(0, 3) === 0) rig.voice.streams[0]?.answer(random.between(1, 20));
  }
}

/** What the gate says of each window; a rest that was never judged does not count. */
function gateOf(pattern: string): boolean[] {
  return verdictsOf(pattern).map(({ isOpen }) => isOpen);
}

function verdictsOf(pattern: string): GateVerdict[] {
  const gate = new SpeechGate();
  return numberedWindows(pattern).map((window) => gate.judge(window));
}

describe("however the sound is cut into blocks and whenever the answers come", () => {
  const trials = Array.from({ length: 60 }, (_, index) => runTrial(new SeededRandom(index + 1)));

  test("every window comes out once, in order, with its own probability, bare noise with none", () => {
    for (const { rig, pattern } of trials) {
      const verdicts = verdictsOf(pattern);
      expect(rig.windows).toEqual(verdicts.map((_, index) => index));
      expect(rig.probabilities).toEqual(
        verdicts.map(({ isOpen, isBare }, index) => (isOpen && !isBare ? probabilityOf(index) : 0)),
      );
    }
  });

  test("marks come between the windows between which they were set", () => {
    for (const { rig, marks } of trials) {
      let windows = 0;
      const found: number[] = [];
      for (const output of rig.outputs) {
        if ("rest" in output) found.push(windows);
        else windows += 1;
      }
      expect(found).toEqual([...marks]);
    }
  });

  test("the detector forgets exactly where sound is missing in between", () => {
    for (const { rig, marks } of trials) {
      expectContinuity(rig.voice.streams[0]?.heard ?? [], marks);
    }
  });

  test("it hears what the gate lets through and, given room, up to 8 windows before that", () => {
    for (const { rig, pattern, marks, hasRoom } of trials) {
      const isOpen = gateOf(pattern);
      const heard = new Set(
        (rig.voice.streams[0]?.heard ?? []).map(({ samples }) => numberOf(samples)),
      );
      for (const [index, open] of isOpen.entries()) {
        if (open) expect(heard.has(index)).toBe(true);
        if (!open && heard.has(index)) expect(isWarmUp(index, isOpen, marks)).toBe(true);
        if (!open && hasRoom) expect(heard.has(index)).toBe(isWarmUp(index, isOpen, marks));
      }
    }
  });
});

/** True when the gate opens within the next 8 windows and no mark lies in between. */
function isWarmUp(index: number, isOpen: readonly boolean[], marks: readonly number[]): boolean {
  const opening = isOpen.indexOf(true, index);
  if (opening < 0 || opening - index > warmUpWindows) return false;
  return !marks.some((mark) => mark > index && mark <= opening);
}
