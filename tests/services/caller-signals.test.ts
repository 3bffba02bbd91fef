import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { CallerSignals, type SignalPeer } from "../../src/services/caller-signals.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(20_000);

const loopback = "127.0.0.1";
const callId = callIdOf(4_200);

/** Somebody who hears datagrams. */
class Ear implements SignalPeer {
  readonly address: string;
  readonly heard: string[] = [];
  readonly #endpoint: UdpEndpoint;

  private constructor(endpoint: UdpEndpoint, heard: string[]) {
    this.#endpoint = endpoint;
    this.heard = heard;
    this.address = endpoint.hostname;
  }

  static async open(port = 0, hostname = loopback): Promise<Ear> {
    const heard: string[] = [];
    const endpoint = await openUdp({
      hostname,
      port,
      onDatagram: (bytes) => void heard.push(new TextDecoder().decode(bytes)),
      onError: () => undefined,
    });
    return new Ear(endpoint, heard);
  }

  get port(): number {
    return this.#endpoint.port;
  }

  close(): void {
    this.#endpoint.close();
  }
}

let clock: FakeClock;
let voice: Ear;
let llama: Ear;
let outbound: Ear;
let signals: CallerSignals;

beforeEach(async () => {
  clock = new FakeClock();
  voice = await Ear.open();
  llama = await Ear.open();
  outbound = await Ear.open(13_000 + callId.number);
  signals = await openSignals();
});

afterEach(() => {
  signals.close();
  for (const ear of [voice, llama, outbound]) ear.close();
});

function openSignals(changes: { voice?: SignalPeer; llama?: SignalPeer; ownPort?: number } = {}) {
  return CallerSignals.open({
    voice: "voice" in changes ? changes.voice : voice,
    llama: "llama" in changes ? changes.llama : llama,
    ownPort: () => changes.ownPort ?? 13_000,
    clock,
    log: createMemoryLog(clock).log,
  });
}

/** Resolves when nothing is under way to these any more: what is sent last arrives last. */
async function settled(...ears: readonly Ear[]): Promise<void> {
  const sender = await openUdp({
    hostname: loopback,
    port: 0,
    onDatagram: () => undefined,
    onError: () => undefined,
  });
  for (const ear of ears) sender.send(new TextEncoder().encode("end"), ear.port, ear.address);
  await until(() => ears.every(({ heard }) => heard.at(-1) === "end"), "the last datagram");
  for (const ear of ears) ear.heard.pop();
  sender.close();
}

function twice(...texts: string[]): string[] {
  return texts.flatMap((text) => [text, text]);
}

describe("a call", () => {
  test("is told to each who needs to know, twice and 20 ms apart", async () => {
    const call = signals.begin(callId, loopback);
    await settled(llama);
    expect(llama.heard).toEqual(["REGISTER:4200"]);
    clock.advance(19);
    await settled(llama);
    expect(llama.heard).toHaveLength(1);
    clock.advance(1);
    for (const signal of ["pause", "resume", "pause", "speech", "silence"] as const) {
      call.tell(signal);
      clock.advance(20);
    }
    call.turn({ silenceMs: 512, textMs: 3.4 });
    call.end();
    clock.advance(20);
    await settled(voice, llama, outbound);
    expect(outbound.heard).toEqual(
      twice("PAUSE:4200", "RESUME:4200", "PAUSE:4200", "SPEECH:4200", "SILENCE:4200"),
    );
    expect(voice.heard).toEqual(twice("SPEECH:4200", "SILENCE:4200"));
    expect(llama.heard).toEqual([
      ...twice("REGISTER:4200", "SPEECH:4200", "SILENCE:4200"),
      "TURN:4200 silence=512 text=3",
      ...twice("BYE:4200"),
    ]);
  });

  test("is counted", () => {
    const call = signals.begin(callId, loopback);
    call.tell("pause");
    call.tell("speech");
    call.turn({ silenceMs: 512, textMs: 0 });
    clock.advance(20);
    expect(signals.status()).toEqual({
      told: { register: 1, bye: 0, pause: 1, resume: 0, speech: 1, silence: 0, turn: 1 },
      // REGISTER and SPEECH twice, PAUSE once since SPEECH took its place, TURN once.
      datagrams: 2 + 1 + 3 * 2 + 1,
      sendFailures: 0,
      refused: 0,
    });
  });
});

