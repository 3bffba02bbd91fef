import { describe, expect, test } from "bun:test";
import { JitterBuffer } from "../../src/audio/jitter-buffer.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import {
  allPlaces,
  makeTrace,
  play,
  positions,
  put,
  type TraceOptions,
  type TracePacket,
} from "./jitter-traces.ts";

/** Between two ticks; the first packet of all waits for one more. */
const tickMs = 20;
const maxWaitMs = 200;

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

interface GoodNetwork {
  readonly name: string;
  readonly options: TraceOptions;
}

const goodNetworks: readonly GoodNetwork[] = [
  { name: "constant delay", options: { packets: 500 } },
  {
    name: "delays of 0 to 60 ms that turn packets around",
    options: { packets: 3000, delayMs: (_, random) => 60 * random.unit() },
  },
  {
    name: "spikes of 200 ms behind which all others queue",
    options: { packets: 3000, delayMs: (at) => (at % 250 === 249 ? 200 : 0), isFifo: true },
  },
  {
    name: "bursts of five packets",
    options: { packets: 3000, delayMs: (at) => (4 - (at % 5)) * 20, isFifo: true },
  },
  {
    name: "every tenth packet overtaken by the next",
    options: { packets: 3000, delayMs: (at) => (at % 10 === 5 ? 25 : 0) },
  },
  {
    name: "every seventh packet doubled",
    options: { packets: 1000, isDoubled: (at) => at % 7 === 3 },
  },
  {
    name: "ten minutes from a clock that is 100 ppm slow",
    options: { packets: 30_000, driftPpm: 100, delayMs: (_, random) => 10 * random.unit() },
  },
  {
    name: "ten minutes from a clock that is 100 ppm fast",
    options: { packets: 30_000, driftPpm: -100, delayMs: (_, random) => 10 * random.unit() },
  },
  {
    name: "numbers that wrap around",
    options: { packets: 500, firstSequence: 65_400, firstTimestamp: 2 ** 32 - 20_000 },
  },
];

describe.each(goodNetworks)("$name", ({ options }) => {
  test("every packet is heard, once, in order, and nothing is put between them", () => {
    const trace = makeTrace(options);
    const buffer = new JitterBuffer();
    const heard = play(buffer, trace);
    expect(heard.places).toEqual(allPlaces(trace));
    expect([heard.missingTicks, heard.silentTicks]).toEqual([0, 0]);
    expect([buffer.counters.lost, buffer.counters.late, buffer.counters.insertedMs]).toEqual([
      0, 0, 0,
    ]);
  });
});

test("what is in order does not wait at all: it is given at the next tick", () => {
  for (const driftPpm of [-100, 0, 100]) {
    const trace = makeTrace({ packets: 30_000, driftPpm });
    const { delaysMs } = play(new JitterBuffer(), trace);
    expect(delaysMs).toHaveLength(trace.length);
    expect(largest(delaysMs.slice(2))).toBeLessThanOrEqual(tickMs);
  }
});

test("however packets are turned around, none waits longer than the limit and two ticks", () => {
  const trace = makeTrace({ packets: 5000, delayMs: (_, random) => 500 * random.unit() });
  const { delaysMs, places } = play(new JitterBuffer(), trace);
  expect(largest(delaysMs)).toBeLessThanOrEqual(maxWaitMs + 2 * tickMs);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(new Set(places).size).toBe(places.length);
});

interface Loss {
  readonly name: string;
  readonly isLost: (index: number, random: SeededRandom) => boolean;
}

/** Two states after Gilbert: losses that come in bursts of five packets on average. */
function burstLoss(share: number): Loss["isLost"] {
  let isBad = false;
  const leaving = 0.2;
  const entering = (leaving * share) / (1 - share);
  return (index, random) => {
    isBad = isBad ? random.unit() >= leaving : random.unit() < entering;
    return isBad && index > 0;
  };
}

const losses: readonly Loss[] = [1, 5, 10, 20].flatMap((percent) => [
  {
    name: `${percent} % of the packets lost one by one`,
    isLost: (index: number, random: SeededRandom) => random.unit() < percent / 100 && index > 0,
  },
  { name: `${percent} % of the packets lost in bursts`, isLost: burstLoss(percent / 100) },
]);

