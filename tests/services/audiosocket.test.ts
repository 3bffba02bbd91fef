/** The AudioSocket service over real sockets: an exchange, a whisper and a voice that come and go. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { levelDbfs } from "../../src/audio/level.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import {
  encodeAudioSocketAudio,
  encodeAudioSocketDigit,
  encodeAudioSocketUuid,
} from "../../src/wire/audiosocket.ts";
import { loadVoices } from "../audio/echo-set.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { until } from "../fakes/until.ts";
import { AutomaticWhisper, keyOf, ScriptedExchange } from "./audiosocket-rig.ts";
import { level, reply, ServiceUnderTest } from "./audiosocket-service.ts";

setDefaultTimeout(60_000);

/** Half of full scale, whatever a resampler and a limiter make of it. */
function isLouder(sample: number): boolean {
  return Math.abs(sample - 16_384) < 200;
}

/** A line that returns what the exchange hears, 18 dB weaker and 180 ms later. */
function returnSound(exchange: ScriptedExchange): void {
  const way = Array.from({ length: 9 }, () => new Int16Array(160));
  exchange.onFrame = (pcm) => {
    way.push(pcm.map((sample) => sample / 8));
    const frame = way.shift()?.buffer ?? new ArrayBuffer(0);
    exchange.send(encodeAudioSocketAudio(new Uint8Array(frame), 8000));
  };
}

