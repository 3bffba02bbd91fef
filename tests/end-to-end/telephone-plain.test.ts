/** Telephony without SIP: plain RTP in and out, and AudioSocket, each as a whole chain of the executable. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { systemClock } from "../../src/core/clock.ts";
import { FrameTicker } from "../../src/services/frame-ticker.ts";
import { InboundRtp } from "../../src/services/inbound-rtp.ts";
import { encodeAudioSocketAudio } from "../../src/wire/audiosocket.ts";
import { toneMs } from "../fakes/heard-audio.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { keyOf, ScriptedExchange } from "../services/audiosocket-rig.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { sentences, shortest, writeConversation } from "./speech.ts";
import { lineSamplesOf, lineSilence, tone } from "./telephone-sound.ts";

setDefaultTimeout(testLimitMs);

const ids = { pcmu: 4202, pcma: 4212, heard: 4222 } as const;
const pauseMs = 900;
const frameMs = 20;
const frameSamples = 160;

for (const codec of ["pcmu", "pcma"] as const) {
  test.concurrent(
    `plain RTP, ${codec}: what outbound plays to inbound comes out as text`,
    async () => {
      await using stage = new Stage();
      using llama = new FakeLlama();
      const whisper = await stage.startWhisper({ llamaPort: llama.port });
      const callId = ids[codec];
      const inbound = stage.start("inbound", [
        "--json",
        "--rtp-port=0",
        `--call-id=${callId}`,
        `--whisper-port=${whisper.port}`,
      ]);
      const { address } = await inbound.said("inbound is ready");
      const said = sentences.slice(0, 2);
      const recording = writeConversation(`${stage.folder}/said.wav`, said, {
        pauseMs,
        tailMs: pauseMs,
      });
      const outbound = stage.start("outbound", [
        `--call-id=${callId + 2}`,
        `--rtp-to=${String(address)}`,
        `--codec=${codec}`,
        `--greeting=${recording.path}`,
      ]);

      const texts = recording.texts.map((text) => `text ${text}`);
      expect(await llama.gets(callId, texts.length)).toEqual(texts);
      inbound.signal("SIGTERM");
      expect(await inbound.exited()).toBe(0);
      expect(await llama.gets(callId, texts.length + 1)).toEqual([...texts, "bye"]);
      outbound.signal("SIGTERM");
      expect(await outbound.exited()).toBe(0);
      const printed = inbound.records.flatMap(({ text }) => (text === undefined ? [] : [text]));
      expect(printed).toEqual([...recording.texts]);
    },
  );
}

test.concurrent("plain RTP: a reply of the voice is heard where outbound sends to", async () => {
  await using stage = new Stage();
  const heard: Float32Array[] = [];
  const listener = await InboundRtp.open({
    hostname: "127.0.0.1",
    port: 0,
    clock: systemClock,
    random: () => 0.5,
    onSamples: (samples) => void heard.push(samples.slice()),
    onDigit: () => undefined,
  });
  try {
    const outbound = stage.start("outbound", [
      `--call-id=${ids.heard}`,
      `--rtp-to=127.0.0.1:${listener.port}`,
    ]);
    await outbound.said("outbound is ready");
    using voice = await ScriptedVoicePeer.open(ids.heard);
    voice.signal("register");
    const connection = await voice.connection(0);
    for (const hz of [440, 1000]) {
      connection.speak(tone(hz, 600));
      connection.finish();
      await eventually({
        what: `600 ms of ${hz} Hz`,
        probe: () => toneMs(joinSamples(heard), { hz, rateHz: 16_000 }) >= 560,
      });
    }
  } finally {
    listener.close();
  }
});

test.concurrent(
  "AudioSocket: what the caller says becomes text, and the voice's reply is heard",
  async () => {
    await using stage = new Stage();
    using llama = new FakeLlama();
    const whisper = await stage.startWhisper({ llamaPort: llama.port });
    const service = stage.start("audiosocket", [
      "--listen=127.0.0.1:0",
      "--json",
      `--whisper-port=${whisper.port}`,
    ]);
    const { address } = await service.said("audiosocket is ready");
    const port = Number(String(address).split(":").at(-1));
    using caller = await ScriptedExchange.call(port, 1);
    const connected = await service.said("call connected");
    expect(connected["key"]).toBe(`${keyOf(1)}-1`);
    const callId = Number(connected["call"]);

    using voice = await ScriptedVoicePeer.open(callId);
    voice.signal("register");
    const connection = await voice.connection(0);
    await speak(caller, joinSamples([lineSamplesOf(shortest), lineSilence(pauseMs)]));
    expect(await llama.gets(callId, 1)).toEqual([`text ${shortest.texts[0]}`]);
    // Only now: a tone 10 dB above the caller's first word would be a line that gives back what it gets.
    connection.speak(tone(440, 600));
    connection.finish();
    await speak(caller, lineSilence(pauseMs));
    const heard = Float32Array.from(caller.heard, (sample) => sample / 32_768);
    expect(toneMs(heard, { hz: 440, rateHz: 8000 })).toBeGreaterThanOrEqual(560);
    caller.hangUp();
    expect(await llama.gets(callId, 2)).toEqual([`text ${shortest.texts[0]}`, "bye"]);
  },
);

/** At the pace of a line; resolves when all is said. */
async function speak(caller: ScriptedExchange, samples: Float32Array): Promise<void> {
  let at = 0;
  await new Promise<void>((said) => {
    const ticking = new FrameTicker(systemClock).add(frameMs, () => {
      const frame = new Int16Array(frameSamples);
      for (let index = 0; index < frameSamples; index += 1) {
        frame[index] = Math.round((samples[at + index] ?? 0) * 32_767);
      }
      at += frameSamples;
      caller.send(encodeAudioSocketAudio(new Uint8Array(frame.buffer), 8000));
      if (at < samples.length) return;
      ticking.cancel();
      said();
    });
  });
}