describe.each(losses)("$name", ({ isLost }) => {
  const trace = makeTrace({
    packets: 3000,
    isLost: (index, random) => index < 2999 && isLost(index, random),
    delayMs: (_, random) => 15 * random.unit(),
  });

  test("exactly the lost packets are missing, and their time is kept", () => {
    const buffer = new JitterBuffer();
    const heard = play(buffer, trace);
    expect(heard.places).toEqual(allPlaces(trace));
    expect(trace.length).toBeLessThan(2990);
    expect(buffer.counters.lost).toBe(3000 - trace.length);
    // A burst of more than 300 ms is silence before it turns out to be loss.
    expect(heard.missingTicks + heard.silentTicks).toBe((3000 - trace.length) * 160);
    expect(buffer.counters.late).toBe(0);
  });

  test("nothing waits longer than the network has shown to be worth it", () => {
    const buffer = new JitterBuffer();
    const { delaysMs } = play(buffer, trace);
    expect(buffer.waitMs).toBeLessThanOrEqual(80);
    expect(largest(delaysMs)).toBeLessThanOrEqual(80 + 2 * tickMs);
  });
});

test("single packets that are overtaken by 200 ms are lost once or twice, then waited for", () => {
  const trace = makeTrace({ packets: 6000, delayMs: (at) => (at % 150 === 149 ? 200 : 0) });
  const buffer = new JitterBuffer();
  const heard = play(buffer, trace);
  expect(buffer.counters.lost).toBeGreaterThan(0);
  expect(buffer.counters.lost).toBeLessThanOrEqual(2);
  expect(buffer.counters.late).toBe(buffer.counters.lost);
  expect(heard.missingTicks).toBe(buffer.counters.lost * 160);
});

test("the wait follows the spread of the delays, up quickly and down slowly, within its bounds", () => {
  const waits: number[] = [];
  const buffer = new JitterBuffer({ minWaitMs: 20, maxWaitMs: 150 });
  let index = 0;
  const phase = (packets: number, spreadMs: number): void => {
    const random = new SeededRandom(index + 1);
    for (const end = index + packets; index < end; index += 1) {
      const arrivalMs = index * 20 + spreadMs * random.unit();
      put(buffer, {
        sequence: index & 0xffff,
        timestamp: index * 160,
        payload: positions(0, 160),
        arrivalMs,
      });
      while (buffer.take(arrivalMs) !== "empty");
    }
    waits.push(Math.round(buffer.waitMs));
  };
  phase(1000, 0);
  phase(40, 100);
  phase(100, 0);
  phase(4000, 0);
  phase(200, 1000);
  const [calm = 0, rough = 0, soonAfter = 0, calmAgain = 0, wild = 0] = waits;
  expect(calm).toBe(20);
  expect(rough).toBeGreaterThan(60);
  expect(soonAfter).toBeGreaterThan(50);
  expect(calmAgain).toBeLessThan(30);
  expect(wild).toBe(150);
});

describe.each([10, 20, 30, 40, 60])("packets of %i ms", (ptimeMs) => {
  test("come out whole, in frames of at most 20 ms, lost ones as time", () => {
    const packets = 600;
    const trace = makeTrace({ packets, ptimeMs, isLost: (at) => at % 20 === 7 });
    const heard = play(new JitterBuffer(), trace);
    expect(heard.places).toEqual(allPlaces(trace));
    expect(heard.missingTicks).toBe((packets - trace.length) * ptimeMs * 8);
    expect(heard.silentTicks).toBe(0);
  });
});

/** One packet of 20 ms that arrives when it is sent, unless told otherwise. */
function packetAt(index: number, change: Partial<TracePacket> = {}): Omit<TracePacket, "index"> {
  return {
    sequence: index & 0xffff,
    timestamp: (index * 160) % 2 ** 32,
    payload: positions(index * 160, 160),
    arrivalMs: index * 20,
    ...change,
  };
}

/** What is given at one moment: the kinds, with the milliseconds of each. */
function takenAt(buffer: JitterBuffer, nowMs: number): Record<string, number> {
  const sums: Record<string, number> = {};
  for (let round = 0; round < 1000; round += 1) {
    const taken = buffer.take(nowMs);
    if (taken === "empty") return sums;
    const ms = taken === "noise" ? 1 : buffer.frameLength / 8;
    sums[taken] = (sums[taken] ?? 0) + ms;
  }
  throw new Error("take never gives empty");
}

/** A buffer that has played the packets 0 to `count - 1`. */
function playedBuffer(count: number): JitterBuffer {
  const buffer = new JitterBuffer();
  for (let index = 0; index < count; index += 1) {
    put(buffer, packetAt(index));
    takenAt(buffer, index * 20);
  }
  return buffer;
}