describe("a copy that would take back what was told since", () => {
  test.each([
    [
      ["pause", "resume"],
      ["PAUSE", "RESUME", "RESUME"],
    ],
    [
      ["resume", "pause"],
      ["RESUME", "PAUSE", "PAUSE"],
    ],
    [
      ["pause", "speech"],
      ["PAUSE", "SPEECH", "SPEECH"],
    ],
    [
      ["speech", "silence"],
      ["SPEECH", "SILENCE", "SILENCE"],
    ],
    [
      ["silence", "pause"],
      ["SILENCE", "PAUSE", "PAUSE"],
    ],
    [
      ["speech", "silence", "speech"],
      ["SPEECH", "SILENCE", "SPEECH", "SPEECH"],
    ],
  ] as const)("is not sent: %j", async (told, expected) => {
    const call = signals.begin(callId, loopback);
    for (const signal of told) {
      call.tell(signal);
      clock.advance(5);
    }
    clock.advance(100);
    await settled(outbound);
    expect(outbound.heard).toEqual(expected.map((verb) => `${verb}:4200`));
  });

  test("counts peer by peer: who does not hear of a pause still hears of silence twice", async () => {
    const call = signals.begin(callId, loopback);
    call.tell("silence");
    call.tell("pause");
    clock.advance(100);
    await settled(voice, llama);
    expect(voice.heard).toEqual(["SILENCE:4200", "SILENCE:4200"]);
    expect(llama.heard.filter((text) => text === "SILENCE:4200")).toHaveLength(2);
  });

  test("is none of another call", async () => {
    const other = callIdOf(4_202);
    signals.begin(callId, loopback).tell("speech");
    signals.begin(other, loopback).tell("silence");
    clock.advance(100);
    await settled(voice);
    expect(voice.heard.toSorted()).toEqual(twice("SILENCE:4202", "SPEECH:4200"));
  });

  test("is not sent into the next call with the same id, nor beyond the end of this one", async () => {
    const first = signals.begin(callId, loopback);
    first.tell("speech");
    first.end();
    signals.begin(callId, loopback).tell("pause");
    clock.advance(100);
    await settled(llama, outbound);
    expect(llama.heard).toEqual([
      "REGISTER:4200",
      "SPEECH:4200",
      "BYE:4200",
      ...twice("REGISTER:4200"),
    ]);
    expect(outbound.heard).toEqual(["SPEECH:4200", "PAUSE:4200", "PAUSE:4200"]);
  });
});

describe("nothing is sent", () => {
  test("to this service itself, which listens where call 0 leads", async () => {
    const own = await Ear.open();
    const zero = callIdOf(own.port - 13_000);
    signals.close();
    signals = await openSignals({ ownPort: own.port });
    signals.begin(zero, loopback).tell("speech");
    clock.advance(20);
    await settled(own, voice);
    expect(own.heard).toEqual([]);
    expect(voice.heard).toHaveLength(2);
    own.close();
  });

  test("to the voice as if it were outbound, which is where call 1 leads", async () => {
    const one = callIdOf(voice.port - 13_000);
    signals.begin(one, loopback).tell("pause");
    clock.advance(20);
    await settled(voice);
    expect(voice.heard).toEqual([]);
  });

  test("to those who are not to be told", async () => {
    signals.close();
    signals = await CallerSignals.open({
      voice: undefined,
      llama: undefined,
      ownPort: () => 13_000,
      clock,
      log: createMemoryLog(clock).log,
    });
    const call = signals.begin(callId, loopback);
    call.tell("speech");
    call.turn({ silenceMs: 1, textMs: 1 });
    call.end();
    clock.advance(20);
    await settled(outbound);
    expect(outbound.heard).toEqual(["SPEECH:4200", "SPEECH:4200"]);
    expect(signals.status().datagrams).toBe(2);
  });
});

test("peers that are not there do not keep others from hearing, and are no news", async () => {
  const memory = createMemoryLog(systemClock, "info");
  const gone = await Ear.open();
  const { port } = gone;
  gone.close();
  signals.close();
  signals = await CallerSignals.open({
    voice: { address: loopback, port },
    llama,
    ownPort: () => 13_000,
    clock,
    log: memory.log,
  });
  const call = signals.begin(callId, loopback);
  for (let round = 0; round < 50; round += 1) {
    call.tell("speech");
    clock.advance(20);
    call.tell("silence");
    clock.advance(20);
  }
  await settled(llama);
  const { refused, sendFailures } = signals.status();
  expect(llama.heard).toHaveLength(202);
  expect(sendFailures).toBe(0);
  expect(refused).toBeGreaterThan(0);
  expect(memory.records).toEqual([]);
});

test("an IPv6 peer and an IPv4 peer are told by the same socket", async () => {
  const six = await Ear.open(0, "::1").catch(() => undefined);
  // Not every host that runs tests has IPv6.
  if (six === undefined) return;
  signals.close();
  signals = await openSignals({ voice: { address: "::1", port: six.port } });
  signals.begin(callId, loopback).tell("speech");
  await until(() => six.heard.length === 1, "the datagram");
  await settled(llama, outbound);
  expect(llama.heard).toEqual(["REGISTER:4200", "SPEECH:4200"]);
  expect(outbound.heard).toEqual(["SPEECH:4200"]);
  six.close();
});

test("a thousand calls leave no timer", () => {
  for (let index = 0; index < 1000; index += 1) {
    const call = signals.begin(callIdOf(2 + 2 * (index % 400)), loopback);
    call.tell("pause");
    if (index % 2 === 0) call.tell("speech");
    call.tell(index % 2 === 0 ? "silence" : "resume");
    call.end();
  }
  expect(clock.timers).toBeGreaterThan(0);
  clock.advance(20);
  expect(clock.timers).toBe(0);
});

test("whoever stops says the second time at once", async () => {
  signals.begin(callId, loopback).tell("speech");
  signals.close();
  expect(clock.timers).toBe(0);
  await settled(voice);
  expect(voice.heard).toEqual(["SPEECH:4200", "SPEECH:4200"]);
});
