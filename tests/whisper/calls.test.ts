import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import type { TextSink } from "../../src/whisper/call-session.ts";
import { Calls } from "../../src/whisper/calls.ts";
import { encodeAudioChunk, encodeHello, endMarker } from "../../src/wire/audio-frames.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { callIdOf, ScriptedInbound, utterance } from "../fakes/scripted-inbound.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { ScriptedVoice } from "../fakes/scripted-voice.ts";
import { until } from "../fakes/until.ts";

class RecordingSink implements TextSink {
  readonly events: string[] = [];

  beginCall(callId: string): void {
    this.events.push(`begin ${callId}`);
  }

  send(callId: string, text: string): void {
    this.events.push(`${callId}: ${text}`);
  }

  endCall(callId: string): void {
    this.events.push(`end ${callId}`);
  }
}

function createRig(overrides: { idleLimitMs?: number } = {}) {
  const recogniser = new ScriptedRecogniser();
  const sink = new RecordingSink();
  const told: string[] = [];
  const memory = createMemoryLog(systemClock);
  const calls = new Calls({
    recogniser,
    voice: new ScriptedVoice(),
    texts: sink,
    openSignals: () => ({ tell: () => undefined, turn: () => undefined, end: () => undefined }),
    onEvent({ key }, event) {
      const reason = event.kind === "ended" ? ` after ${event.audioMs} ms: ${event.reason}` : "";
      told.push(`${key} ${event.kind}${reason}`);
    },
    isWatched: () => false,
    clock: systemClock,
    log: memory.log,
    settings: {
      decode: {
        language: "en",
        translate: false,
        timestamps: true,
        prompt: "",
        audioContext: { floor: 256, margin: 25 },
      },
      minSpeechMs: 96,
      partials: false,
      chunkUtteranceMs: 400,
      endSilenceMs: 500,
      maxUtteranceMs: 9000,
      idleLimitMs: overrides.idleLimitMs ?? 60_000,
      backChannelMs: 400,
    },
  });
  return {
    recogniser,
    sink,
    told,
    memory,
    calls,
    register: (id: number) => calls.register(callIdOf(id), "127.0.0.1"),
    [Symbol.asyncDispose]: () => calls.shutdown(0),
  };
}

