/** What is told of a caller by the ears of a call: in order with the texts, and never left open. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Hearing } from "../../src/whisper/hearing.ts";
import { inPackets, openEarsUnderTest, type EarsUnderTest } from "./ears-under-test.ts";
import { eventLoopTurn } from "./event-loop-turn.ts";
import { HearingRig, rigSettings, silence, speech } from "./hearing-rig.ts";
import { recordings } from "./speech-under-test.ts";

const backChannelMs = 400;
const longTestMs = 60_000;
/** All but one, of which the detector takes one window too few for speech. */
const clear = recordings().filter(({ name }) => !name.includes("ked_diphone"));
const audible = 0.02;
const pieceMs = 250;

describe("a turn", () => {
  test("is told from its first sound to its text", async () => {
    const rig = new HearingRig({ backChannelMs });
    rig.recogniser.auto = () => "hello";
    await rig.hear(silence(1_000), speech(64));
    expect(rig.told).toEqual(["pause"]);
    await rig.hear(speech(800));
    expect(rig.told).toEqual(["pause", "speech"]);
    await rig.hear(silence(700));
    expect(rig.told).toEqual(["pause", "speech", '"hello"', "silence"]);
  });

  test("is not over before its text is out, and says how long that took", async () => {
    const rig = new HearingRig({ backChannelMs });
    await rig.hear(silence(1_000), speech(800), silence(1_000));
    expect(rig.told).toEqual(["pause", "speech"]);
    rig.recogniser.job(0).answer("hello");
    await eventLoopTurn();
    expect(rig.told).toEqual(["pause", "speech", '"hello"', "silence"]);
    // 16 windows of silence end it; the rest of the second passed by until the text came.
    expect(rig.turns).toMatchObject([{ silenceMs: 512 }]);
    expect(rig.turns[0]?.textMs).toBeGreaterThan(300);
    expect(rig.turns[0]?.textMs).toBeLessThan(520);
  });

  test("that was foreseen is told with its text at once", async () => {
    const rig = new HearingRig({ backChannelMs });
    rig.recogniser.auto = () => "hello";
    await rig.hear(speech(800), silence(700));
    expect(rig.turns).toEqual([{ silenceMs: 512, textMs: 0 }]);
    expect(rig.events.at(-2)).toMatchObject({ kind: "final", turn: rig.turns[0] });
  });

  test.each(["", "out of luck"])("whose text is %p is over all the same", async (text) => {
    const rig = new HearingRig({ backChannelMs });
    await rig.hear(speech(800), silence(700));
    if (text === "") rig.recogniser.job(0).answer("");
    else rig.recogniser.job(0).fail(text);
    await eventLoopTurn();
    expect(rig.told).toEqual(["pause", "speech", text || '""', "silence"]);
  });

  test("in two utterances is over behind the second text", async () => {
    const rig = new HearingRig({ backChannelMs });
    await rig.hear(speech(800), silence(700), speech(800), silence(200));
    rig.recogniser.job(0).answer("first");
    await eventLoopTurn();
    expect(rig.told).toEqual(["pause", "speech", '"first"']);
    rig.recogniser.job(1).answer("second");
    await rig.hear(silence(500));
    expect(rig.told).toEqual(["pause", "speech", '"first"', '"second"', "silence"]);
  });

  test("that is split because it is long goes on", async () => {
    const rig = new HearingRig({ backChannelMs, maxUtteranceMs: 3_000 });
    rig.recogniser.auto = (_request, index) => `part ${index}`;
    await rig.hear(speech(8_000));
    expect(rig.finals.length).toBeGreaterThanOrEqual(2);
    expect(rig.told.slice(0, 2)).toEqual(["pause", "speech"]);
    expect(rig.told).not.toContain("silence");
    expect(rig.turns[0]?.silenceMs).toBeLessThan(100);
    await rig.hear(silence(700));
    expect(rig.told.filter((told) => told === "silence")).toHaveLength(1);
    expect(rig.told.at(-1)).toBe("silence");
  });

  test("that ends with a split is over without another text", async () => {
    const rig = new HearingRig({ backChannelMs, maxUtteranceMs: 3_000, endSilenceMs: 2_500 });
    rig.recogniser.auto = () => "text";
    await rig.hear(speech(2_000), silence(1_200));
    expect(rig.told).toEqual(["pause", "speech", '"text"']);
    await rig.hear(silence(2_500));
    expect(rig.told).toEqual(["pause", "speech", '"text"', "silence"]);
  });

  test("is told to those who watch, with the place in the call", async () => {
    const rig = new HearingRig({ backChannelMs });
    rig.recogniser.auto = () => "hello";
    await rig.hear(silence(960), speech(800), silence(700));
    const kinds = rig.events.map(({ kind }) => kind);
    expect(kinds).toEqual(["pause", "speech-start", "speech", "final", "silence"]);
    const at = rig.events.map((event) => ("atMs" in event ? event.atMs : -1));
    // Its first window, its 13th with sound, and the 16th without.
    expect(at[0]).toBe(992);
    expect(at[2]).toBeGreaterThanOrEqual(960 + 13 * 32);
    expect(at[2]).toBeLessThan(960 + 16 * 32);
    expect(at[4]).toBeGreaterThanOrEqual(960 + 800 + 500);
    expect(at[4]).toBeLessThan(960 + 800 + 560);
  });
});

