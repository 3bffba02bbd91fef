/** What the peers of a call are told of it, over real connections of its inbound side. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { CallTeller } from "../../src/whisper/call-signals.ts";
import { Calls } from "../../src/whisper/calls.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { encodeAudioChunk, endMarker } from "../../src/wire/audio-frames.ts";
import type { CallId } from "../../src/wire/call-id.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { ScriptedInbound, utterance } from "../fakes/scripted-inbound.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { ScriptedVoice } from "../fakes/scripted-voice.ts";
import { until } from "../fakes/until.ts";
import { rigSettings, silence, speech } from "./hearing-rig.ts";

setDefaultTimeout(20_000);

function createRig() {
  const clock = new FakeClock();
  const recogniser = new ScriptedRecogniser();
  const told: string[] = [];
  const openSignals = (callId: CallId, address: string): CallTeller => {
    told.push(`register ${callId.text} ${address}`);
    return {
      tell: (signal) => void told.push(signal),
      turn: ({ silenceMs }) => void told.push(`turn ${silenceMs}`),
      end: () => void told.push("bye"),
    };
  };
  const calls = new Calls({
    recogniser,
    voice: new ScriptedVoice(),
    texts: {
      beginCall: () => undefined,
      send: (_callId, text) => void told.push(`"${text}"`),
      endCall: () => undefined,
    },
    openSignals,
    onEvent: () => undefined,
    isWatched: () => false,
    clock,
    log: createMemoryLog(clock).log,
    settings: { ...rigSettings, backChannelMs: 400, chunkUtteranceMs: 400, idleLimitMs: 60_000 },
  });
  const dispose = async (): Promise<void> => {
    const stopped = calls.shutdown(0);
    clock.advance(1);
    await stopped;
  };
  return { clock, recogniser, told, calls, [Symbol.asyncDispose]: dispose };
}

/** As our own inbound sends it. */
function stream(link: TcpLink, ...sounds: readonly Float32Array[]): void {
  for (const sound of sounds) {
    for (let start = 0; start < sound.length; start += 320) {
      link.write(encodeAudioChunk(sound.subarray(start, start + 320)));
    }
  }
}

const spoken = ["pause", "speech", "turn 512", '"hello"', "silence"];

describe("a call", () => {
  test("is told from its beginning to its end, with the text between turn and silence", async () => {
    await using rig = createRig();
    rig.recogniser.auto = () => "hello";
    using inbound = new ScriptedInbound(4_101);
    rig.calls.register(inbound.callId, "127.0.0.1");
    const link = await inbound.greet();
    await until(() => rig.told.length > 0, "the beginning");
    expect(rig.told).toEqual(["register 4101 127.0.0.1"]);
    stream(link, silence(500), speech(800), silence(700));
    await until(() => rig.told.length === 6, "a turn");
    stream(link, speech(300), silence(700));
    link.write(endMarker);
    await until(() => rig.calls.size === 0, "the end");
    const passing = ["pause", "resume", "turn 512", '"hello"'];
    expect(rig.told.slice(1)).toEqual([...spoken, ...passing, "bye"]);
  });

  test("whose sender cuts utterances tells no more than their texts", async () => {
    await using rig = createRig();
    rig.recogniser.auto = () => "cut";
    using inbound = new ScriptedInbound(4_102);
    rig.calls.register(inbound.callId, "127.0.0.1");
    const link = await inbound.greet();
    link.write(utterance());
    link.write(endMarker);
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.told.slice(1)).toEqual(["turn 0", '"cut"', "bye"]);
  });

  test("without HELLO is never told", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_103);
    rig.calls.register(inbound.callId, "127.0.0.1");
    const link = await inbound.link(0);
    link.write(Uint8Array.of(0, 0, 0, 0));
    await until(() => rig.calls.size === 0, "the end");
    expect(rig.told).toEqual([]);
  });

  test("with an empty text is silent all the same, and has no turn", async () => {
    await using rig = createRig();
    rig.recogniser.auto = () => "";
    using inbound = new ScriptedInbound(4_104);
    rig.calls.register(inbound.callId, "127.0.0.1");
    stream(await inbound.greet(), speech(800), silence(700));
    await until(() => rig.told.includes("silence"), "silence");
    expect(rig.told.slice(1)).toEqual(["pause", "speech", "silence"]);
  });
});

type Rig = ReturnType<typeof createRig>;

