/** A line that returns the agent's voice: whisper hears its caller, and no agent. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { EchoingLine } from "../../bench/echoing-line.ts";
import type { PbxCall } from "../../bench/pbx-call.ts";
import { atLevel } from "../audio/echo-set.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { type Recording, sentences } from "./speech.ts";
import { lineUser, Telephone } from "./telephone-rig.ts";
import { lineRateHz, lineSamplesOf, lineSilence } from "./telephone-sound.ts";

setDefaultTimeout(testLimitMs);

const lossDb = 18;
const delayMs = 180;
/** By as much the delay may grow when the PBX of the test stands still. */
const stallMs = 500;
/** Loudness of the voice. */
const agentDbfs = -20;
/** Until the echo has died away, and longer than the silence that ends an utterance. */
const pauseMs = 1000;
const agentSays = sentences.slice(3).map(agentSound);
const callersSay = sentences.slice(0, 2);

test("the agent is not heard, the caller is as on any line, call after call", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  await using telephone = await Telephone.open({ whisperPort: whisper.port }, stage);
  for (const [index, codec] of (["PCMU", "PCMA"] as const).entries()) {
    const { call, callId } = await echoingCall(telephone, index, codec);
    await agentSpeaks(telephone, callId, index);
    await call.say(lineSilence(pauseMs));
    const toldBefore = { pause: index, speech: index, silence: index, turn: index };
    expect(await whisper.status()).toMatchObject({ signals: { told: toldBefore } });

    const { text, samples } = caller(index);
    await call.say(joinSamples([samples, lineSilence(pauseMs)]));
    expect(await llama.gets(callId, 1)).toEqual([`text ${text}`]);
    const toldAfter = { pause: index + 1, speech: index + 1 };
    expect(await whisper.status()).toMatchObject({ signals: { told: toldAfter } });
    const status = await telephone.status();
    const foundMs = figure(status, "current.0.echo.delayMs");
    expect(foundMs).toBeGreaterThanOrEqual(delayMs);
    expect(foundMs).toBeLessThan(delayMs + stallMs);
    expect(Math.abs(figure(status, "current.0.echo.lossDb") - lossDb)).toBeLessThan(6);
    expect(figure(status, "current.0.echo.dampedFrames")).toBeGreaterThan(100);
    call.hangUp();
    await call.ended;
    // Once more, since nothing may have come behind it.
    expect(await llama.gets(callId, 2)).toEqual([`text ${text}`, "bye"]);
  }
  const lengthsMs = [...agentSays, ...agentSays].map(({ length }) =>
    Math.round((length * 1000) / lineRateHz),
  );
  expect(telephone.events("played").map(({ playedMs }) => playedMs)).toEqual(lengthsMs);
});

test("with --no-echo-guard the same line has the agent interrupted and transcribed", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const options = { whisperPort: whisper.port, argv: ["--no-echo-guard"] };
  await using telephone = await Telephone.open(options, stage);
  const { call, callId } = await echoingCall(telephone, 0, "PCMU");
  await agentSpeaks(telephone, callId, 0);
  await call.say(lineSilence(pauseMs));
  const [frame] = await llama.gets(callId, 1);
  expect(frame).toStartWith("text ");
  expect(figure(await whisper.status(), "signals.told.speech")).toBeGreaterThan(0);
  expect((await telephone.status()).current[0]).not.toHaveProperty("echo");
});

interface EchoingCall {
  readonly call: PbxCall;
  readonly callId: number;
}

/** A call that is up, on a line that returns what it hears. */
async function echoingCall(
  telephone: Telephone,
  index: number,
  codec: "PCMU" | "PCMA",
): Promise<EchoingCall> {
  const call = await telephone.pbx.call(lineUser, { codecs: [codec] });
  call.line = new EchoingLine({ codec, delayMs, lossDb });
  const { callId } = await telephone.next("established", index);
  return { call, callId: Number(callId) };
}

/** All sentences, each a reply of its own; resolves when the last of it has been sent. */
async function agentSpeaks(telephone: Telephone, callId: number, calls: number): Promise<void> {
  using voice = await ScriptedVoicePeer.open(callId);
  voice.signal("register");
  const connection = await voice.connection(0);
  for (const [index, samples] of agentSays.entries()) {
    connection.speak(samples);
    connection.finish();
    await telephone.tells(calls * agentSays.length + index + 1, "played");
  }
}

function agentSound(recording: Recording): Float32Array {
  return atLevel(lineSamplesOf(recording), agentDbfs);
}

function caller(index: number) {
  const recording = callersSay[index];
  if (recording === undefined) throw new Error("there is no such caller");
  return { text: recording.texts[0] ?? "", samples: lineSamplesOf(recording) };
}

/** NaN where there is none. */
function figure(status: object, path: string): number {
  let found: unknown = status;
  for (const name of path.split(".")) {
    found = found instanceof Object ? Reflect.get(found, name) : undefined;
  }
  return Number(found);
}
