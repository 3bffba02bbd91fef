/** The AudioSocket service over real sockets: what the end of a call leaves behind. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openUdp } from "../../src/udp.ts";
import { encodeAudioSocketUuid, terminateFrame } from "../../src/wire/audiosocket.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { until } from "../fakes/until.ts";
import { AutomaticWhisper, keyOf, ScriptedExchange } from "./audiosocket-rig.ts";
import { level, reply, ServiceUnderTest } from "./audiosocket-service.ts";
import { openDescriptors } from "../fakes/open-descriptors.ts";

setDefaultTimeout(60_000);

describe("a call ends", () => {
  const ends: readonly (readonly [string, (exchange: ScriptedExchange) => void])[] = [
    ["when the exchange closes", (exchange) => exchange.hangUp()],
    ["when the exchange dies", (exchange) => exchange.kill()],
    ["when the exchange says so", (exchange) => exchange.send(terminateFrame)],
    ["when a frame is wrong", (exchange) => exchange.send(Uint8Array.of(0x10, 0, 1, 9))],
  ];

  test.each(ends)("%s, and frees its sockets and timers", async (_how, end) => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    const idle = service.clock.open.size;
    using exchange = await ScriptedExchange.call(service.port, 1);
    const heard = await whisper.call(0);
    using voice = await ScriptedVoicePeer.open(heard.callId.number);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(reply(10_000));
    exchange.speak(200);
    await exchange.hears(160, level);
    end(exchange);
    await connection.closed();
    await exchange.closed();
    await service.counts("open", 0);
    await service.counts("draining", 0);
    expect(heard.isEnded).toBe(true);
    expect(whisper.byes).toEqual([heard.callId.text]);
    await until(() => service.clock.open.size === idle, "no timer is left");
    const port = await openUdp({
      hostname: "127.0.0.1",
      port: 13_000 + heard.callId.number,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    port.close();
  });

  test("with a terminate frame when we are the ones who hang up", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    using exchange = await ScriptedExchange.call(service.port, 1);
    await whisper.call(0);
    await service.stop();
    await exchange.closed();
    expect(exchange.isTerminated).toBe(true);
    await until(() => service.clock.open.size === 0, "no timer is left");
  });

  test("although the exchange does not read any more", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    const idle = service.clock.open.size;
    using exchange = await ScriptedExchange.call(service.port, 1);
    await whisper.call(0);
    exchange.pause();
    exchange.send(terminateFrame);
    await service.counts("open", 0);
    await until(() => service.clock.open.size === idle, "no timer is left");
  });

  test("while its sockets are being opened", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    const idle = service.clock.open.size;
    const before = Number(service.status["freeIds"]);
    for (let call = 0; call < 20; call += 1) {
      const exchange = await ScriptedExchange.connect(service.port);
      exchange.send(encodeAudioSocketUuid(keyOf(call)), terminateFrame);
      await exchange.closed();
    }
    await service.counts("freeIds", before);
    await until(() => service.clock.open.size === idle, "no timer is left");
  });
});

test("a thousand calls in a row leave descriptors, timers and ids as they were", async () => {
  using whisper = await AutomaticWhisper.open();
  await using service = await ServiceUnderTest.start(whisper.port);
  const oneCall = async (index: number): Promise<void> => {
    const exchange = await ScriptedExchange.call(service.port, index);
    exchange.speak(40);
    await until(() => exchange.frames > 0, "sound");
    if (index % 2 === 0) exchange.hangUp();
    else exchange.kill();
    await exchange.closed();
    await service.counts("open", 0);
  };
  await oneCall(0);
  await service.counts("draining", 0);
  const before = {
    fds: openDescriptors(),
    timers: service.clock.open.size,
    ids: service.count("freeIds"),
  };
  for (let index = 1; index <= 1000; index += 1) await oneCall(index);
  await service.counts("draining", 0);
  await until(() => service.clock.open.size === before.timers, "no timer is left");
  await until(() => openDescriptors() <= before.fds + 2, "no descriptor is left");
  expect(service.count("freeIds")).toBe(before.ids);
  expect(service.count("calls")).toBe(1001);
});
