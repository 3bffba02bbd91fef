/** What callers hear: the greeting to the sample, replies of the voice, and silence when they speak. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HeardPacket, PbxCall } from "../../bench/pbx-call.ts";
import { decodeMuLaw, encodeALaw, encodeMuLaw } from "../../src/audio/g711.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { hasIpv6 } from "../call/sip/transport/transport-rig.ts";
import { toneMs } from "../fakes/heard-audio.ts";
import { ScriptedVoicePeer, type VoiceConnection } from "../fakes/scripted-voice-peer.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { Stage } from "./harness.ts";
import { shortest } from "./speech.ts";
import { lineUser, Telephone } from "./telephone-rig.ts";
import { lineRateHz, lineSamplesOf, soundOf, tone } from "./telephone-sound.ts";

setDefaultTimeout(testLimitMs);

const frameSamples = 160;
/** What a call may send before the greeting. */
const fewFrames = 15;

test.concurrent("the greeting arrives to the sample, by both laws, in each call", async () => {
  await using stage = new Stage();
  const { path, samples } = writeGreeting(stage);
  await using telephone = await Telephone.open({ argv: ["--greeting", path] }, stage);
  for (const [codec, encode] of [
    ["PCMU", encodeMuLaw],
    ["PCMA", encodeALaw],
    ["PCMU", encodeMuLaw],
  ] as const) {
    const call = await telephone.pbx.ring(lineUser, { codecs: [codec] });
    const packets = (call.packets = []);
    await call.up;
    const expected = encode(samples);
    const frames = Math.ceil(samples.length / frameSamples) + fewFrames;
    await hears(call, frames);
    const bytes = Buffer.concat(packets.map(({ payload }: HeardPacket) => payload));
    const at = bytes.indexOf(expected);
    expect(at).toBeGreaterThanOrEqual(0);
    expect(at).toBeLessThanOrEqual(fewFrames * frameSamples);
    call.hangUp();
    await call.ended;
  }
  const greetings = await telephone.tells(3, "played", ({ source }) => source === "greeting");
  const lengthMs = Math.round((samples.length * 1000) / lineRateHz);
  expect(greetings.map(({ playedMs }) => playedMs)).toEqual([lengthMs, lengthMs, lengthMs]);
});

// A host without IPv6 has no ::1 to call from.
test.skipIf(!hasIpv6)("over IPv6 a call is heard and answered as well", async () => {
  await using stage = new Stage();
  const { path, samples } = writeGreeting(stage);
  const argv = ["--greeting", path];
  await using telephone = await Telephone.open({ pbx: { host: "::1" }, argv }, stage);
  const call = await telephone.pbx.ring(lineUser, { codecs: ["PCMU"] });
  const packets: HeardPacket[] = [];
  call.packets = packets;
  await call.up;
  await hears(call, Math.ceil(samples.length / frameSamples) + fewFrames);
  const bytes = Buffer.concat(packets.map(({ payload }) => payload));
  expect(bytes.indexOf(encodeMuLaw(samples))).toBeGreaterThanOrEqual(0);
  call.hangUp();
  await call.ended;
  const { statistics } = await telephone.next("ended", 0);
  expect(statistics).toMatchObject({ lostPackets: 0 });
  await telephone.hasNoCall();
});

test.concurrent(
  "replies of the voice are heard, one after the other, and in the next call too",
  async () => {
    await using telephone = await Telephone.open();
    for (const index of [0, 1]) {
      const call = await telephone.pbx.call(lineUser);
      call.packets = [];
      const { callId } = await telephone.next("established", index);
      using voice = await ScriptedVoicePeer.open(Number(callId));
      const connection = await connected(voice);
      expect(connection.hello).toBe(String(callId));
      for (const hz of [440, 1000]) {
        connection.speak(tone(hz, 600));
        connection.finish();
        await hearsTone(call, hz, 560);
      }
      await telephone.tells(2 * (index + 1), "played");
      call.hangUp();
      await call.ended;
      await connection.closed();
    }
    expect(telephone.events("played").map(({ playedMs }) => playedMs)).toEqual([
      600, 600, 600, 600,
    ]);
    await telephone.hasNoCall();
  },
);

