/** Peers whose bytes are wrong at random: each service lives on, and the next good peer is served. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { encodeAudioChunk, encodeHello, endMarker } from "../../src/wire/audio-frames.ts";
import { callerAudioPort } from "../../src/wire/ports.ts";
import { byeMarker, encodeText } from "../../src/wire/text-frames.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { Announcer, LegacyInbound, length32, utteranceChunk } from "./legacy-inbound.ts";
import { connectRaw } from "./raw-connection.ts";
import { demoCall, samplesOf, shortest, silence } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const ids = { fuzzed: 4100, good: 4300, hello: 4302, strange: 4304 } as const;

test("two hundred spoilt audio streams: whisper frees each of them and hears the next call", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  using announcer = await Announcer.open(whisper.port);
  const random = new SeededRandom(11);
  const chunk = encodeAudioChunk(silence(20));
  const count = 200;

  for (let round = 0; round < count; round += 1) {
    const callId = ids.fuzzed + (round % 100);
    using inbound = new LegacyInbound(callId, announcer);
    const hello = encodeHello(String(callId));
    const stream = random.mutate(Buffer.concat([hello, chunk, chunk, endMarker]));
    const connection = await inbound.answered();
    connection.send(...random.split(stream, 500));
    if (random.unit() < 0.5) connection.end();
    else connection.reset();
    await eventually({ what: "the connection's end", probe: () => connection.isClosed });
  }
  expect((await whisper.isIdle()).totals.ended).toBe(count);

  using good = new LegacyInbound(ids.good, announcer);
  (await good.call()).send(utteranceChunk(samplesOf(shortest)), endMarker);
  expect(await llama.gets(ids.good, 2)).toEqual([`text ${shortest.texts[0]}`, "bye"]);
});

test("two hundred spoilt text streams: the llama service frees each of them and takes the next text", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const random = new SeededRandom(12);
  const good = [encodeHello("4302"), encodeText("Good evening."), encodeText("…"), byeMarker];
  for (let round = 0; round < 200; round += 1) {
    const connection = await connectRaw(llama.port);
    connection.send(...random.split(random.mutate(Buffer.concat(good)), 20));
    if (random.unit() < 0.5) connection.end();
    else connection.reset();
    await eventually({ what: "the connection's end", probe: () => connection.isClosed });
  }
  for (const wrong of [length32(0), length32(1025), length32(0xffff_ffff)]) {
    const connection = await connectRaw(llama.port);
    connection.send(wrong);
    await eventually({ what: "the peer to be left", probe: () => connection.isClosed });
  }
  const before = llama.texts(ids.hello).length;
  const connection = await connectRaw(llama.port);
  connection.send(...good);
  const texts = await llama.hears(ids.hello, before + 2);
  expect(texts.slice(before)).toEqual(["Good evening.", "…"]);
  connection.end();
});

test("a stranger who answers inbound's call in whisper's place costs the caller nothing", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  whisper.program.signal("SIGSTOP");
  const inbound = stage.startInbound({
    callId: ids.strange,
    recording: demoCall,
    whisperPort: whisper.port,
  });
  await inbound.program.said("REGISTER sent");
  const port = callerAudioPort({ number: ids.strange });
  for (const bytes of [length32(0x7fff_ffff), Buffer.from("GET / HTTP/1.1\r\n\r\n")]) {
    const stranger = await connectRaw(port);
    stranger.send(bytes);
    await inbound.program.said("whisper sent something that is no transcript");
    stranger.reset();
    await inbound.program.said("whisper went away, registering again");
  }
  whisper.program.signal("SIGCONT");

  expect(await inbound.exited(40_000)).toBe(0);
  expect(inbound.texts).toEqual([...demoCall.texts]);
  expect(await llama.hears(ids.strange, 3)).toEqual([...demoCall.texts]);
});
