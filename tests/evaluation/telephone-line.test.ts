/** What a telephone line does to sound. */
import { describe, expect, test } from "bun:test";
import { levelDbfs } from "../../src/audio/level.ts";
import { PseudoRandom } from "../../src/evaluation/pseudo-random.ts";
import { resampleWhole } from "../../src/audio/resample-whole.ts";
import { throughTelephone } from "../../src/evaluation/telephone-line.ts";

const rateHz = 16_000;

function tone(hertz: number, seconds: number, amplitude = 0.3): Float32Array {
  const samples = new Float32Array(seconds * rateHz);
  return samples.map((_, index) => amplitude * Math.sin((2 * Math.PI * hertz * index) / rateHz));
}

function difference(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((sample, index) => sample - (b[index] ?? 0));
}

/** Away from the ends, where filters ring. */
function middle(samples: Float32Array): Float32Array {
  return samples.subarray(rateHz / 10, samples.length - rateHz / 10);
}

const random = (): PseudoRandom => new PseudoRandom("test");

describe("both laws", () => {
  for (const law of ["mu-law", "a-law"] as const) {
    test(`${law} keeps the length, lets 1 kHz pass and adds noise 30 to 50 dB below it`, () => {
      const clean = tone(1000, 1);
      const heard = throughTelephone(clean, { law }, random());
      expect(heard.length).toBe(clean.length);
      const noise = levelDbfs(middle(difference(heard, clean)));
      expect(levelDbfs(clean) - noise).toBeGreaterThan(30);
      expect(levelDbfs(clean) - noise).toBeLessThan(50);
    });

    test(`${law} lets nothing of 5 kHz pass`, () => {
      const heard = throughTelephone(tone(5000, 1), { law }, random());
      expect(levelDbfs(middle(heard))).toBeLessThan(-60);
    });
  }

  test("the laws differ", () => {
    const clean = tone(440, 0.1);
    const mu = throughTelephone(clean, { law: "mu-law" }, random());
    const a = throughTelephone(clean, { law: "a-law" }, random());
    expect(levelDbfs(difference(mu, a))).toBeGreaterThan(-70);
  });
});

describe("noise", () => {
  for (const snrDb of [20, 10, 0]) {
    test(`stands ${snrDb} dB below the speech, however long the pauses are`, () => {
      const clean = new Float32Array(3 * rateHz);
      clean.set(tone(1000, 1), rateHz);
      const heard = throughTelephone(clean, { law: "mu-law", snrDb }, random());
      const pause = levelDbfs(heard.subarray(rateHz * 0.1, rateHz * 0.9));
      // Coding adds a little of its own.
      expect(levelDbfs(tone(1000, 1)) - pause).toBeCloseTo(snrDb, -1);
      expect(Math.abs(levelDbfs(tone(1000, 1)) - pause - snrDb)).toBeLessThan(1);
    });
  }

  test("is the same for the same seed, and another for another", () => {
    const line = { law: "mu-law", snrDb: 10 } as const;
    const clean = tone(1000, 0.2);
    const first = throughTelephone(clean, line, new PseudoRandom("1"));
    expect(throughTelephone(clean, line, new PseudoRandom("1"))).toEqual(first);
    expect(throughTelephone(clean, line, new PseudoRandom("2"))).not.toEqual(first);
  });

  test("of silence is silence", () => {
    const heard = throughTelephone(new Float32Array(rateHz), { law: "a-law", snrDb: 5 }, random());
    // The quietest code of the A-law is not zero.
    expect(levelDbfs(heard)).toBeLessThan(-70);
  });
});

/** Share of 20 ms packets that are silent but for the ringing of the filters. */
function silentShare(samples: Float32Array): number {
  const packet = 320;
  let silent = 0;
  for (let at = 0; at + packet <= samples.length; at += packet) {
    if (levelDbfs(samples.subarray(at + 80, at + 240)) < -40) silent += 1;
  }
  return silent / Math.floor(samples.length / packet);
}

describe("lost packets", () => {
  test("about the given share of packets is silence of 20 ms", () => {
    for (const lossShare of [0, 0.05, 0.3, 1]) {
      const heard = throughTelephone(tone(1000, 60), { law: "mu-law", lossShare }, random());
      expect(Math.abs(silentShare(heard) - lossShare)).toBeLessThan(0.03);
    }
  });
});

test("sound of any length comes back, none too", () => {
  for (const length of [0, 1, 2, 319, 321, 12_345]) {
    const line = { law: "mu-law", snrDb: 10, lossShare: 0.1 } as const;
    const heard = throughTelephone(tone(500, 1).subarray(0, length), line, random());
    expect(Math.abs(heard.length - length)).toBeLessThanOrEqual(1);
    expect(heard.every((sample) => sample >= -1.2 && sample <= 1.2)).toBe(true);
  }
});

test("a recording at another rate keeps its tone and its length in time", () => {
  const at8 = resampleWhole(tone(1000, 1), { fromHz: rateHz, toHz: 8000 });
  expect(at8.length).toBe(8000);
  const back = resampleWhole(at8, { fromHz: 8000, toHz: rateHz });
  expect(levelDbfs(middle(difference(back, tone(1000, 1))))).toBeLessThan(-60);
});