const ends: Readonly<Record<string, (rig: Rig, inbound: ScriptedInbound) => void>> = {
  "BYE over UDP": (rig, inbound) => {
    rig.calls.bye(inbound.callId);
    rig.clock.advance(500);
  },
  "end marker": (_rig, inbound) => void inbound.links[0]?.write(endMarker),
  "closed socket": (_rig, inbound) => inbound.links[0]?.end(),
  "reset socket": (_rig, inbound) => inbound.links[0]?.destroy(),
  "broken protocol": (_rig, inbound) => void inbound.links[0]?.write(Uint8Array.of(0, 0, 0, 3)),
  "stopping service": (rig) => void rig.calls.shutdown(5000),
  "no audio for long": (rig) => rig.clock.advance(61_000),
};

describe.each(Object.keys(ends))("%s leaves nobody waiting", (how) => {
  test.each([
    [100, ["pause", "resume", "bye"]],
    [800, ["pause", "speech", '"hello"', "silence", "bye"]],
  ] as const)("%i ms into a sound", async (ms, expected) => {
    await using rig = createRig();
    rig.recogniser.auto = () => "hello";
    using inbound = new ScriptedInbound(4_105);
    rig.calls.register(inbound.callId, "127.0.0.1");
    stream(await inbound.greet(), silence(500), speech(ms));
    const last = ms === 100 ? "pause" : "speech";
    await until(() => rig.told.at(-1) === last, "the sound");
    ends[how]?.(rig, inbound);
    await until(() => rig.calls.size === 0, "the end");
    const told = rig.told.filter((entry) => !entry.startsWith("turn"));
    const texts = ms === 100 ? told.filter((entry) => entry !== '"hello"') : told;
    expect(texts.slice(1)).toEqual([...expected]);
  });
});

test("packets that stop in speech end it, and the call goes on", async () => {
  await using rig = createRig();
  rig.recogniser.auto = () => "hello";
  using inbound = new ScriptedInbound(4_106);
  rig.calls.register(inbound.callId, "127.0.0.1");
  const link = await inbound.greet();
  stream(link, speech(800));
  await until(() => rig.told.at(-1) === "speech", "speech");
  await until(() => {
    rig.clock.advance(100);
    return rig.told.at(-1) === "silence";
  }, "silence");
  stream(link, speech(800));
  await until(() => rig.told.at(-1) === "speech", "speech again");
  expect(rig.calls.size).toBe(1);
});

describe("a second call with the same id", () => {
  test("is told behind the end of the first, which is still being decoded", async () => {
    await using rig = createRig();
    using inbound = new ScriptedInbound(4_107);
    rig.calls.register(inbound.callId, "127.0.0.1");
    const first = await inbound.greet(0);
    stream(first, speech(800));
    await until(() => rig.told.at(-1) === "speech", "speech");
    first.write(endMarker);
    await until(() => rig.recogniser.open.length === 1, "the last job");
    rig.calls.register(inbound.callId, "127.0.0.1");
    stream(await inbound.greet(1), speech(800), silence(300));
    await until(() => rig.recogniser.open.length === 2, "a job of the second call");
    expect(rig.told.slice(1)).toEqual(["pause", "speech"]);
    rig.recogniser.job(0).answer("first call");
    await until(() => rig.told.at(-1) === "speech" && rig.told.includes("bye"), "both");
    const told = rig.told.filter((entry) => !entry.startsWith("turn"));
    expect(told.slice(3)).toEqual([
      '"first call"',
      "silence",
      "bye",
      "register 4107 127.0.0.1",
      "speech",
    ]);
  });

  test("finds nothing of the first, however that ended", async () => {
    await using rig = createRig();
    rig.recogniser.auto = () => "hello";
    using inbound = new ScriptedInbound(4_108);
    for (let call = 0; call < 20; call += 1) {
      rig.told.length = 0;
      rig.calls.register(inbound.callId, "127.0.0.1");
      const link = await inbound.greet(call);
      stream(link, speech(800));
      await until(() => rig.told.at(-1) === "speech", `speech in call ${call}`);
      if (call % 2 === 0) link.write(endMarker);
      else link.destroy();
      await until(() => rig.calls.size === 0, `the end of call ${call}`);
      const told = rig.told.filter((entry) => !entry.startsWith("turn"));
      expect(told.slice(1)).toEqual(["pause", "speech", '"hello"', "silence", "bye"]);
    }
  });
});
