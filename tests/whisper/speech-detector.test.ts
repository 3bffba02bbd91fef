import { describe, expect, test } from "bun:test";
import { SpeechDetector } from "../../src/whisper/speech-detector.ts";
import { type GateVerdict, holdWindows, SpeechGate } from "../../src/whisper/speech-gate.ts";
import { voiceWindowSamples } from "../../src/whisper/voice-activity.ts";
import { concatenate } from "../audio/tones.ts";
import { type HeardWindow, ScriptedVoice } from "../fakes/scripted-voice.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

const warmUpWindows = 8;
/** The first sample of a window says which one it is, too softly to be heard. */
const numberScale = 2 ** -24;

function numberedWindow(number: number, amplitude: number): Float32Array {
  const window = Float32Array.from({ length: voiceWindowSamples }, (_, index) =>
    index % 2 === 0 ? amplitude : -amplitude,
  );
  window[0] = number * numberScale;
  return window;
}

function numberOf(window: Float32Array): number {
  return (window[0] ?? 0) / numberScale;
}

/** One window a letter: `#` is loud, everything else is silence. */
function numberedWindows(pattern: string, firstNumber = 0): Float32Array[] {
  return Array.from(pattern, (letter, index) =>
    numberedWindow(firstNumber + index, letter === "#" ? 0.3 : 0),
  );
}

/** So sure that it is unlike what energy says. */
function probabilityOf(number: number): number {
  return 0.5 + (number % 97) / 256;
}

type Output = { readonly window: number; readonly probability: number } | { readonly rest: number };

class Rig {
  readonly voice = new ScriptedVoice();
  readonly outputs: Output[] = [];
  readonly failures: string[] = [];
  readonly detector: SpeechDetector;

  constructor() {
    this.voice.keepsWindows = true;
    this.voice.judge = (window) => probabilityOf(numberOf(window));
    this.voice.answersAtOnce = false;
    this.detector = new SpeechDetector({
      voice: this.voice,
      onWindow: (window, probability) => {
        this.outputs.push({ window: numberOf(window), probability });
      },
      onFailed: (error) => this.failures.push(error.message),
    });
  }

  push(pattern: string, firstNumber = 0): void {
    for (const window of numberedWindows(pattern, firstNumber)) this.detector.push(window);
  }

  mark(): void {
    this.detector.afterAll((rest) => this.outputs.push({ rest: rest.length }));
  }

  get windows(): number[] {
    return this.outputs.flatMap((output) => ("window" in output ? [output.window] : []));
  }

  get probabilities(): number[] {
    return this.outputs.flatMap((output) => ("window" in output ? [output.probability] : []));
  }

  /** What the detector heard: numbers, with `!` where its memory was cleared before. */
  get heard(): string {
    return shown(this.voice.streams.flatMap(({ heard }) => heard));
  }
}

function shown(heard: readonly HeardWindow[]): string {
  return heard.map(({ samples, forget }) => `${forget ? "!" : ""}${numberOf(samples)}`).join(" ");
}

/** The same way of writing, for windows in a row. */
function row(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index).join(" ");
}

describe("while the gate is closed", () => {
  test("windows come out at once as silence, and the detector is not even opened", () => {
    const rig = new Rig();
    rig.push(".".repeat(100));
    expect(rig.outputs).toEqual(
      Array.from({ length: 100 }, (_, window) => ({ window, probability: 0 })),
    );
    expect(rig.voice.streams).toHaveLength(0);
    expect(rig.detector.waiting).toBe(0);
  });

  test("no window reaches the detector, and those that wait for it are waited for", () => {
    const rig = new Rig();
    const windows = 1 + 2 * holdWindows;
    rig.push("#" + ".".repeat(windows - 1));
    expect(rig.windows).toEqual([]);
    expect(rig.detector.waiting).toBe(windows);
    const heard = rig.voice.stream.heard.length;
    expect(heard).toBeLessThanOrEqual(1 + holdWindows + 1);
    rig.voice.stream.answer();
    expect(rig.windows).toEqual(Array.from({ length: windows }, (_, index) => index));
    expect(rig.probabilities.slice(heard)).toEqual(
      Array.from({ length: windows - heard }, () => 0),
    );
  });
});