describe("a call", () => {
  test("goes to whisper at 16 kHz, from its first frame on, under the key of the exchange", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    using exchange = await ScriptedExchange.connect(service.port);
    const pcm = new Uint8Array(new Int16Array(160).fill(1000).buffer);
    // In one piece with the UUID, before any socket of the call is open.
    exchange.send(encodeAudioSocketUuid(keyOf(1)), encodeAudioSocketAudio(pcm, 8000));
    exchange.speak(980);
    const heard = await whisper.call(0);
    // A filter holds back the last half of its length.
    await until(() => heard.samples >= 16_000 - 200, "a second of sound");
    expect(heard.samples).toBeLessThanOrEqual(16_000);
    expect(heard.last).toBeCloseTo(1000 / 32_768, 3);
    expect(heard.callId.number % 2).toBe(0);
    expect(service.logged).toContain(`key=${keyOf(1)}`);
  });

  test.each([12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000])(
    "of %i Hz goes to whisper as well",
    async (rateHz) => {
      using whisper = await AutomaticWhisper.open();
      await using service = await ServiceUnderTest.start(whisper.port);
      using exchange = await ScriptedExchange.call(service.port, 1);
      exchange.speak(1000, 1000, rateHz);
      const heard = await whisper.call(0);
      await until(() => heard.samples >= 16_000 - 200, "a second of sound");
      expect(heard.last).toBeCloseTo(1000 / 32_768, 3);
    },
  );

  test("hears what the voice replies, at 8 kHz, and silence before and after", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    using exchange = await ScriptedExchange.call(service.port, 1);
    const { callId } = await whisper.call(0);
    using voice = await ScriptedVoicePeer.open(callId.number);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(reply(400));
    connection.finish();
    await exchange.hears(3200, level);
    const frames = exchange.frames;
    await until(() => exchange.frames > frames + 5, "silence behind the reply");
    expect(exchange.heardAt(level)).toBe(3200);
    expect(exchange.heard.filter((sample) => sample !== 0 && sample !== level)).toEqual([]);
    const first = exchange.heard.indexOf(level);
    expect(exchange.heard.slice(first, first + 3200).every((sample) => sample === level)).toBe(
      true,
    );
  });

  test("hears a second reply after the voice died in the first one", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    using exchange = await ScriptedExchange.call(service.port, 1);
    const { callId } = await whisper.call(0);
    using voice = await ScriptedVoicePeer.open(callId.number);
    voice.signal("register");
    const first = await voice.connection(0);
    first.speak(reply(100));
    await exchange.hears(800, level);
    first.link.destroy();
    voice.signal("register");
    (await voice.connection(1)).speak(reply(100));
    await exchange.hears(1600, level);
  });

  test("hears nothing more of a reply soon after it began to speak", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    using exchange = await ScriptedExchange.call(service.port, 1);
    const { callId } = await whisper.call(0);
    using voice = await ScriptedVoicePeer.open(callId.number);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(reply(20_000));
    await exchange.hears(800, level);
    voice.signal("speech");
    voice.signal("speech");
    await until(() => exchange.heard.slice(-320).every((sample) => sample === 0), "silence");
    // So much was under way; the reply would have gone on for 20 s.
    expect(exchange.heardAt(level)).toBeLessThan(8 * 3000);
    voice.signal("silence");
    connection.finish();
    connection.speak(new Float32Array(800).fill(0.5));
    await until(() => exchange.heard.filter(isLouder).length >= 800, "the next reply");
    expect(exchange.heardAt(level)).toBeLessThan(8 * 3000);
  });

  test("hears the greeting first, at any rate of its file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "wildfire-greeting-"));
    const path = join(folder, "greeting.wav");
    await Bun.write(path, encodeWav(new Float32Array(16_000 * 0.3).fill(0.5), 16_000));
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port, "--greeting", path);
    using exchange = await ScriptedExchange.call(service.port, 1);
    const { callId } = await whisper.call(0);
    using voice = await ScriptedVoicePeer.open(callId.number);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(reply(100));
    connection.finish();
    await exchange.hears(800, level);
    expect(exchange.heard.filter(isLouder).length).toBeGreaterThan(2300);
    expect(exchange.heard.indexOf(level)).toBeGreaterThan(exchange.heard.findLastIndex(isLouder));
    rmSync(folder, { recursive: true });
  });

  test.each([
    ["does not hear it", [], 0],
    ["hears it with --no-echo-guard", ["--no-echo-guard"], 20],
  ] as const)("brings the voice back, and whisper %s", async (_what, argv, leastLoud) => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port, ...argv);
    using exchange = await ScriptedExchange.call(service.port, 1);
    returnSound(exchange);
    const call = await whisper.call(0);
    let loud = 0;
    call.onSound = (samples) => {
      if (levelDbfs(samples) > -45) loud += 1;
    };
    using voice = await ScriptedVoicePeer.open(call.callId.number);
    voice.signal("register");
    const connection = await voice.connection(0);
    const sentence = (await loadVoices()).at(-1) ?? reply(0);
    connection.speak(sentence);
    connection.finish();
    // All of it, and what is under way.
    const enough = call.samples + 2 * sentence.length + 16_000;
    await until(() => call.samples > enough, "the sound that comes back", 20_000);
    if (leastLoud > 0) expect(loud).toBeGreaterThan(leastLoud);
    else expect(loud).toBe(0);
    const status = JSON.stringify(service.status["current"]);
    expect(/"delayMs":[12]\d\d,"lossDb":\d/.test(status)).toBe(leastLoud === 0);
  });

  test("tells its digits and transcripts, which the log keeps private", async () => {
    using whisper = await AutomaticWhisper.open();
    whisper.transcript = "call me back";
    await using service = await ServiceUnderTest.start(whisper.port, "--json");
    using exchange = await ScriptedExchange.call(service.port, 1);
    const { callId } = await whisper.call(0);
    exchange.speak(100);
    exchange.send(encodeAudioSocketDigit("4"), encodeAudioSocketDigit("#"));
    await service.counts("digits", 2);
    exchange.hangUp();
    await service.counts("transcripts", 1);
    const printed = service.printed.map((line): unknown => JSON.parse(line));
    const name = { callId: callId.text, key: keyOf(1) };
    expect(printed).toEqual([
      expect.objectContaining({ ...name, digit: "4" }),
      expect.objectContaining({ ...name, digit: "#" }),
      expect.objectContaining({ ...name, text: "call me back" }),
    ]);
    expect(service.records).toContain('"private":{"digit":"4"}');
    expect(service.logged).not.toContain("digit=");
    expect(service.logged).not.toContain("call me back");
  });
});