test.concurrent(
  "SPEECH silences the reply within two frames, and the next reply is heard",
  async () => {
    await using telephone = await Telephone.open();
    const call = await telephone.pbx.call(lineUser);
    const { callId } = await telephone.next("established", 0);
    using voice = await ScriptedVoicePeer.open(Number(callId));
    const connection = await connected(voice);
    connection.speak(tone(440, 20_000));
    call.packets = [];
    await hearsTone(call, 440, 200);

    voice.signal("speech");
    voice.signal("speech");
    const before = call.packets.length;
    await hears(call, before + 20);
    // One frame may have been on its way to us.
    const after = soundOf(call.packets.slice(before + 3));
    expect(Math.max(...after.map(Math.abs))).toBe(0);
    const [{ playedMs } = {}] = await telephone.tells(1, "played");
    expect(Number(playedMs)).toBeLessThan(10_000);

    voice.signal("silence");
    connection.finish();
    connection.speak(tone(1000, 400));
    connection.finish();
    await hearsTone(call, 1000, 360);
  },
);

test.concurrent("a caller who is put on hold by the PBX misses nothing of the reply", async () => {
  await using telephone = await Telephone.open();
  const call = await telephone.pbx.call(lineUser);
  call.packets = [];
  const { callId } = await telephone.next("established", 0);
  using voice = await ScriptedVoicePeer.open(Number(callId));
  const connection = await connected(voice);
  connection.speak(tone(440, 1500));
  connection.finish();
  await hearsTone(call, 440, 300);

  expect(await call.setHeld(true)).toEqual({ ok: true });
  await telephone.tells(1, "media", ({ flow }) => flow === "recvonly");
  const heldMs = heardToneMs(call, 440);
  expect(await call.setHeld(false)).toEqual({ ok: true });
  await hearsTone(call, 440, 1440);
  expect(heldMs).toBeLessThan(1400);
  const [played] = await telephone.tells(1, "played");
  expect(played).toMatchObject({ playedMs: 1500 });
});

test.concurrent(
  "on hold by command the caller hears silence, and the rest of the reply afterwards",
  async () => {
    await using telephone = await Telephone.open();
    const call = await telephone.pbx.call(lineUser);
    call.packets = [];
    const { callId, key } = await telephone.next("established", 0);
    using voice = await ScriptedVoicePeer.open(Number(callId));
    const connection = await connected(voice);
    connection.speak(tone(440, 1500));
    connection.finish();
    await hearsTone(call, 440, 300);

    expect(await telephone.command("hold", { key: String(key) })).toEqual({ ok: true });
    const atHold = call.packets.length;
    await hears(call, atHold + 20);
    const held = soundOf(call.packets.slice(atHold + 3));
    expect(Math.max(...held.map(Math.abs))).toBe(0);
    expect(await telephone.command("resume", { key: String(key) })).toEqual({ ok: true });
    await hearsTone(call, 440, 1440);
  },
);

function writeGreeting(stage: Stage) {
  const path = join(stage.folder, "greeting.wav");
  // As the line would play it, so that encoding it again loses nothing.
  const samples = decodeMuLaw(encodeMuLaw(lineSamplesOf(shortest)));
  writeFileSync(path, encodeWav(samples, lineRateHz));
  return { path, samples };
}

/** Announces itself until the service is there. */
async function connected(voice: ScriptedVoicePeer): Promise<VoiceConnection> {
  voice.signal("register");
  return await voice.connection(0);
}

async function hears(call: PbxCall, packets: number): Promise<void> {
  await eventually({
    what: `${packets} packets at the PBX`,
    probe: () => (call.packets?.length ?? 0) >= packets,
    explain: () => `it has ${call.packets?.length ?? 0}`,
  });
}

async function hearsTone(call: PbxCall, hz: number, ms: number): Promise<void> {
  await eventually({
    what: `${ms} ms of ${hz} Hz at the PBX`,
    probe: () => heardToneMs(call, hz) >= ms,
    explain: () => `it heard ${heardToneMs(call, hz)} ms in ${call.packets?.length ?? 0} packets`,
  });
}

function heardToneMs(call: PbxCall, hz: number): number {
  const sound = soundOf(call.packets ?? []);
  return toneMs(sound, { hz, rateHz: lineRateHz });
}
