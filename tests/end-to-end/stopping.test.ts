/** SIGTERM and SIGINT: what was heard is finished, peers hear good-bye, the exit code is 0, and soon. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { Announcer, LegacyInbound, streamChunks, utteranceChunk } from "./legacy-inbound.ts";
import { freePort } from "./raw-connection.ts";
import { demoCall, samplesOf, sentenceWith, shortest, silence } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const ids = {
  SIGTERM: 3500,
  SIGINT: 3502,
  stream: 3504,
  queue: 3506,
  twice: 3508,
  absent: 3510,
  deaf: 3512,
  inbound: 3514,
  alone: 3516,
  silent: 3518,
} as const;

/** The service promises to finish within this. */
const stopLimitMs = 10_000;
const [text] = shortest.texts;
const utterance = utteranceChunk(samplesOf(shortest));

describe("whisper, stopped during a call", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal}: the utterance in work still arrives, then good-bye on both sides`, async () => {
      await using stage = new Stage();
      using llama = new FakeLlama();
      const whisper = await stage.startWhisper({ llamaPort: llama.port });
      using announcer = await Announcer.open(whisper.port);
      using inbound = new LegacyInbound(ids[signal], announcer);
      const connection = await inbound.call();
      connection.send(utterance);
      await whisper.reaches("it in work", ({ calls }) => calls[0]?.pendingUtterances === 1);

      whisper.program.signal(signal);
      expect(await whisper.program.exited(stopLimitMs)).toBe(0);
      expect(await llama.gets(ids[signal], 3)).toEqual([`text ${text}`, "bye", "close"]);
      await eventually({ what: "inbound to be left", probe: () => connection.isClosed });
      expect(inbound.transcripts).toEqual([`${text}`]);
      expect(whisper.program.find("whisper has stopped")).toMatchObject({ transcripts: 1 });
      expect(readdirSync(join(stage.stateFolder, "run"))).toEqual([]);
    });
  }

  test("a sentence that is still being spoken counts as heard", async () => {
    await using stage = new Stage();
    using llama = new FakeLlama();
    const whisper = await stage.startWhisper({ llamaPort: llama.port });
    using announcer = await Announcer.open(whisper.port);
    using inbound = new LegacyInbound(ids.stream, announcer);
    const sentence = sentenceWith("I'd like to speak with Michael please.");
    const speech = joinSamples([silence(500), samplesOf(sentence)]);
    (await inbound.call()).send(...streamChunks(speech));
    await whisper.reaches("all of it taken in", ({ calls }) => (calls[0]?.audioMs ?? 0) >= 2800);

    whisper.program.signal("SIGTERM");
    expect(await whisper.program.exited(stopLimitMs)).toBe(0);
    const expected = [`text ${sentence.texts[0]}`, "bye", "close"];
    expect(await llama.gets(ids.stream, 3)).toEqual(expected);
  });

  test("all utterances that wait are finished, in order, while new calls are refused", async () => {
    await using stage = new Stage();
    using llama = new FakeLlama();
    const whisper = await stage.startWhisper({ llamaPort: llama.port, argv: ["--lanes", "1"] });
    using announcer = await Announcer.open(whisper.port);
    using inbound = new LegacyInbound(ids.queue, announcer);
    const count = 12;
    (await inbound.call()).send(...Array.from({ length: count }, () => utterance));
    await whisper.reaches("all of it taken in", ({ calls }) => calls[0]?.utterances === count);

    whisper.program.signal("SIGTERM");
    expect(await whisper.program.exited(stopLimitMs)).toBe(0);
    const texts = Array.from({ length: count }, () => `text ${text}`);
    expect(await llama.gets(ids.queue, count + 2)).toEqual([...texts, "bye", "close"]);
  });

  test("a second SIGINT ends it at once", async () => {
    await using stage = new Stage();
    using llama = new FakeLlama();
    const whisper = await stage.startWhisper({ llamaPort: llama.port, argv: ["--lanes", "1"] });
    using announcer = await Announcer.open(whisper.port);
    using inbound = new LegacyInbound(ids.twice, announcer);
    const count = 15;
    (await inbound.call()).send(...Array.from({ length: count }, () => utterance));
    await whisper.reaches("all of it taken in", ({ calls }) => calls[0]?.utterances === count);

    whisper.program.signal("SIGINT");
    await whisper.program.said("stopping");
    whisper.program.signal("SIGINT");
    expect(await whisper.program.exited(stopLimitMs)).toBe(130);
    expect(llama.texts(ids.twice).length).toBeLessThan(count);
    expect(whisper.program.find("whisper has stopped")).toBeUndefined();
  });

  test("a LLaMA that is not there holds nothing up; what it missed is said", async () => {
    await using stage = new Stage();
    const whisper = await stage.startWhisper({ llamaPort: freePort() });
    using announcer = await Announcer.open(whisper.port);
    using inbound = new LegacyInbound(ids.absent, announcer);
    (await inbound.call()).send(utterance);
    await whisper.reaches("a text that waits", ({ llama }) => llama.waiting === 1);

    whisper.program.signal("SIGTERM");
    expect(await whisper.program.exited(stopLimitMs)).toBe(0);
    expect(whisper.program.find("texts that the LLaMA did not take")).toMatchObject({ count: 1 });
  });

  test("peers that neither read nor close hold nothing up", async () => {
    await using stage = new Stage();
    using llama = new FakeLlama({ onConnect: (raw) => raw.pause() });
    const whisper = await stage.startWhisper({ llamaPort: llama.port });
    using announcer = await Announcer.open(whisper.port);
    using inbound = new LegacyInbound(ids.deaf, announcer);
    using mute = new LegacyInbound(ids.silent, announcer);
    await mute.answered();
    const connection = await inbound.call();
    connection.pause();
    connection.send(utterance);
    await whisper.reaches("it in work", ({ calls }) =>
      calls.some(({ pendingUtterances }) => pendingUtterances === 1),
    );

    whisper.program.signal("SIGTERM");
    expect(await whisper.program.exited(stopLimitMs)).toBe(0);
  });
});

test("whisper without calls stops at once and leaves its port and its folder clean", async () => {
  await using stage = new Stage();
  const whisper = await stage.startWhisper({ llamaPort: freePort() });
  const socket = join(stage.stateFolder, "run", `whisper-${whisper.program.pid}.sock`);
  expect(existsSync(socket)).toBe(true);
  whisper.program.signal("SIGTERM");
  expect(await whisper.program.exited(2000)).toBe(0);
  expect(existsSync(socket)).toBe(false);
  const successor = await stage.startWhisper({ llamaPort: freePort(), port: whisper.port });
  expect(successor.port).toBe(whisper.port);
});

test("whisper stopped while it is still starting has nothing to finish: exit code 0", async () => {
  await using stage = new Stage();
  const program = stage.start("whisper", ["--port", "0", "--llama-port", String(freePort())]);
  await eventually({ what: "the first line", probe: () => program.errors.length > 0 });
  program.signal("SIGTERM");
  expect(await program.exited(stopLimitMs)).toBe(0);
});

test("inbound, stopped during a call, sends what it has, waits for the text and says BYE", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const inbound = stage.startInbound({
    callId: ids.inbound,
    recording: demoCall,
    whisperPort: whisper.port,
    speed: 4,
  });
  await llama.hears(ids.inbound, 1);
  inbound.program.signal("SIGTERM");
  expect(await inbound.exited(stopLimitMs)).toBe(0);
  expect(inbound.program.count("BYE sent")).toBe(1);
  expect(inbound.texts).toEqual(await llama.hears(ids.inbound, 1));
  await whisper.isIdle();

  llama.program.signal("SIGTERM");
  expect(await llama.program.exited(2000)).toBe(0);
});

test("inbound, stopped while no whisper answers, does not wait for one", async () => {
  await using stage = new Stage();
  const { program } = stage.startInbound({
    callId: ids.alone,
    recording: shortest,
    whisperPort: freePort(),
  });
  await program.said("REGISTER sent");
  program.signal("SIGINT");
  await program.exited(stopLimitMs);
  expect(program.errors.join("\n")).not.toContain("does not stop in time");
});