describe("a call", () => {
  test("from REGISTER to the last text, and then nothing of it is left", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_001);
    rig.register(4_001);
    const link = await inbound.greet();
    link.write(utterance());
    link.write(endMarker);
    await until(() => rig.recogniser.jobs.length === 1, "one job");
    expect(rig.calls.status()[0]?.state).toBe("draining");
    rig.recogniser.jobs[0]?.answer("hello there");
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.sink.events).toEqual(["begin 4001", "4001: hello there", "end 4001"]);
    await until(() => inbound.returned.length === 1 && inbound.closed === 1, "its way back");
    expect(inbound.returned).toEqual(["hello there"]);
  });

  test("tells its beginning, and its end behind its last text", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_031);
    rig.register(4_031);
    rig.register(4_032);
    const link = await inbound.greet();
    await until(() => rig.told.length === 1, "the beginning");
    link.write(utterance());
    link.write(endMarker);
    await until(() => rig.recogniser.jobs.length === 1, "one job");
    expect(rig.told).toEqual(["4031-1 began"]);
    rig.recogniser.jobs[0]?.answer("hello there");
    await until(() => rig.calls.size === 0, "the end of both");
    // Of one that was registered and never heard nothing is told.
    expect(rig.told.slice(0, 2)).toEqual(["4031-1 began", "4031-1 final"]);
    expect(rig.told.slice(2)).toEqual([
      expect.stringMatching(/^4031-1 ended after \d{3,} ms: end/),
    ]);
  });

  test("texts leave in the order of speech, whichever is decoded first", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_002);
    rig.register(4_002);
    const link = await inbound.greet();
    for (let i = 0; i < 3; i += 1) link.write(utterance());
    await until(() => rig.recogniser.jobs.length === 3, "three jobs");
    rig.recogniser.jobs[2]?.answer("three");
    rig.recogniser.jobs[1]?.answer("");
    await until(() => rig.calls.status()[0]?.pendingUtterances === 3, "all held back");
    rig.recogniser.jobs[0]?.answer("one");
    await until(() => inbound.returned.length === 3, "three returned");
    expect(inbound.returned).toEqual(["one", "", "three"]);
    expect(rig.sink.events.slice(1)).toEqual(["4002: one", "4002: three"]);
  });

  test("an utterance that cannot be decoded is reported and does not hold back the next", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_003);
    rig.register(4_003);
    const link = await inbound.greet();
    link.write(utterance());
    link.write(utterance());
    await until(() => rig.recogniser.jobs.length === 2, "two jobs");
    rig.recogniser.jobs[1]?.answer("second");
    rig.recogniser.jobs[0]?.fail("out of luck");
    await until(() => inbound.returned.length === 2, "both returned");
    expect(rig.sink.events.slice(1)).toEqual(["4003: second"]);
    expect(rig.memory.text()).toContain('reason="out of luck"');
  });

  test("REGISTER again while connected is only counted", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_004);
    for (let i = 0; i < 5; i += 1) rig.register(4_004);
    await inbound.greet();
    await until(() => rig.calls.status()[0]?.state === "hearing", "hearing");
    for (let i = 0; i < 5; i += 1) rig.register(4_004);
    expect(inbound.links).toHaveLength(1);
    expect(rig.calls.totals.started).toBe(1);
    expect(rig.calls.status()[0]?.registers).toBe(10);
  });

  const ends: Readonly<
    Record<string, (rig: ReturnType<typeof createRig>, inbound: ScriptedInbound) => void>
  > = {
    "BYE over UDP": (rig, inbound) => rig.calls.bye(inbound.callId),
    "end marker": (_rig, inbound) => void inbound.links[0]?.write(endMarker),
    "zero length": (_rig, inbound) => void inbound.links[0]?.write(new Uint8Array(4)),
    "closed socket": (_rig, inbound) => inbound.links[0]?.end(),
    "reset socket": (_rig, inbound) => inbound.links[0]?.destroy(),
    "broken protocol": (_rig, inbound) => void inbound.links[0]?.write(Uint8Array.of(0, 0, 0, 3)),
    "stopping service": (rig) => void rig.calls.shutdown(5000),
  };

  test.each(Object.keys(ends))("%s while decoding: the text arrives, all is freed", async (how) => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_005);
    rig.register(4_005);
    const link = await inbound.greet();
    link.write(utterance());
    await until(() => rig.recogniser.jobs.length === 1, "one job");
    ends[how]?.(rig, inbound);
    await until(() => rig.calls.status()[0]?.state === "draining", "draining");
    rig.recogniser.jobs[0]?.answer("last words");
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.sink.events).toEqual(["begin 4005", "4005: last words", "end 4005"]);
  });

  test("audio that BYE overtook still counts", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_006);
    rig.register(4_006);
    const link = await inbound.link(0);
    rig.calls.bye(inbound.callId);
    link.write(encodeHello("4006"));
    link.write(utterance());
    await until(() => rig.recogniser.jobs.length === 1, "the job");
    rig.recogniser.jobs[0]?.answer("still here");
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.sink.events).toContain("4006: still here");
  });

  test("a call so short that BYE comes before whisper has connected is heard all the same", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_016);
    rig.register(4_016);
    rig.calls.bye(inbound.callId);
    const link = await inbound.greet();
    link.write(utterance());
    link.write(endMarker);
    await until(() => rig.recogniser.jobs.length === 1, "the job");
    rig.recogniser.jobs[0]?.answer("in a hurry");
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.sink.events).toContain("4016: in a hurry");
  });

  test("samples of a chunk that never was complete are transcribed", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_007);
    rig.register(4_007);
    const link = await inbound.greet();
    link.write(encodeAudioChunk(new Float32Array(32_000).fill(0.2)).subarray(0, 4 + 4 * 20_000));
    await until(() => rig.calls.status()[0]?.state === "hearing", "hearing");
    link.end();
    await until(() => rig.recogniser.jobs.length === 1, "the job");
    expect(rig.recogniser.jobs[0]?.sampleCount).toBe(20_000);
    rig.recogniser.jobs[0]?.answer("half");
  });

  test("a sender that outruns recognition waits; nothing is dropped", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_008);
    rig.register(4_008);
    const link = await inbound.greet();
    for (let i = 0; i < 100; i += 1) link.write(utterance());
    link.write(endMarker);
    await until(() => rig.recogniser.jobs.length >= 16, "the line to fill");
    let answered = 0;
    while (answered < 100) {
      await until(() => rig.recogniser.jobs.length > answered, `job ${answered}`);
      expect(rig.recogniser.jobs.length - answered).toBeLessThan(100);
      rig.recogniser.jobs[answered]?.answer(`text ${answered}`);
      answered += 1;
    }
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.sink.events).toHaveLength(102);
    expect(rig.sink.events[100]).toBe("4008: text 99");
  });

  test("a peer that does not read its transcripts blocks nobody", async () => {
    await using rig = createRig();
    const longText = Array.from({ length: 16_000 }, (_, index) => index.toString(36)).join(" ");
    rig.recogniser.auto = () => longText;
    using deaf = new ScriptedInbound(4_009);
    rig.register(4_009);
    const link = await deaf.greet();
    link.pause();
    for (let i = 0; i < 80; i += 1) link.write(utterance());
    await until(() => rig.sink.events.length === 81, "all texts at the LLaMA");
    link.write(endMarker);
    await until(() => rig.calls.size === 0, "the end");
  });

  test("samples that are no numbers become silence and are counted", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_010);
    rig.register(4_010);
    const link = await inbound.greet();
    const samples = new Float32Array(8000).fill(Number.NaN);
    samples.set([Number.POSITIVE_INFINITY, 7], 10);
    link.write(encodeAudioChunk(samples));
    await until(() => rig.recogniser.jobs.length === 1, "the job");
    expect(rig.calls.status()[0]?.badSamples).toBe(7999);
    rig.recogniser.jobs[0]?.answer("");
  });
});

