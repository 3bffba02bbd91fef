/** Tones that a telephone line carries instead of speech: dialled digits, ring-back, busy. */
import { lineRateHz, type Sound } from "./noise.ts";
import type { Xorshift32 } from "./xorshift.ts";

interface Tone {
  /** Sounded together; none is silence. */
  readonly frequenciesHz: readonly number[];
  readonly lengthMs: number;
  /** Of each frequency, relative to the level that ITU-T G.711 calls 0 dBm0. */
  readonly levelDbm0: number;
}

/** A sine at full scale of mu-law (ITU-T G.711, section 4). */
const fullScaleDbm0 = 3.17;

/** ITU-T Q.23. */
const dtmfRowsHz = [697, 770, 852, 941] as const;
const dtmfColumnsHz = [1209, 1336, 1477, 1633] as const;
const dtmfLevelDbm0 = -7;
/** As telephones dial: short digits, a number of them, a pause; and now and then a key held down. */
const dtmfDigitMs = 90;
const dtmfGapMs = 70;
const dtmfHeldMs = 2000;
const dtmfNumberPauseMs = 1800;
const dtmfDigits = { least: 1, most: 12 } as const;

/** How long one country's tone is played before the next one's. */
const countryMs = 20_000;

/**
 * Ring-back (ITU-T E.180 and its supplement 2): the recommended 425 Hz with 1 s on and 4 s off, as
 * in Germany; North America's precise tone plan; the double ring of the United Kingdom.
 */
const ringBacks: readonly (readonly Tone[])[] = [
  [on([425], 1000, -10), off(4000)],
  [on([440, 480], 2000, -19), off(4000)],
  [on([400, 450], 400, -16), off(200), on([400, 450], 400, -16), off(2000)],
];

/** Busy, of the same three countries: 425 Hz at 480 ms, 480 and 620 Hz at 500 ms, 400 Hz at 375 ms. */
const busyTones: readonly (readonly Tone[])[] = [
  [on([425], 480, -10), off(480)],
  [on([480, 620], 500, -24), off(500)],
  [on([400], 375, -16), off(375)],
];

export function ringBack(): Sound {
  return play(inTurns(ringBacks));
}

export function busy(): Sound {
  return play(inTurns(busyTones));
}

/** Numbers that somebody dials. */
export function dtmf(random: Xorshift32): Sound {
  return play(dialling(random));
}

function* dialling(random: Xorshift32): Generator<Tone, never> {
  for (;;) {
    const range = dtmfDigits.most - dtmfDigits.least + 1;
    const digits = dtmfDigits.least + Math.floor(random.unit() * range);
    for (let digit = 0; digit < digits; digit += 1) {
      const frequenciesHz = [pick(dtmfRowsHz, random), pick(dtmfColumnsHz, random)];
      // The only digit of a "number" is a key that is held down.
      yield on(frequenciesHz, digits === 1 ? dtmfHeldMs : dtmfDigitMs, dtmfLevelDbm0);
      yield off(dtmfGapMs);
    }
    yield off(dtmfNumberPauseMs);
  }
}

function* inTurns(countries: readonly (readonly Tone[])[]): Generator<Tone, never> {
  for (;;) {
    for (const cadence of countries) {
      const periodMs = cadence.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
      for (let ms = 0; ms < countryMs; ms += periodMs) yield* cadence;
    }
  }
}

function play(tones: Generator<Tone, never>): Sound {
  let tone = tones.next().value;
  let sample = 0;
  return () => {
    if (sample >= (tone.lengthMs * lineRateHz) / 1000) {
      tone = tones.next().value;
      sample = 0;
    }
    const seconds = sample / lineRateHz;
    sample += 1;
    let sum = 0;
    for (const hz of tone.frequenciesHz) sum += Math.sin(2 * Math.PI * hz * seconds);
    return sum * 10 ** ((tone.levelDbm0 - fullScaleDbm0) / 20);
  };
}

function on(frequenciesHz: readonly number[], lengthMs: number, levelDbm0: number): Tone {
  return { frequenciesHz, lengthMs, levelDbm0 };
}

function off(lengthMs: number): Tone {
  return { frequenciesHz: [], lengthMs, levelDbm0: 0 };
}

function pick<T>(choices: readonly [T, ...T[]], random: Xorshift32): T {
  return choices[Math.floor(random.unit() * choices.length)] ?? choices[0];
}
