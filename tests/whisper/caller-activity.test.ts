import { describe, expect, test } from "bun:test";
import { CallerActivity } from "../../src/whisper/caller-activity.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

const windowMs = 32;
const loud = 0.9;
const soft = 0.35;
const quiet = 0.1;

class Rig {
  readonly told: string[] = [];
  pending = 0;
  readonly activity: CallerActivity;

  constructor(backChannelMs = 400) {
    this.activity = new CallerActivity({
      windowMs,
      onsetProbability: 0.3,
      voiceProbability: 0.5,
      lullMs: 96,
      backChannelMs,
      pending: () => this.pending,
      tell: (signal) => void this.told.push(signal),
    });
  }

  /** Windows of one utterance. */
  hear(count: number, probability: number, isOpen = true): this {
    for (let window = 0; window < count; window += 1) this.activity.heard(probability, isOpen);
    return this;
  }

  /** The utterance is over, and this many texts are not out. */
  close(pending: number): this {
    this.pending = pending;
    return this.hear(1, quiet, false);
  }

  deliver(): this {
    this.pending -= 1;
    this.activity.delivered();
    return this;
  }
}

describe("a short sound", () => {
  test("pauses the agent with its first window, and lets it go on after 96 ms of silence", () => {
    const rig = new Rig().hear(1, loud);
    expect(rig.told).toEqual(["pause"]);
    rig.hear(2, quiet);
    expect(rig.told).toEqual(["pause"]);
    rig.hear(1, quiet);
    expect(rig.told).toEqual(["pause", "resume"]);
    rig.hear(12, quiet).close(0);
    expect(rig.told).toEqual(["pause", "resume"]);
  });

  test("that begins softly pauses it before anything is taken for speech", () => {
    const rig = new Rig().hear(1, soft, false);
    expect(rig.told).toEqual(["pause"]);
    rig.hear(3, quiet, false);
    expect(rig.told).toEqual(["pause", "resume"]);
  });

  test("is counted together with what follows in the same utterance", () => {
    const rig = new Rig().hear(6, loud).hear(5, quiet).hear(6, loud);
    expect(rig.told).toEqual(["pause", "resume", "pause"]);
    rig.hear(1, loud);
    expect(rig.told).toEqual(["pause", "resume", "pause", "speech"]);
  });

  test("does not count for the next utterance", () => {
    const rig = new Rig();
    for (let sound = 0; sound < 5; sound += 1) rig.hear(12, loud).hear(15, quiet).close(0);
    expect(rig.told).toEqual(Array.from({ length: 5 }, () => ["pause", "resume"]).flat());
  });

  test("noise between the two probabilities pauses the agent once, however long it lasts", () => {
    const rig = new Rig().hear(500, soft, false);
    expect(rig.told).toEqual(["pause", "resume"]);
    rig.hear(1, quiet, false).hear(1, soft, false);
    expect(rig.told).toEqual(["pause", "resume", "pause"]);
  });
});

