/** The outbound service alone: what the voice sends arrives as RTP at one destination. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeALaw, decodeMuLaw } from "../../src/audio/g711.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { createRtpHeader, parseRtp, type RtpHeader } from "../../src/call/rtp/rtp-packet.ts";
import { readOptions } from "../../src/config/options.ts";
import { systemClock } from "../../src/core/clock.ts";
import { describeError } from "../../src/core/errors.ts";
import { outboundService } from "../../src/services/outbound.ts";
import type { RunningService } from "../../src/services/service.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(20_000);

interface ReceivedPacket extends RtpHeader {
  readonly payload: Uint8Array;
  readonly fromPort: number;
}

class RtpReceiver implements Disposable {
  readonly packets: ReceivedPacket[] = [];
  #endpoint: UdpEndpoint | undefined;

  static async open(): Promise<RtpReceiver> {
    const receiver = new RtpReceiver();
    receiver.#endpoint = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram(bytes, _address, fromPort) {
        const header = createRtpHeader();
        expect(parseRtp(bytes, bytes.length, header)).toBeUndefined();
        const payload = bytes.slice(header.payloadStart, header.payloadEnd);
        receiver.packets.push({ ...header, payload, fromPort });
      },
      onError: () => undefined,
    });
    return receiver;
  }

  get port(): number {
    return this.#endpoint?.port ?? 0;
  }

  heard(decode: (codes: Uint8Array) => Float32Array): number[] {
    return this.packets.flatMap(({ payload }) => [...decode(payload)]);
  }

  [Symbol.dispose](): void {
    this.#endpoint?.close();
  }
}

function isLoud(sample: number): boolean {
  return sample > 0.2;
}

async function start(...argv: readonly string[]): Promise<RunningService> {
  const values = readOptions(outboundService.options, {
    argv,
    env: {},
    command: "outbound",
  });
  return await outboundService.start(values, {
    clock: systemClock,
    log: createMemoryLog(systemClock).log,
    stateFolder: "/nonexistent",
    print: () => undefined,
  });
}

test.each([
  ["pcmu", 0, 0xff, decodeMuLaw],
  ["pcma", 8, 0xd5, decodeALaw],
] as const)("%s: silence, the reply, silence, in one steady stream", async (...row) => {
  const [codec, payloadType, silence, decode] = row;
  using receiver = await RtpReceiver.open();
  using voice = await ScriptedVoicePeer.open(4440);
  const to = `127.0.0.1:${receiver.port}`;
  const service = await start("--call-id", "4440", "--rtp-to", to, "--codec", codec);
  await until(() => receiver.packets.length > 2, "silence");
  voice.signal("register");
  const connection = await voice.connection(0);
  connection.speak(new Float32Array(8 * 200).fill(0.5));
  connection.finish();
  await until(() => receiver.heard(decode).filter(isLoud).length === 1600, "the reply");
  await until(
    () => receiver.packets.at(-1)?.payload.every((code) => code === silence) === true,
    "silence",
  );
  await service.stop();

  const [first] = receiver.packets;
  expect(first?.payload.every((code) => code === silence)).toBe(true);
  expect(first?.marker).toBe(true);
  for (const [index, packet] of receiver.packets.entries()) {
    expect(packet.payloadType).toBe(payloadType);
    expect(packet.payload).toHaveLength(160);
    expect(packet.ssrc).toBe(first?.ssrc ?? 0);
    expect(packet.sequence).toBe(((first?.sequence ?? 0) + index) & 0xffff);
    expect(packet.timestamp).toBe(((first?.timestamp ?? 0) + 160 * index) >>> 0);
    expect(packet.marker).toBe(index === 0);
  }
});

test("the greeting is played first, from the port that was asked for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wildfire-outbound-"));
  const path = join(folder, "greeting.wav");
  await Bun.write(path, encodeWav(new Float32Array(8 * 100).fill(0.25), 8000));
  using receiver = await RtpReceiver.open();
  using chosen = await RtpReceiver.open();
  const from = chosen.port;
  chosen[Symbol.dispose]();
  const service = await start(
    "--call-id=4442",
    `--rtp-to=localhost:${receiver.port}`,
    `--rtp-port=${from}`,
    `--greeting=${path}`,
  );
  await until(() => receiver.heard(decodeMuLaw).filter(isLoud).length === 800, "the greeting");
  expect(receiver.packets[0]?.fromPort).toBe(from);
  expect(receiver.packets[0]?.payload[0]).not.toBe(0xff);
  expect(service.status()["rtp"]).toMatchObject({ port: from });
  await service.stop();
  rmSync(folder, { recursive: true });
});

test("a destination that refuses the sound does not end the service", async () => {
  using receiver = await RtpReceiver.open();
  const { port } = receiver;
  receiver[Symbol.dispose]();
  const service = await start("--call-id", "4444", "--rtp-to", `127.0.0.1:${port}`);
  const sent = (): number => {
    const rtp: unknown = service.status()["rtp"];
    return typeof rtp === "object" && rtp !== null && "sent" in rtp ? Number(rtp.sent) : 0;
  };
  await until(() => sent() > 5, "packets");
  await service.stop();
});

describe("options that cannot work are refused in one line", () => {
  test.each([
    [[], "--call-id is missing; "],
    [["--call-id", "70000"], '--call-id: call id "70000" is too large'],
    [["--call-id", "4446"], "--rtp-to is missing; "],
    [["--call-id", "4446", "--rtp-to", "x"], '--rtp-to "x" is not HOST:PORT; '],
    [
      ["--call-id", "4446", "--rtp-to", "nobody.invalid:4"],
      '--rtp-to "nobody.invalid" is not known',
    ],
  ])("%p", async (argv, message) => {
    const failure = await start(...argv).then(() => "started", describeError);
    expect(failure).toStartWith(message);
  });

  test("a call id whose port is taken leaves no socket behind", async () => {
    using receiver = await RtpReceiver.open();
    const to = `127.0.0.1:${receiver.port}`;
    const first = await start("--call-id", "4448", "--rtp-to", to);
    const argv = ["--call-id", "4448", "--rtp-to", to, "--rtp-port", "17460"];
    const failure = await start(...argv).then(() => "started", describeError);
    expect(failure).toStartWith("cannot open UDP 127.0.0.1:17448: EADDRINUSE");
    await first.stop();
    const second = await start(...argv);
    await second.stop();
  });
});