test("nothing is given before the first packet, however long that takes", () => {
  const buffer = new JitterBuffer();
  expect(takenAt(buffer, 1_000_000)).toEqual({});
});

test("a packet that was sent before the first one that came is still heard first", () => {
  const buffer = new JitterBuffer();
  put(buffer, packetAt(5, { arrivalMs: 100 }));
  expect(takenAt(buffer, 110)).toEqual({});
  put(buffer, packetAt(4, { arrivalMs: 115 }));
  const heard = play(buffer, [{ index: 6, ...packetAt(6, { arrivalMs: 121 }) }]);
  expect(heard.places).toEqual(
    allPlaces([4, 5, 6].map((index) => ({ index, ...packetAt(index) }))),
  );
});

test("packets stop for less than the hold: nothing takes their place", () => {
  const buffer = playedBuffer(50);
  expect(takenAt(buffer, 49 * 20 + 299)).toEqual({});
  put(buffer, packetAt(50, { arrivalMs: 49 * 20 + 299 }));
  put(buffer, packetAt(51, { arrivalMs: 49 * 20 + 299 }));
  expect(takenAt(buffer, 49 * 20 + 299)).toEqual({ frame: 40 });
});

test("packets stop for longer: silence for all of the time, then as time goes on", () => {
  const buffer = playedBuffer(50);
  const lastMs = 49 * 20;
  expect(takenAt(buffer, lastMs + 300)).toEqual({ silence: 300 });
  expect(takenAt(buffer, lastMs + 319)).toEqual({});
  expect(takenAt(buffer, lastMs + 360)).toEqual({ silence: 60 });
});

test("an outage of 3 s whose packets come all at once afterwards: every one is heard", () => {
  const buffer = playedBuffer(50);
  const silentMs = takenAt(buffer, 3960)["silence"];
  for (let index = 50; index < 200; index += 1) put(buffer, packetAt(index, { arrivalMs: 3980 }));
  expect(takenAt(buffer, 3980)).toEqual({ frame: 3000 });
  expect(silentMs).toBe(2980);
  expect(buffer.counters.insertedMs).toBe(2980);
  expect(buffer.counters.lost).toBe(0);
});

test("a pause without a gap in the sequence is silence at once, and not loss", () => {
  const buffer = playedBuffer(50);
  put(buffer, packetAt(58, { sequence: 50, arrivalMs: 50 * 20 + 150 }));
  expect(takenAt(buffer, 50 * 20 + 150)).toEqual({ silence: 160, frame: 20 });
  expect(buffer.counters.lost).toBe(0);
});

test("telephone events take the sequence numbers that they need, and no time", () => {
  const buffer = playedBuffer(50);
  for (let index = 50; index < 56; index += 1) {
    const event = { timestamp: 50 * 160, payload: new Uint8Array(4) };
    put(buffer, packetAt(index, event), "event");
    expect(takenAt(buffer, index * 20)).toEqual({});
  }
  put(buffer, packetAt(56));
  expect(takenAt(buffer, 56 * 20)).toEqual({ silence: 120, frame: 20 });
  expect(buffer.counters.lost).toBe(0);
});

test("after comfort noise, silence comes at its own pace until somebody speaks again", () => {
  const buffer = playedBuffer(50);
  const noise = Uint8Array.of(60, 127);
  put(buffer, packetAt(50, { payload: noise }), "CN");
  expect(buffer.take(1000)).toBe("noise");
  expect([...buffer.frame.subarray(0, buffer.frameLength)]).toEqual([...noise]);
  expect(takenAt(buffer, 1000)).toEqual({ silence: 20 });
  expect(takenAt(buffer, 1040)).toEqual({ silence: 40 });
  expect(takenAt(buffer, 3000)).toEqual({ silence: 1960 });
  put(buffer, packetAt(152, { sequence: 51, arrivalMs: 3040 }));
  expect(takenAt(buffer, 3040)).toEqual({ silence: 20, frame: 20 });
  expect(buffer.counters.insertedMs).toBe(0);
});

test("a late packet is not played any more, and counts as late; one that was played as doubled", () => {
  const buffer = playedBuffer(50);
  put(buffer, packetAt(51));
  expect(takenAt(buffer, 51 * 20 + 59)).toEqual({});
  expect(takenAt(buffer, 51 * 20 + 60)).toEqual({ missing: 20, frame: 20 });
  put(buffer, packetAt(50, { arrivalMs: 1090 }));
  put(buffer, packetAt(51, { arrivalMs: 1090 }));
  put(buffer, packetAt(49, { arrivalMs: 1090 }));
  expect(takenAt(buffer, 1090)).toEqual({});
  expect(buffer.counters).toMatchObject({ lost: 1, late: 1, duplicate: 2 });
  expect(buffer.waitMs).toBeGreaterThan(90);
});

