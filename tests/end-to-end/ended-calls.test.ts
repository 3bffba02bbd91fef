/**
 * Calls that end while their last words are still being decoded: the text arrives, everything is
 * freed, and the next call with the same id works. Each of these ends the hearing of a C++ service.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { encodeHello, endMarker } from "../../src/wire/audio-frames.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage, type Whisper } from "./harness.ts";
import {
  Announcer,
  LegacyInbound,
  length32,
  streamChunks,
  utteranceChunk,
} from "./legacy-inbound.ts";
import type { RawConnection } from "./raw-connection.ts";
import { samplesOf, sentences, sentenceWith, shortest, silence } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const ids = {
  variants: 3100,
  other: 3190,
  streamed: 3192,
  fifty: 3194,
  quick: 3196,
  hasty: 3200,
  empty: 3198,
} as const;

interface Scene {
  readonly inbound: LegacyInbound;
  readonly connection: RawConnection;
}

/** What the peer does right after its last chunk. */
const endings: Readonly<Record<string, (scene: Scene) => void>> = {
  "BYE, then a closed socket": ({ inbound, connection }) => {
    inbound.bye();
    connection.end();
  },
  "a closed socket, then BYE": ({ inbound, connection }) => {
    connection.end();
    inbound.bye();
  },
  "a closed socket and nothing else": ({ connection }) => connection.end(),
  "BYE and nothing else": ({ inbound }) => inbound.bye(),
  "a reset": ({ connection }) => connection.reset(),
  "BYE, then a reset": ({ inbound, connection }) => {
    inbound.bye();
    connection.reset();
  },
  "end marker 0xFFFFFFFF, socket left open": ({ connection }) => connection.send(endMarker),
  "end marker 0, socket left open": ({ connection }) => connection.send(length32(0)),
  "end marker, BYE and a closed socket": ({ inbound, connection }) => {
    connection.send(endMarker);
    inbound.bye();
    connection.end();
  },
  "close in the middle of a chunk": ({ connection }) => {
    connection.send(utteranceChunk(silence(1000)).subarray(0, 5000));
    connection.end();
  },
  "close in the middle of a length": ({ connection }) => {
    connection.send(length32(64_000).subarray(0, 2));
    connection.end();
  },
};

const [text] = shortest.texts;
const utterance = utteranceChunk(samplesOf(shortest));

describe("a call that ends while its utterance is being decoded", () => {
  for (const [index, [name, end]] of Object.entries(endings).entries()) {
    test(`${name}: the text arrives, and the same id and another one can call again`, async () => {
      await using stage = new Stage();
      using llama = new FakeLlama();
      const whisper = await stage.startWhisper({ llamaPort: llama.port, argv: ["--verbose"] });
      using announcer = await Announcer.open(whisper.port);
      const callId = ids.variants + index * 2;
      using inbound = new LegacyInbound(callId, announcer);
      using other = new LegacyInbound(ids.other, announcer);

      const connection = await inbound.call();
      await whisper.program.said("call connected");
      connection.send(utterance);
      await whisper.reaches(
        "an utterance in work",
        ({ calls }) => calls[0]?.pendingUtterances === 1,
      );
      end({ inbound, connection });

      expect(await llama.gets(callId, 2)).toEqual([`text ${text}`, "bye"]);
      expectEndedBeforeText(whisper);
      await whisper.isIdle();

      for (const next of [inbound, other, inbound]) {
        const before = llama.frames(next.callId).length;
        (await next.call()).send(utterance, endMarker);
        const frames = await llama.gets(next.callId, before + 2);
        expect(frames.slice(before)).toEqual([`text ${text}`, "bye"]);
      }
      await whisper.isIdle();
    });
  }
});

/** Otherwise the test has shown nothing: the text was there before the call ended. */
function expectEndedBeforeText(whisper: Whisper): void {
  const { records } = whisper.program;
  const ended = records.findIndex(
    (record) => record["message"] === "call state" && record["from"] === "hearing",
  );
  const heard = records.findIndex((record) => record["message"] === "transcript");
  expect(ended).toBeGreaterThan(-1);
  expect(heard).toBeGreaterThan(ended);
}