describe("speech", () => {
  test.each([
    [400, 13],
    [96, 3],
    [64, 2],
    [1000, 32],
  ])("is told at %i ms of it: %i windows", (backChannelMs, windows) => {
    const rig = new Rig(backChannelMs).hear(windows - 1, loud);
    expect(rig.told).toEqual(["pause"]);
    rig.hear(1, loud);
    expect(rig.told).toEqual(["pause", "speech"]);
  });

  test.each([0, 10, 32])("is told with its first window, and no pause, at %i ms", (ms) => {
    const rig = new Rig(ms).hear(1, soft, false);
    expect(rig.told).toEqual([]);
    rig.hear(1, loud).hear(3, quiet);
    expect(rig.told).toEqual(["speech"]);
  });

  test("is not over in a pause, but when its utterance is and its text is out", () => {
    const rig = new Rig().hear(20, loud).hear(15, quiet);
    expect(rig.told).toEqual(["pause", "speech"]);
    rig.close(1).hear(100, quiet, false);
    expect(rig.told).toEqual(["pause", "speech"]);
    rig.deliver();
    expect(rig.told).toEqual(["pause", "speech", "silence"]);
    rig.deliver();
    expect(rig.told).toEqual(["pause", "speech", "silence"]);
  });

  test("waits for the texts of all utterances so far", () => {
    const rig = new Rig().hear(20, loud).close(3).deliver().deliver();
    expect(rig.told).toEqual(["pause", "speech"]);
    rig.deliver();
    expect(rig.told).toEqual(["pause", "speech", "silence"]);
  });

  test("that goes on before the text is out has not ended, and is told once", () => {
    const rig = new Rig().hear(20, loud).close(1).hear(3, loud).deliver();
    expect(rig.told).toEqual(["pause", "speech"]);
    rig.hear(20, loud).hear(15, quiet).close(1).deliver();
    expect(rig.told).toEqual(["pause", "speech", "silence"]);
  });

  test("whose text is out while it goes on is not over: it was only split", () => {
    const rig = new Rig().hear(200, loud);
    rig.pending = 1;
    rig.hear(1, loud).deliver().hear(10, loud);
    expect(rig.told).toEqual(["pause", "speech"]);
  });

  test("that was split and has nothing more to say is over without another text", () => {
    const rig = new Rig().hear(200, loud);
    rig.pending = 1;
    rig.deliver().hear(15, quiet).close(0);
    expect(rig.told).toEqual(["pause", "speech", "silence"]);
  });

  test("is not held open by soft noise behind it", () => {
    const rig = new Rig().hear(20, loud).close(1);
    rig.hear(1, quiet, false).hear(5, soft, false).deliver();
    expect(rig.told).toEqual(["pause", "speech", "silence"]);
  });
});

describe("an end", () => {
  test("of the packets ends what was open, once the text is out", () => {
    const rig = new Rig().hear(20, loud);
    rig.pending = 1;
    rig.activity.interrupted();
    expect(rig.told).toEqual(["pause", "speech"]);
    rig.deliver();
    expect(rig.told).toEqual(["pause", "speech", "silence"]);
  });

  test("of the packets in a short sound lets the agent go on, and the next sound counts anew", () => {
    const rig = new Rig().hear(12, loud);
    rig.activity.interrupted();
    expect(rig.told).toEqual(["pause", "resume"]);
    rig.hear(12, loud);
    expect(rig.told).toEqual(["pause", "resume", "pause"]);
  });

  test.each([
    ["quiet", (rig: Rig) => rig, []],
    ["hushed", (rig: Rig) => rig.hear(1, loud), ["pause", "resume"]],
    ["talking", (rig: Rig) => rig.hear(20, loud), ["pause", "speech", "silence"]],
    ["closing", (rig: Rig) => rig.hear(20, loud).close(1), ["pause", "speech", "silence"]],
  ] as const)("of the call while %s leaves nobody waiting", (state, prepare, told) => {
    const rig = prepare(new Rig());
    expect(rig.activity.state).toBe(state);
    rig.activity.end();
    rig.activity.end();
    expect(rig.told).toEqual([...told]);
    expect(rig.activity.state).toBe("quiet");
  });
});

test("whatever is heard, each beginning is told once and has its end", () => {
  const random = new SeededRandom(6);
  const follow: Readonly<Record<string, readonly string[]>> = {
    "": ["pause", "speech"],
    pause: ["resume", "speech"],
    resume: ["pause", "speech"],
    speech: ["silence"],
    silence: ["pause", "speech"],
  };
  for (let call = 0; call < 300; call += 1) {
    const rig = new Rig(random.pick([0, 100, 400]));
    for (let step = 0; step < 60; step += 1) {
      const count = 1 + Math.floor(random.unit() * 20);
      const what = random.pick(["hear", "hear", "close", "deliver", "interrupted"]);
      if (what === "hear") rig.hear(count, random.pick([loud, soft, quiet]), random.unit() < 0.7);
      if (what === "close") rig.close(random.pick([0, 1, 2]));
      if (what === "deliver") rig.deliver();
      if (what === "interrupted") rig.activity.interrupted();
    }
    rig.activity.end();
    let before = "";
    for (const signal of rig.told) {
      expect(follow[before]).toContain(signal);
      before = signal;
    }
    expect(["", "resume", "silence"]).toContain(before);
  }
});