test.each([5 * 160, 2 ** 31, -40_000])("a timestamp that jumps by %i loses no sound", (jump) => {
  const buffer = playedBuffer(50);
  for (let index = 50; index < 60; index += 1) {
    const timestamp = (index * 160 + jump + 2 ** 32) % 2 ** 32;
    put(buffer, packetAt(index, { timestamp }));
    expect(takenAt(buffer, index * 20)).toMatchObject({ frame: 20 });
  }
  expect(buffer.counters.lost).toBe(0);
});

test("a sequence that jumps is believed with the second packet, and the first is heard too", () => {
  const buffer = playedBuffer(50);
  put(buffer, packetAt(50, { sequence: 30_000 }));
  expect(takenAt(buffer, 1000)).toEqual({});
  put(buffer, packetAt(51, { sequence: 30_001 }));
  expect(takenAt(buffer, 1040)).toEqual({ frame: 40 });
  expect(buffer.counters).toMatchObject({ jumps: 1, lost: 0 });
});

test("one stray packet changes nothing", () => {
  const buffer = playedBuffer(50);
  put(buffer, packetAt(50, { sequence: 30_000 }));
  for (let index = 50; index < 60; index += 1) put(buffer, packetAt(index));
  expect(takenAt(buffer, 1200)).toEqual({ frame: 200 });
  expect(buffer.counters).toMatchObject({ jumps: 0, lost: 0 });
});

test("after a restart any numbers are a new stream, and what came is heard at once", () => {
  const buffer = playedBuffer(50);
  buffer.restart();
  put(buffer, packetAt(50, { sequence: 9, timestamp: 123_456_789 }));
  put(buffer, packetAt(51, { sequence: 10, timestamp: 123_456_949 }));
  expect(takenAt(buffer, 1030)).toEqual({ frame: 40 });
  expect(buffer.counters).toMatchObject({ restarts: 1, lost: 0, jumps: 0 });
});

test("when nobody takes, the oldest packets make room and are counted", () => {
  const buffer = new JitterBuffer();
  const trace = makeTrace({ packets: 400 });
  for (const packet of trace) put(buffer, packet);
  const heard = play(buffer, [{ index: 400, ...packetAt(400, { arrivalMs: 9000 }) }]);
  expect(heard.places.at(0)).toBe(144 * 160);
  expect(heard.places.length).toBe(257 * 40);
  expect(buffer.counters.overflowed).toBe(144);
});

test("payloads longer than 60 ms are refused; empty ones take no time", () => {
  const buffer = playedBuffer(50);
  put(buffer, packetAt(50, { payload: new Uint8Array(481) }));
  put(buffer, packetAt(50, { payload: new Uint8Array(0) }));
  put(buffer, packetAt(51, { timestamp: 50 * 160 }));
  expect(takenAt(buffer, 1020)).toEqual({ frame: 20 });
  expect(buffer.counters).toMatchObject({ refused: 1, lost: 0 });
});

test("any numbers in any order: nothing throws, each moment ends, and each packet is counted once", () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = new SeededRandom(seed);
    const buffer = new JitterBuffer();
    let nowMs = 0;
    for (let step = 0; step < 1000; step += 1) {
      const isWild = random.unit() < 0.2;
      const payload = random.bytes(random.between(0, isWild ? 600 : 160));
      const sequence = isWild ? random.between(0, 65_535) : (step + random.between(-3, 3)) & 0xffff;
      const timestamp = isWild ? random.between(0, 2 ** 32 - 1) : step * 160;
      const format = random.pick(["PCMU", "PCMA", "G722", "CN", "event"] as const);
      put(buffer, { sequence, timestamp, payload, arrivalMs: nowMs }, format);
      if (random.unit() < 0.01) buffer.restart();
      nowMs += random.between(0, 40);
      takenAt(buffer, nowMs);
    }
    const { received, played, duplicate, late, overflowed, refused } = buffer.counters;
    expect(received).toBe(1000);
    expect(played + duplicate + late + overflowed + refused).toBeLessThanOrEqual(1000);
    expect(played).toBeGreaterThan(100);
  }
});