describe("when the gate opens", () => {
  test("the detector first hears up to 8 earlier windows, which are not reported again", () => {
    const rig = new Rig();
    rig.push(".".repeat(20) + "##");
    expect(rig.heard).toBe(`!${row(12, 21)}`);
    expect(rig.windows).toEqual(Array.from({ length: 20 }, (_, index) => index));
    rig.voice.stream.answer();
    expect(rig.windows).toEqual(Array.from({ length: 22 }, (_, index) => index));
    expect(rig.probabilities.slice(20)).toEqual([probabilityOf(20), probabilityOf(21)]);
  });

  test.each([0, 1, 7, 8])("with %i windows before it, all of them are heard", (before) => {
    const rig = new Rig();
    rig.push(".".repeat(before) + "#");
    expect(rig.heard).toBe(`!${row(0, before)}`);
  });

  test("a gap of 8 windows or fewer is filled, so that nothing is forgotten", () => {
    for (let gap = 1; gap <= warmUpWindows; gap += 1) {
      const rig = new Rig();
      const first = "#" + ".".repeat(holdWindows - 1);
      rig.push(`${first}${".".repeat(gap)}#`);
      expect(rig.heard).toBe(`!${row(0, holdWindows + gap)}`);
    }
  });

  test("after a longer gap the detector forgets before the first window that it hears", () => {
    const rig = new Rig();
    const last = 2 * holdWindows;
    rig.push("#" + ".".repeat(last - 1) + "#");
    const [first, second] = rig.heard.split(" !");
    expect(first?.startsWith("!0 1")).toBe(true);
    expect(second).toBe(row(last - warmUpWindows, last));
  });
});

describe("afterAll", () => {
  test("comes in its turn, with the samples that filled no window", () => {
    const rig = new Rig();
    rig.push("##");
    rig.detector.push(new Float32Array(300));
    rig.mark();
    rig.push("..", 2);
    rig.mark();
    expect(rig.outputs).toEqual([]);
    rig.voice.stream.answer(1);
    expect(rig.windows).toEqual([0]);
    rig.voice.stream.answer();
    expect(rig.outputs.map((output) => ("rest" in output ? -output.rest : output.window))).toEqual([
      0, 1, -300, 2, 3, -0,
    ]);
  });

  test("comes at once when nothing waits", () => {
    const rig = new Rig();
    rig.mark();
    expect(rig.outputs).toEqual([{ rest: 0 }]);
  });

  test("what follows does not continue what was heard before", () => {
    const rig = new Rig();
    rig.push("###");
    rig.mark();
    rig.push("###", 3);
    expect(rig.heard).toBe("!0 1 2 !3 4 5");
  });

  test("windows from before it do not warm up the detector for what comes after", () => {
    const rig = new Rig();
    rig.push(".....");
    rig.mark();
    rig.push("..#", 5);
    expect(rig.heard).toBe("!5 6 7");
  });
});

describe("when the detector's queue is full", () => {
  test("windows are given again, in order, and none is lost", () => {
    const rig = new Rig();
    rig.voice.limitWindows = 10;
    rig.push("#".repeat(100));
    expect(rig.heard).toBe(`!${row(0, 9)}`);
    for (let answers = 0; answers < 100; answers += 1) rig.voice.stream.answer(1);
    expect(rig.heard).toBe(`!${row(0, 99)}`);
    expect(rig.windows).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(rig.probabilities).toEqual(rig.windows.map((number) => probabilityOf(number)));
  });

  test("the memory is cleared where the sound has its gap, not where there was room again", () => {
    const rig = new Rig();
    rig.voice.limitWindows = 4;
    rig.push("#".repeat(8));
    rig.mark();
    rig.push("#".repeat(8), 8);
    while (rig.voice.stream.waiting > 0) rig.voice.stream.answer();
    expect(rig.heard).toBe(`!${row(0, 7)} !${row(8, 15)}`);
  });

  test("nobody overtakes the windows that wait, even when there is room for more", () => {
    const rig = new Rig();
    rig.voice.limitWindows = 2;
    rig.push("#".repeat(4) + ".".repeat(holdWindows + 5));
    rig.voice.limitWindows = 1_000;
    rig.push("###", 4 + holdWindows + 5);
    expect(rig.heard).toBe("!0 1");
    while (rig.voice.stream.waiting > 0) rig.voice.stream.answer();
    expectContinuity(rig.voice.stream.heard, []);
    const windows = 4 + holdWindows + 5 + 3;
    expect(rig.windows).toEqual(Array.from({ length: windows }, (_, index) => index));
  });

  test("a gap whose windows found no room is forgotten", () => {
    for (const gap of [3, warmUpWindows, 30]) {
      const rig = new Rig();
      rig.voice.limitWindows = 4;
      const pattern = "#" + ".".repeat(holdWindows - 1 + gap) + "###";
      rig.push(pattern);
      while (rig.voice.stream.waiting > 0) rig.voice.stream.answer();
      expectContinuity(rig.voice.stream.heard, []);
      expect(rig.windows).toHaveLength(pattern.length);
    }
  });
});

