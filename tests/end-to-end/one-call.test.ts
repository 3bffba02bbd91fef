/** A call from its first REGISTER to its last text, with the real services on both sides. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "./eventually.ts";
import { Stage } from "./harness.ts";
import { demoCall, sentences, writeConversation } from "./speech.ts";
import { join } from "node:path";

setDefaultTimeout(testLimitMs);

const ids = { stream: 3000, chunked: 3002, together: 3010, early: 3030, settings: 3032 } as const;

test("a streamed call gives every sentence once, in order, to the LLaMA and back to inbound", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const inbound = stage.startInbound({
    callId: ids.stream,
    recording: demoCall,
    whisperPort: whisper.port,
  });

  expect(await inbound.exited()).toBe(0);
  expect(inbound.texts).toEqual([...demoCall.texts]);
  expect(await llama.hears(ids.stream, demoCall.texts.length)).toEqual([...demoCall.texts]);
  expect((await whisper.isIdle()).totals).toMatchObject({ connected: 1, transcripts: 3 });
});

test("a call in whole utterances, as the legacy inbound sends it, gives the same", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const recording = writeConversation(join(stage.folder, "two.wav"), sentences.slice(0, 3));
  const inbound = stage.startInbound({
    callId: ids.chunked,
    recording,
    whisperPort: whisper.port,
    argv: ["--chunked"],
  });

  expect(await inbound.exited()).toBe(0);
  expect(inbound.texts).toEqual([...recording.texts]);
  expect(await llama.hears(ids.chunked, 3)).toEqual([...recording.texts]);
});

test("eight calls at once: each text arrives under the id of its call", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const [first, second, third] = sentences;
  if (first === undefined || second === undefined || third === undefined) throw new Error("few");
  const recordings = [
    ...sentences,
    writeConversation(join(stage.folder, "a.wav"), [third, first]),
    writeConversation(join(stage.folder, "b.wav"), [second, third, first]),
  ];
  const inbounds = recordings.map((recording, index) =>
    stage.startInbound({
      callId: ids.together + index,
      recording,
      whisperPort: whisper.port,
      speed: 5,
    }),
  );

  for (const [index, recording] of recordings.entries()) {
    const inbound = inbounds[index];
    expect(await inbound?.exited(30_000)).toBe(0);
    expect(inbound?.texts).toEqual([...recording.texts]);
    const heard = await llama.hears(ids.together + index, recording.texts.length);
    expect(heard).toEqual([...recording.texts]);
  }
  expect((await whisper.isIdle()).totals).toMatchObject({ connected: 8, failedUtterances: 0 });
});

test("inbound may start before whisper: it keeps registering and loses nothing", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const first = await stage.startWhisper({ llamaPort: llama.port });
  first.program.signal("SIGTERM");
  expect(await first.program.exited()).toBe(0);

  const inbound = stage.startInbound({
    callId: ids.early,
    recording: demoCall,
    whisperPort: first.port,
  });
  await inbound.program.said("REGISTER sent", { where: ({ count }) => count === 4 });
  await stage.startWhisper({ llamaPort: llama.port, port: first.port });

  expect(await inbound.exited()).toBe(0);
  expect(inbound.texts).toEqual([...demoCall.texts]);
  expect(await llama.hears(ids.early, 3)).toEqual([...demoCall.texts]);
});

for (const [index, argv] of [
  ["--end-silence", "1500"],
  ["--end-silence", "200"],
].entries()) {
  test(`a whisper that cuts in other places (${argv.join(" ")}) still hears the call once and completely`, async () => {
    await using stage = new Stage();
    const llama = await stage.startLlama();
    const whisper = await stage.startWhisper({ llamaPort: llama.port, argv });
    const recording = writeConversation(join(stage.folder, "call.wav"), sentences.slice(0, 4));
    const callId = ids.settings + index * 2;
    const inbound = stage.startInbound({ callId, recording, whisperPort: whisper.port });

    expect(await inbound.exited(40_000)).toBe(0);
    const { totals } = await whisper.isIdle();
    expect(totals).toMatchObject({ started: 1 });
    expect(inbound.texts).toHaveLength(totals.transcripts);
    expect(await llama.hears(callId, totals.transcripts)).toEqual(inbound.texts);
  });
}