describe("peers that break the rules are refused with a clear line, others go on", () => {
  const bad: readonly (readonly [string, Uint8Array, string])[] = [
    ["HELLO of length 0", Uint8Array.of(0, 0, 0, 0), "HELLO length 0 is not 1..1000"],
    ["HELLO of length 1001", Uint8Array.of(0, 0, 3, 0xe9), "HELLO length 1001 is not 1..1000"],
    [
      "HELLO of another call",
      encodeHello("4012"),
      'HELLO names call \\"4012\\", registered was 4011',
    ],
    ["HELLO that is no id", encodeHello("abc"), 'HELLO names call \\"abc\\"'],
  ];
  test.each(bad)("%s", async (_name, bytes, message) => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_011);
    rig.register(4_011);
    (await inbound.link(0)).write(bytes);
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.memory.text()).toContain(message);
    expect(rig.sink.events).toEqual([]);
  });

  test.each([1, 3, 2_000_004, 0x7fff_ffff])("chunk length %p", async (length) => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_013);
    rig.register(4_013);
    const link = await inbound.greet();
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, length);
    link.write(bytes);
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.memory.text()).toContain(`chunk length ${length}`);
  });

  test("nobody listens: one line with errno and what to check", async () => {
    await using rig = createRig();
    rig.register(4_014);
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.memory.text()).toContain(
      "call 4014 was registered but not heard: cannot connect to 127.0.0.1:13015: ECONNREFUSED",
    );
  });

  test("a connected peer that falls silent is taken for dead", async () => {
    await using rig = createRig({ idleLimitMs: 200 });
    using inbound = new ScriptedInbound(4_015);
    rig.register(4_015);
    await inbound.greet();
    await until(() => rig.calls.totals.ended === 1, "the end");
    expect(rig.memory.text()).toContain('cause="no audio"');
  });
});

describe("second calls", () => {
  test("the same id again while the first is still being decoded: its texts come after", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_020);
    for (let index = 0; index < 2; index += 1) {
      rig.register(4_020);
      const link = await inbound.greet(index);
      link.write(utterance());
      link.write(endMarker);
      await until(() => rig.recogniser.jobs.length === index + 1, `job ${index}`);
    }
    rig.recogniser.jobs[1]?.answer("second call");
    await until(() => inbound.links.length === 2, "both connected");
    expect(rig.sink.events).not.toContain("4020: second call");
    rig.recogniser.jobs[0]?.answer("first call");
    await until(() => rig.calls.size === 0, "the end of both");
    expect(rig.sink.events.filter((event) => event.includes(": "))).toEqual([
      "4020: first call",
      "4020: second call",
    ]);
  });

  test("a failed connect leaves no mark: the next REGISTER connects", async () => {
    await using rig = createRig();
    rig.register(4_021);
    await until(() => rig.calls.size === 0, "refusal");
    using inbound = new ScriptedInbound(4_021);
    rig.register(4_021);
    await inbound.greet();
    await until(() => rig.calls.status()[0]?.state === "hearing", "hearing");
  });

  test("a thousand calls with one id, each ended another way", async () => {
    await using rig = createRig();
    rig.recogniser.auto = (_request, index) => `text ${index}`;
    using inbound = new ScriptedInbound(4_022);
    for (let index = 0; index < 1000; index += 1) {
      rig.register(4_022);
      const link = await inbound.greet(index);
      link.write(utterance());
      if (index % 3 === 0) link.write(endMarker);
      else link.end();
      await until(() => rig.calls.size === 0, `end of call ${index}`);
    }
    const texts = rig.sink.events.filter((event) => event.includes(": "));
    expect(texts).toEqual(Array.from({ length: 1000 }, (_, index) => `4022: text ${index}`));
    expect(rig.calls.totals).toMatchObject({ started: 1000, connected: 1000, ended: 1000 });
  }, 120_000);
});