describe("when the detector breaks", () => {
  test("the call goes on by energy, what waited included, and it is told once", () => {
    const rig = new Rig();
    const pattern = "......##..##";
    rig.push(pattern);
    rig.voice.stream.answer(7);
    expect(rig.windows).toHaveLength(7);
    const { stream } = rig.voice;
    stream.fail("out of luck");
    stream.fail("out of luck again");
    expect(rig.failures).toEqual(["out of luck"]);
    expect(rig.windows).toEqual(Array.from(pattern, (_, index) => index));
    expect(stream.isClosed).toBe(true);
    rig.push("...##", 12);
    rig.mark();
    expect(rig.detector.waiting).toBe(0);
    expect(rig.voice.streams).toHaveLength(1);
    const loud = rig.probabilities.slice(12);
    expect(loud).toEqual([0, 0, 0, 1, 1]);
    // Window 6 was judged before; the others follow their energy.
    expect(rig.probabilities[6]).toBe(probabilityOf(6));
    expect(rig.probabilities[7]).toBe(1);
    expect(rig.probabilities.slice(10, 12)).toEqual([1, 1]);
  });

  test("windows that found no room, and marks between them, come out too", () => {
    const rig = new Rig();
    rig.voice.limitWindows = 4;
    rig.push("#".repeat(10));
    rig.mark();
    rig.push("#".repeat(10), 10);
    rig.voice.stream.fail("out of luck");
    expect(rig.windows).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(rig.outputs[10]).toEqual({ rest: 0 });
    expect(rig.detector.waiting).toBe(0);
  });

  test.each(["#", "....#"])(
    "before it could be opened, by %p, energy decides from then on",
    (start) => {
      const rig = new Rig();
      rig.voice.refusal = "no memory for it";
      rig.push(`${start}#####`);
      expect(rig.failures).toEqual(["no memory for it"]);
      expect(rig.windows).toEqual(Array.from({ length: start.length + 5 }, (_, index) => index));
      expect(rig.probabilities.slice(start.length - 1)).toEqual([1, 1, 1, 1, 1, 1]);
    },
  );
});

describe("close", () => {
  test("frees the stream, and what waited never comes out", () => {
    const rig = new Rig();
    rig.push("###");
    rig.mark();
    const { stream } = rig.voice;
    rig.detector.close();
    expect(stream.isClosed).toBe(true);
    stream.answer();
    stream.fail("too late");
    expect(rig.outputs).toEqual([]);
    expect(rig.failures).toEqual([]);
    expect(rig.detector.waiting).toBe(0);
  });

  test("may come from within an output", () => {
    const rig = new Rig();
    rig.push("###");
    const detector = new SpeechDetector({
      voice: rig.voice,
      onWindow: () => detector.close(),
      onFailed: () => undefined,
    });
    for (const window of numberedWindows("###")) detector.push(window);
    rig.voice.stream.answer();
    expect(detector.waiting).toBe(0);
    expect(rig.voice.status().streams).toBe(1);
  });
});

describe("hard sound", () => {
  test("the offset of a line does not reach the detector; speech on it does", () => {
    const rig = new Rig();
    const offset = new Float32Array(200 * voiceWindowSamples).fill(0.5);
    rig.detector.push(offset);
    expect(rig.voice.streams).toHaveLength(0);
    expect(rig.outputs).toHaveLength(200);
    rig.detector.push(numberedWindow(0, 0.2).map((sample) => sample + 0.5));
    expect(rig.voice.streams).toHaveLength(1);
  });

  test("clipped sound reaches the detector as it is", () => {
    const rig = new Rig();
    const square = Float32Array.from({ length: voiceWindowSamples }, (_, index) =>
      index % 64 < 32 ? 1 : -1,
    );
    rig.detector.push(square);
    expect(rig.voice.stream.heard[0]?.samples).toEqual(square);
  });
});

/** Throws unless the memory was cleared exactly where sound is missing, or where a mark was. */
function expectContinuity(heard: readonly HeardWindow[], marks: readonly number[]): void {
  let previous: number | undefined;
  for (const { samples, forget } of heard) {
    const number = numberOf(samples);
    const isNext = number - 1 === previous && !marks.includes(number);
    if (previous !== undefined) expect(number).toBeGreaterThan(previous);
    expect({ number, forget }).toEqual({ number, forget: !isNext });
    previous = number;
  }
}

interface Trial {
  readonly rig: Rig;
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
  const rig = new Rig();
  const pattern = randomPattern(random);
  const hasRoom = random.between(0, 1) === 1;
  rig.voice.limitWindows = hasRoom ? 10_000 : random.between(9, 40);
  const marks: number[] = [];
  let next = 0;
  while (next < pattern.length) {
    const end = Math.min(pattern.length, next + random.between(1, 120));
    pushInBlocks(rig, concatenate(numberedWindows(pattern.slice(next, end), next)), random);
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

function pushInBlocks(rig: Rig, samples: Float32Array, random: SeededRandom): void {
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