test("a stream that breaks off in mid-sentence gives what was said, and then the next call", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  using announcer = await Announcer.open(whisper.port);
  using inbound = new LegacyInbound(ids.streamed, announcer);
  const sentence = sentenceWith("I'd like to speak with Michael please.");
  const speech = joinSamples([silence(500), samplesOf(sentence)]);

  for (const end of ["end", "reset"] as const) {
    const before = llama.frames(ids.streamed).length;
    const connection = await inbound.call();
    connection.send(...streamChunks(speech));
    const expected = Math.floor((speech.length * 1000) / 16_000);
    await whisper.reaches("all of it taken in", ({ calls }) =>
      calls.some((call) => call.audioMs >= expected),
    );
    connection[end]();
    const frames = await llama.gets(ids.streamed, before + 2);
    expect(frames.slice(before)).toEqual([`text ${sentence.texts[0]}`, "bye"]);
  }
});

test("the next call with the same id may begin before the last one's text is there; the order holds", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port, argv: ["--lanes", "2"] });
  using announcer = await Announcer.open(whisper.port);
  using inbound = new LegacyInbound(ids.quick, announcer);
  const longFirst = sentences.toReversed();

  for (const sentence of longFirst) {
    const connection = await inbound.call();
    connection.send(utteranceChunk(samplesOf(sentence)));
    await whisper.reaches("the utterance taken in", ({ calls }) =>
      calls.some((call) => call.state === "hearing" && call.utterances === 1),
    );
    connection.send(endMarker);
    connection.end();
  }
  const frames = await llama.gets(ids.quick, longFirst.length * 2);
  expect(frames).toEqual(longFirst.flatMap(({ texts }) => [`text ${texts[0]}`, "bye"]));
});

test("the same id fifty times: each text arrives once, over one connection to the LLaMA", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  using announcer = await Announcer.open(whisper.port);
  using inbound = new LegacyInbound(ids.fifty, announcer);
  const calls = 50;
  const ways = Object.values(endings);

  for (let call = 0; call < calls; call += 1) {
    const connection = await inbound.call();
    connection.send(utterance);
    await whisper.reaches("the utterance taken in", (status) =>
      status.calls.some(({ utterances, state }) => state === "hearing" && utterances === 1),
    );
    ways[call % ways.length]?.({ inbound, connection });
    await whisper.reaches("no call that is up", (status) =>
      status.calls.every(({ state }) => state === "draining"),
    );
  }
  const status = await whisper.isIdle();
  expect(status.totals).toMatchObject({ connected: calls, transcripts: calls });
  const frames = await llama.gets(ids.fifty, calls * 2);
  expect(frames).toEqual(Array.from({ length: calls }, () => [`text ${text}`, "bye"]).flat());
  expect(llama.connections).toHaveLength(1);
});

test("forty calls that say all they have and BYE as soon as whisper connects lose nothing", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  using announcer = await Announcer.open(whisper.port);
  using inbounds = new DisposableStack();
  const callIds = Array.from({ length: 40 }, (_, index) => ids.hasty + index);

  for (const callId of callIds) {
    const inbound = new LegacyInbound(callId, announcer, (connection) => {
      connection.send(encodeHello(String(callId)), utterance, endMarker);
      inbound.bye();
    });
    inbounds.use(inbound);
  }
  for (const callId of callIds) announcer.register(callId);
  await whisper.reaches("all calls begun and over", ({ totals }) => totals.ended === 40, 30_000);

  const unheard = callIds.filter((callId) => llama.frames(callId).length === 0);
  expect(unheard).toEqual([]);
  for (const callId of callIds) {
    expect(await llama.gets(callId, 2)).toEqual([`text ${text}`, "bye"]);
  }
});

test("a call that is over before the LLaMA is connected still ends there: HELLO is followed by BYE", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  using announcer = await Announcer.open(whisper.port);
  using inbound = new LegacyInbound(ids.empty, announcer, (connection) =>
    connection.send(Buffer.concat([encodeHello(String(ids.empty)), endMarker])),
  );

  inbound.register();
  await whisper.reaches("the call begun and over", ({ totals }) => totals.ended === 1);
  await eventually({ what: "HELLO", probe: () => llama.connections[0]?.callId !== undefined });
  expect(await llama.gets(ids.empty, 1)).toEqual(["bye"]);
});
