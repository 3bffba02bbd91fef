/** What callers say on the telephone becomes text: both laws, call after call, whisper late or restarted. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import type { AudioCodec } from "../../src/call/sdp/negotiated-media.ts";
import { testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { freeUdpPort } from "./raw-connection.ts";
import { type Recording, sentences } from "./speech.ts";
import { lineUser, Telephone } from "./telephone-rig.ts";
import { lineRateHz, lineSamplesOf, lineSilence } from "./telephone-sound.ts";

// One after the other: a PBX that stalls for 0.3 s, since others make sound beside it, cuts sentences in two.
setDefaultTimeout(testLimitMs);

/** Longer than the silence that ends an utterance. */
const pauseMs = 900;
/** With two sentences before it about the time in which whisper is away. */
const lateMs = 1500;

test("a sentence comes out as its text, by both laws, in the first call and in the fifth", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  await using telephone = await Telephone.open({ whisperPort: whisper.port }, stage);
  const laws: readonly AudioCodec[] = ["PCMU", "PCMA", "PCMA", "PCMU", "PCMA"];

  for (const [index, codec] of laws.entries()) {
    const { recording, text } = spoken(index);
    const call = await telephone.pbx.call(lineUser, { codecs: [codec] });
    const { callId, codec: agreed } = await telephone.next("established", index);
    expect(agreed).toBe(codec);
    await call.say(joinSamples([lineSilence(100), lineSamplesOf(recording), lineSilence(pauseMs)]));
    expect(await llama.gets(Number(callId), 1)).toEqual([`text ${text}`]);
    call.hangUp();
    await call.ended;
    // Once more, since the id is another one in each call: nothing came twice, and the call is over for all.
    expect(await llama.gets(Number(callId), 2)).toEqual([`text ${text}`, "bye"]);
  }
  expect(telephone.events("transcript").map(({ text }) => text)).toEqual(
    laws.map((_, index) => spoken(index).text),
  );
});

test("what is said in the 5 s before whisper is there is not lost, nor heard twice", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const port = await freeUdpPort();
  await using telephone = await Telephone.open({ whisperPort: port }, stage);
  const call = await telephone.pbx.call(lineUser);
  const early = [spoken(0), spoken(1)];
  await call.say(conversation(early, lateMs));
  await stage.startWhisper({ llamaPort: llama.port, port });
  const later = spoken(2);
  await call.say(conversation([later]));

  const texts = [...early, later].map(({ text }) => text);
  await telephone.tells(texts.length, "transcript");
  call.hangUp();
  const callId = Number(telephone.events("established")[0]?.["callId"]);
  expect(await llama.gets(callId, texts.length + 1)).toEqual([
    ...texts.map((text) => `text ${text}`),
    "bye",
  ]);
  expect(telephone.events("transcript").map(({ text }) => text)).toEqual(texts);
  await telephone.isIdle();
});

test("whisper killed in mid-sentence and started again: each text once, in order", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  await using telephone = await Telephone.open({ whisperPort: whisper.port }, stage);
  const call = await telephone.pbx.call(lineUser, { codecs: ["PCMA"] });
  const all = [spoken(3), spoken(4), spoken(5)];
  const [first, ...others] = all;
  const saying = call.say(conversation(all));
  await telephone.tells(1, "transcript");
  await whisper.reaches("the second sentence begun", ({ calls }) => {
    const [{ audioMs } = { audioMs: 0 }] = calls;
    return audioMs > lengthMs([spoken(3)]) + pauseMs + 500;
  });
  whisper.program.signal("SIGKILL");
  await whisper.program.exited();
  await stage.startWhisper({ llamaPort: llama.port, port: whisper.port });
  await saying;

  const texts = [first, ...others].flatMap((one) => (one === undefined ? [] : [one.text]));
  await telephone.tells(texts.length, "transcript");
  call.hangUp();
  const callId = Number(telephone.events("established")[0]?.["callId"]);
  await llama.gets(callId, texts.length + 1);
  expect(llama.texts(callId)).toEqual(texts);
  expect(telephone.events("transcript").map(({ text }) => text)).toEqual(texts);
});

test("a caller who hangs up with the last word is heard to the end", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  await using telephone = await Telephone.open({ whisperPort: whisper.port }, stage);
  const call = await telephone.pbx.call(lineUser);
  const { recording, text } = spoken(1);
  await call.say(lineSamplesOf(recording));
  call.hangUp();

  const { callId } = await telephone.next("established", 0);
  expect(await llama.gets(Number(callId), 2)).toEqual([`text ${text}`, "bye"]);
  await telephone.isIdle();
});

test("SIGTERM in mid-call: what was said until then still becomes text", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  await using telephone = await Telephone.open({ whisperPort: whisper.port }, stage);
  const call = await telephone.pbx.call(lineUser);
  const { recording, text } = spoken(2);
  await call.say(joinSamples([lineSamplesOf(recording), lineSilence(200)]));
  telephone.program.signal("SIGTERM");

  expect(await telephone.program.exited(15_000)).toBe(0);
  const { callId } = await telephone.next("established", 0);
  expect(await llama.gets(Number(callId), 2)).toEqual([`text ${text}`, "bye"]);
  expect(telephone.events("transcript").map((event) => event["text"])).toEqual([text]);
});

/** Sentences with pauses around them, as samples of the line. */
function conversation(all: readonly Spoken[], tailMs = pauseMs): Float32Array {
  const parts = all.flatMap(({ recording }) => [lineSilence(pauseMs), lineSamplesOf(recording)]);
  return joinSamples([...parts, lineSilence(tailMs)]);
}

function lengthMs(all: readonly Spoken[]): number {
  const samples = conversation(all, 0).length;
  return (samples * 1000) / lineRateHz;
}

interface Spoken {
  readonly recording: Recording;
  readonly text: string;
}

function spoken(index: number): Spoken {
  const recording = sentences[index % sentences.length] ?? sentences[0];
  if (recording === undefined) throw new Error("there are no recordings");
  return { recording, text: recording.texts[0] ?? "" };
}