describe("a sound in passing", () => {
  test.each([
    [40, []],
    [300, ['"mm-hm"']],
  ])("of %i ms pauses the agent and nothing else", async (ms, texts) => {
    const rig = new HearingRig({ backChannelMs });
    rig.recogniser.auto = () => "mm-hm";
    await rig.hear(silence(960), speech(ms), silence(700));
    expect(rig.told).toEqual(["pause", "resume", ...texts]);
  });

  test("interrupts at once where back-channels are not wanted", async () => {
    const rig = new HearingRig({ backChannelMs: 0 });
    await rig.hear(silence(960), speech(40));
    expect(rig.told).toEqual(["speech"]);
    await rig.hear(silence(700));
    expect(rig.told).toEqual(["speech", "silence"]);
  });
});

describe("packets that stop", () => {
  test("in speech end it, and the next speech is told again", async () => {
    const rig = new HearingRig({ backChannelMs });
    rig.recogniser.auto = () => "cut";
    await rig.hear(speech(800));
    rig.hearing.flush();
    await eventLoopTurn();
    expect(rig.told).toEqual(["pause", "speech", '"cut"', "silence"]);
    await rig.hear(speech(800));
    expect(rig.told.slice(4)).toEqual(["pause", "speech"]);
  });

  test("in a short sound let the agent go on", async () => {
    const rig = new HearingRig({ backChannelMs });
    await rig.hear(speech(64));
    rig.hearing.flush();
    await eventLoopTurn();
    expect(rig.told).toEqual(["pause", "resume"]);
  });
});

describe("the end of a call", () => {
  test.each([
    [64, ["pause", "resume"]],
    [800, ["pause", "speech", "silence"]],
  ])("without any drain, %i ms into a sound, leaves nobody waiting", async (ms, told) => {
    const rig = new HearingRig({ backChannelMs });
    await rig.hear(speech(ms));
    rig.hearing.close();
    await eventLoopTurn();
    expect(rig.told).toEqual(told);
  });

  test("while texts are outstanding that are given up", async () => {
    const rig = new HearingRig({ backChannelMs });
    await rig.hear(speech(800));
    rig.hearing.flush();
    rig.hearing.abort();
    await rig.hearing.drained();
    expect(rig.told).toEqual(["pause", "speech", "decoding was aborted", "silence"]);
  });
});

test("utterances that their sender has cut tell nothing but their texts", async () => {
  const rig = new HearingRig({ backChannelMs });
  rig.recogniser.auto = () => "cut";
  rig.hearing.hearUtterance(speech(1_000));
  rig.clock.advance(70);
  await rig.hearing.drained();
  expect(rig.told).toEqual(['"cut"']);
  expect(rig.turns).toEqual([{ silenceMs: 0, textMs: 70 }]);
});

describe("recorded speech", () => {
  let ears: EarsUnderTest;

  beforeAll(async () => {
    ears = await openEarsUnderTest();
  });

  afterAll(async () => {
    await ears.close();
  });

  test.each(clear.map(({ name, samples }) => [name, samples] as const))(
    "%s tells a beginning, a text and an end",
    async (_name, samples) => {
      const told = await hearTold(ears, joinSamples([quiet(1_000), samples, quiet(1_000)]));
      expect(told).toEqual(["pause", "speech", "text", "silence"]);
    },
    longTestMs,
  );

  test.each(clear.map(({ name, samples }) => [name, samples] as const))(
    "the first piece of %s only pauses the agent",
    async (_name, samples) => {
      // The softer samples before it are no sound yet.
      const start = samples.findIndex((sample) => Math.abs(sample) > audible);
      const piece = samples.slice(start, start + 16 * pieceMs);
      const told = await hearTold(ears, joinSamples([quiet(1_000), piece, quiet(1_000)]));
      expect(told.filter((entry) => entry !== "text")).toEqual(["pause", "resume"]);
    },
    longTestMs,
  );
});

function quiet(ms: number): Float32Array {
  return new Float32Array(16 * ms);
}

async function hearTold({ recogniser, voice }: EarsUnderTest, samples: Float32Array) {
  const told: string[] = [];
  const hearing = new Hearing({
    recogniser,
    voice,
    settings: rigSettings,
    clock: systemClock,
    after: Promise.resolve(),
    caller: { backChannelMs, tell: (signal) => void told.push(signal) },
    onFinal: () => void told.push("text"),
    onEvent: () => undefined,
    onDetectorFailed: (error) => void told.push(error.message),
  });
  for (const packet of inPackets(samples)) hearing.hear(packet);
  hearing.flush();
  await hearing.drained();
  hearing.close();
  return told;
}
