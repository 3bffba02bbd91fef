/** The AudioSocket service over real sockets: bad peers, limits and options that cannot work. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { describeError } from "../../src/core/errors.ts";
import { openUdp } from "../../src/udp.ts";
import { encodeAudioSocketDigit, encodeFrame } from "../../src/wire/audiosocket.ts";
import { until } from "../fakes/until.ts";
import { AutomaticWhisper, ScriptedExchange } from "./audiosocket-rig.ts";
import { ServiceUnderTest } from "./audiosocket-service.ts";

setDefaultTimeout(60_000);

describe("a bad peer", () => {
  test("ends its own call only, with one line that quotes what is wrong", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    using good = await ScriptedExchange.call(service.port, 1);
    await whisper.call(0);
    using browser = await ScriptedExchange.connect(service.port);
    browser.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    using second = await ScriptedExchange.call(service.port, 2);
    second.send(encodeAudioSocketDigit("x"));
    await browser.closed();
    await second.closed();
    expect(service.logged.match(/refused or broken off/g)).toHaveLength(2);
    expect(service.logged).toContain("the first frame is of kind 0x47, not the UUID (0x01)");
    expect(service.logged).toContain("DTMF byte 0x78 is no digit");
    const frames = good.frames;
    await until(() => good.frames > frames + 3, "the other call goes on");
    expect(good.isClosed).toBe(false);
  });

  test("that changes its rate again and again ends its call", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    using exchange = await ScriptedExchange.call(service.port, 1);
    await whisper.call(0);
    for (let change = 0; change < 5; change += 1) {
      exchange.speak(20, 100, 8000);
      exchange.speak(20, 100, 16_000);
    }
    await exchange.closed();
    expect(service.logged).toContain("the sample rate changed 8 times");
  });

  test("that says nothing is closed after 5 s", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    const startedMs = performance.now();
    using exchange = await ScriptedExchange.connect(service.port);
    await until(() => exchange.isClosed, "the end of the connection", 15_000);
    expect(exchange.closedAtMs - startedMs).toBeGreaterThan(4900);
    expect(service.logged).toContain("did not say within 5 s which call it is");
  });

  test("may send frames of kinds that are not known: they are skipped and counted", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    using exchange = await ScriptedExchange.call(service.port, 1);
    for (let count = 0; count < 5; count += 1) exchange.send(encodeFrame(0x02, new Uint8Array(9)));
    exchange.speak(1000);
    const heard = await whisper.call(0);
    await until(() => heard.samples > 15_000, "the sound behind them");
    expect(service.logged.match(/kind that is not known/g)).toHaveLength(1);
  });
});

describe("limits", () => {
  test("a call beyond --max-calls is refused with a terminate frame, the next one after an end not", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port, "--max-calls", "1");
    using first = await ScriptedExchange.call(service.port, 1);
    await whisper.call(0);
    using second = await ScriptedExchange.call(service.port, 2);
    await second.closed();
    expect(second.isTerminated).toBe(true);
    expect(service.count("refused")).toBe(1);
    first.hangUp();
    await service.counts("open", 0);
    using third = await ScriptedExchange.call(service.port, 3);
    await whisper.call(1);
    await until(() => third.frames > 0, "sound");
  });

  test("an id whose port another program has is passed over", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = await ServiceUnderTest.start(whisper.port);
    const taken = await openUdp({
      hostname: "127.0.0.1",
      port: 13_002,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    using exchange = await ScriptedExchange.call(service.port, 1);
    const heard = await whisper.call(0);
    await until(() => exchange.frames > 0, "sound");
    expect(heard.callId.number).toBeGreaterThan(2);
    expect(service.count("skippedIds")).toBeGreaterThan(0);
    taken.close();
  });

  test("finished calls that whisper never fetched give up when there are too many", async () => {
    const nobody = await AutomaticWhisper.open();
    const { port } = nobody;
    nobody[Symbol.dispose]();
    await using service = await ServiceUnderTest.start(port);
    for (let call = 0; call < 103; call += 1) {
      using exchange = await ScriptedExchange.call(service.port, call);
      exchange.speak(20);
      await until(() => exchange.frames > 0, "sound");
      exchange.hangUp();
      await service.counts("open", 0);
    }
    const givenUp = (): number => service.logged.match(/gives up waiting/g)?.length ?? 0;
    await until(() => givenUp() >= 3, "the oldest calls to give up");
    expect(givenUp()).toBe(3);
    expect(service.count("draining")).toBe(100);
    await service.stop();
    expect(service.clock.open.size).toBe(0);
  });
});

describe("options that cannot work are refused in one line", () => {
  test.each([
    [["--listen", "nowhere"], '--listen "nowhere" is not HOST:PORT; write it like'],
    [["--listen", "127.0.0.1:99999"], '--listen "127.0.0.1:99999" is not HOST:PORT'],
    [["--greeting", "/nonexistent.wav"], 'cannot read "/nonexistent.wav"'],
    [["--listen", "192.0.2.1:9092"], "cannot listen on TCP 192.0.2.1:9092: EADDRNOTAVAIL"],
  ])("%p", async (argv, message) => {
    const failure = await ServiceUnderTest.start(1, ...argv).then(() => "started", describeError);
    expect(failure).toStartWith(message);
    expect(failure).toContain("; ");
  });
});
