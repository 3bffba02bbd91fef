/** The AudioSocket service over real sockets: an exchange, a whisper and a voice that come and go. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { levelDbfs } from "../../src/audio/level.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { readOptions } from "../../src/config/options.ts";
import { type Clock, systemClock, type Timer } from "../../src/core/clock.ts";
import { describeError } from "../../src/core/errors.ts";
import { audiosocketService } from "../../src/services/audiosocket.ts";
import type { RunningService } from "../../src/services/service.ts";
import { openUdp } from "../../src/udp.ts";
import {
  encodeAudioSocketAudio,
  encodeAudioSocketDigit,
  encodeAudioSocketUuid,
  encodeFrame,
  terminateFrame,
} from "../../src/wire/audiosocket.ts";
import { loadVoices } from "../audio/echo-set.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { until } from "../fakes/until.ts";
import { AutomaticWhisper, keyOf, ScriptedExchange } from "./audiosocket-rig.ts";

setDefaultTimeout(60_000);

/** The system's clock, whose open timers can be counted. */
class CountingClock implements Clock {
  readonly open = new Set<object>();

  nowMs(): number {
    return systemClock.nowMs();
  }

  wallMs(): number {
    return systemClock.wallMs();
  }

  after(delayMs: number, action: () => void): Timer {
    const timer = systemClock.after(delayMs, () => {
      this.open.delete(timer);
      action();
    });
    return this.#keep(timer);
  }

  every(intervalMs: number, action: () => void): Timer {
    return this.#keep(systemClock.every(intervalMs, action));
  }

  #keep(timer: Timer): Timer {
    this.open.add(timer);
    return {
      cancel: () => {
        this.open.delete(timer);
        timer.cancel();
      },
    };
  }
}

class ServiceUnderTest implements AsyncDisposable {
  readonly clock = new CountingClock();
  readonly printed: string[] = [];
  readonly #memory = createMemoryLog(this.clock);
  #service: RunningService | undefined;

  static async start(whisperPort: number, ...argv: readonly string[]): Promise<ServiceUnderTest> {
    const started = new ServiceUnderTest();
    const values = readOptions(audiosocketService.options, {
      argv: ["--listen", "127.0.0.1:0", "--whisper-port", String(whisperPort), ...argv],
      env: {},
      file: {},
      fileName: "",
      command: "audiosocket",
    });
    started.#service = await audiosocketService.start(values, {
      clock: started.clock,
      log: started.#memory.log,
      stateFolder: "/nonexistent",
      print: (line) => started.printed.push(line),
    });
    return started;
  }

  get status(): Record<string, unknown> {
    return this.#service?.status() ?? {};
  }

  get port(): number {
    return Number(String(this.status["address"]).split(":")[1]);
  }

  get logged(): string {
    return this.#memory.text();
  }

  /** All records, private fields too. */
  get records(): string {
    return JSON.stringify(this.#memory.records);
  }

  count(name: string): number {
    return Number(this.status[name]);
  }

  async counts(name: string, value: number): Promise<void> {
    await until(() => this.count(name) === value, `${name} to be ${value}`);
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

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

const level = 8192;
const reply = (ms: number): Float32Array => new Float32Array(8 * ms).fill(level / 32_768);

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
    fds: descriptors(),
    timers: service.clock.open.size,
    ids: service.count("freeIds"),
  };
  for (let index = 1; index <= 1000; index += 1) await oneCall(index);
  await service.counts("draining", 0);
  await until(() => service.clock.open.size === before.timers, "no timer is left");
  await until(() => descriptors() <= before.fds + 2, "no descriptor is left");
  expect(service.count("freeIds")).toBe(before.ids);
  expect(service.count("calls")).toBe(1001);
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
