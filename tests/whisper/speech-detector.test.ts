import { describe, expect, test } from "bun:test";
import { SpeechDetector } from "../../src/whisper/speech-detector.ts";
import { holdWindows } from "../../src/whisper/speech-gate.ts";
import { voiceWindowSamples } from "../../src/whisper/voice-activity.ts";
import {
  DetectorRig,
  expectContinuity,
  numberedWindow,
  numberedWindows,
  probabilityOf,
  row,
  warmUpWindows,
} from "./detector-rig.ts";

describe("while the gate is closed", () => {
  test("windows come out at once as silence, and the detector is not even opened", () => {
    const rig = new DetectorRig();
    rig.push(".".repeat(100));
    expect(rig.outputs).toEqual(
      Array.from({ length: 100 }, (_, window) => ({ window, probability: 0 })),
    );
    expect(rig.voice.streams).toHaveLength(0);
    expect(rig.detector.waiting).toBe(0);
  });

  test("no window reaches the detector, and those that wait for it are waited for", () => {
    const rig = new DetectorRig();
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
    const rig = new DetectorRig();
    rig.push(".".repeat(20) + "##");
    expect(rig.heard).toBe(`!${row(12, 21)}`);
    expect(rig.windows).toEqual(Array.from({ length: 20 }, (_, index) => index));
    rig.voice.stream.answer();
    expect(rig.windows).toEqual(Array.from({ length: 22 }, (_, index) => index));
    expect(rig.probabilities.slice(20)).toEqual([probabilityOf(20), probabilityOf(21)]);
  });

  test.each([0, 1, 7, 8])("with %i windows before it, all of them are heard", (before) => {
    const rig = new DetectorRig();
    rig.push(".".repeat(before) + "#");
    expect(rig.heard).toBe(`!${row(0, before)}`);
  });

  test("a gap of 8 windows or fewer is filled, so that nothing is forgotten", () => {
    for (let gap = 1; gap <= warmUpWindows; gap += 1) {
      const rig = new DetectorRig();
      const first = "#" + ".".repeat(holdWindows - 1);
      rig.push(`${first}${".".repeat(gap)}#`);
      expect(rig.heard).toBe(`!${row(0, holdWindows + gap)}`);
    }
  });

  test("after a longer gap the detector forgets before the first window that it hears", () => {
    const rig = new DetectorRig();
    const last = 2 * holdWindows;
    rig.push("#" + ".".repeat(last - 1) + "#");
    const [first, second] = rig.heard.split(" !");
    expect(first?.startsWith("!0 1")).toBe(true);
    expect(second).toBe(row(last - warmUpWindows, last));
  });
});

describe("afterAll", () => {
  test("comes in its turn, with the samples that filled no window", () => {
    const rig = new DetectorRig();
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
    const rig = new DetectorRig();
    rig.mark();
    expect(rig.outputs).toEqual([{ rest: 0 }]);
  });

  test("what follows does not continue what was heard before", () => {
    const rig = new DetectorRig();
    rig.push("###");
    rig.mark();
    rig.push("###", 3);
    expect(rig.heard).toBe("!0 1 2 !3 4 5");
  });

  test("windows from before it do not warm up the detector for what comes after", () => {
    const rig = new DetectorRig();
    rig.push(".....");
    rig.mark();
    rig.push("..#", 5);
    expect(rig.heard).toBe("!5 6 7");
  });
});

describe("when the detector's queue is full", () => {
  test("windows are given again, in order, and none is lost", () => {
    const rig = new DetectorRig();
    rig.voice.limitWindows = 10;
    rig.push("#".repeat(100));
    expect(rig.heard).toBe(`!${row(0, 9)}`);
    for (let answers = 0; answers < 100; answers += 1) rig.voice.stream.answer(1);
    expect(rig.heard).toBe(`!${row(0, 99)}`);
    expect(rig.windows).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(rig.probabilities).toEqual(rig.windows.map((number) => probabilityOf(number)));
  });

  test("the memory is cleared where the sound has its gap, not where there was room again", () => {
    const rig = new DetectorRig();
    rig.voice.limitWindows = 4;
    rig.push("#".repeat(8));
    rig.mark();
    rig.push("#".repeat(8), 8);
    while (rig.voice.stream.waiting > 0) rig.voice.stream.answer();
    expect(rig.heard).toBe(`!${row(0, 7)} !${row(8, 15)}`);
  });

  test("nobody overtakes the windows that wait, even when there is room for more", () => {
    const rig = new DetectorRig();
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
      const rig = new DetectorRig();
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
    const rig = new DetectorRig();
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
    const rig = new DetectorRig();
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
      const rig = new DetectorRig();
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
    const rig = new DetectorRig();
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
    const rig = new DetectorRig();
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
    const rig = new DetectorRig();
    const offset = new Float32Array(200 * voiceWindowSamples).fill(0.5);
    rig.detector.push(offset);
    expect(rig.voice.streams).toHaveLength(0);
    expect(rig.outputs).toHaveLength(200);
    rig.detector.push(numberedWindow(0, 0.2).map((sample) => sample + 0.5));
    expect(rig.voice.streams).toHaveLength(1);
  });

  test("clipped sound reaches the detector as it is", () => {
    const rig = new DetectorRig();
    const square = Float32Array.from({ length: voiceWindowSamples }, (_, index) =>
      index % 64 < 32 ? 1 : -1,
    );
    rig.detector.push(square);
    expect(rig.voice.stream.heard[0]?.samples).toEqual(square);
  });
});
