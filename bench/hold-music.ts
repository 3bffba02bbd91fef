/**
 * Music on hold, made up as it goes: a melody with harmonics and vibrato, chords, a bass and drums,
 * in pieces that differ in key, tempo, mood and instruments.
 */
import {
  brass,
  flute,
  guitar,
  type Instrument,
  periodOf,
  periodSamples,
  piano,
  strings,
} from "./instruments.ts";
import { lineRateHz, type Sound } from "./noise.ts";
import type { Xorshift32 } from "./xorshift.ts";

interface Piece {
  readonly barSamples: number;
  /** MIDI number of the key note. */
  readonly keyNote: number;
  readonly scale: readonly number[];
  /** Steps of the scale on which the chords stand, one a bar. */
  readonly chords: readonly number[];
  readonly lead: Instrument;
  readonly pad: Instrument;
  readonly hasDrums: boolean;
  readonly hasLead: boolean;
}

interface Note {
  readonly midi: number;
  readonly startSample: number;
  readonly lengthSamples: number;
  readonly gain: number;
}

const leads = [flute, strings, brass, guitar, piano] as const;
const pads = [strings, piano, guitar] as const;
const major = [0, 2, 4, 5, 7, 9, 11] as const;
const minor = [0, 2, 3, 5, 7, 8, 10] as const;
const chordPatterns: readonly [readonly number[], ...(readonly number[])[]] = [
  [0, 4, 5, 3],
  [0, 5, 3, 4],
  [0, 3, 0, 4],
  [1, 4, 0, 0],
];
const barsInPiece = 12;
const beatsInBar = 4;
const tempo = { slowestBpm: 66, fastestBpm: 138 } as const;
const gains = { lead: 0.2, pad: 0.05, bass: 0.14, kick: 0.3, snare: 0.12, hat: 0.05 } as const;
const vibratoHz = 5.2;
const releaseMs = 25;
const concertPitchHz = 440;
const concertPitchMidi = 69;

export function holdMusic(random: Xorshift32): Sound {
  const bars = playPieces(random);
  let bar = bars.next().value;
  let sample = 0;
  return () => {
    if (sample === bar.length) {
      bar = bars.next().value;
      sample = 0;
    }
    sample += 1;
    return bar[sample - 1] ?? 0;
  };
}

function* playPieces(random: Xorshift32): Generator<Float32Array, never> {
  for (;;) {
    const piece = composePiece(random);
    let step = 7;
    for (let bar = 0; bar < barsInPiece; bar += 1) {
      const samples = new Float32Array(piece.barSamples);
      const chord = piece.chords[bar % piece.chords.length] ?? 0;
      playChord(samples, piece, chord);
      if (piece.hasLead) step = playMelody(samples, piece, step, random);
      if (piece.hasDrums) playDrums(samples, random);
      yield samples;
    }
  }
}

function composePiece(random: Xorshift32): Piece {
  const bpm = tempo.slowestBpm + random.unit() * (tempo.fastestBpm - tempo.slowestBpm);
  return {
    barSamples: Math.round((beatsInBar * 60 * lineRateHz) / bpm),
    keyNote: 48 + Math.floor(random.unit() * 12),
    scale: random.unit() < 0.6 ? major : minor,
    chords: pick(chordPatterns, random),
    lead: pick(leads, random),
    pad: pick(pads, random),
    hasDrums: random.unit() < 0.6,
    hasLead: random.unit() < 0.85,
  };
}

function playChord(samples: Float32Array, piece: Piece, chord: number): void {
  const lengthSamples = samples.length;
  for (const third of [0, 2, 4]) {
    const midi = noteAt(piece, chord + third);
    addNote(samples, piece.pad, { midi, startSample: 0, lengthSamples, gain: gains.pad });
  }
  const midi = noteAt(piece, chord) - 12;
  const half = Math.floor(lengthSamples / 2);
  for (const startSample of [0, half]) {
    addNote(samples, guitar, { midi, startSample, lengthSamples: half, gain: gains.bass });
  }
}

/** A walk over the scale with notes of a half, one or two beats, and rests; returns where it ends. */
function playMelody(
  samples: Float32Array,
  piece: Piece,
  fromStep: number,
  random: Xorshift32,
): number {
  const halfBeat = samples.length / beatsInBar / 2;
  let step = fromStep;
  let at = 0;
  while (at < beatsInBar * 2) {
    const halfBeats = Math.min(pick([1, 1, 2, 2, 4], random), beatsInBar * 2 - at);
    step = Math.min(15, Math.max(4, step + Math.round((random.unit() - 0.5) * 6)));
    if (random.unit() < 0.85) {
      addNote(samples, piece.lead, {
        midi: noteAt(piece, step),
        startSample: Math.round(at * halfBeat),
        lengthSamples: Math.floor(halfBeats * halfBeat),
        gain: gains.lead,
      });
    }
    at += halfBeats;
  }
  return step;
}

function playDrums(samples: Float32Array, random: Xorshift32): void {
  const beat = Math.floor(samples.length / beatsInBar);
  for (let half = 0; half < beatsInBar * 2; half += 1) {
    const start = Math.floor((half * beat) / 2);
    addBurst(samples, start, { gain: gains.hat, decayMs: 15, random });
    if (half % 4 === 2) addBurst(samples, start, { gain: gains.snare, decayMs: 60, random });
    if (half % 4 === 0) addKick(samples, start);
  }
}

function addNote(samples: Float32Array, instrument: Instrument, note: Note): void {
  const hz = concertPitchHz * 2 ** ((note.midi - concertPitchMidi) / 12);
  const period = periodOf(instrument, Math.floor(lineRateHz / 2 / hz));
  const end = Math.min(note.startSample + note.lengthSamples, samples.length);
  let phase = 0;
  for (let index = note.startSample; index < end; index += 1) {
    const ms = ((index - note.startSample) * 1000) / lineRateHz;
    const attack = Math.min(1, ms / instrument.attackMs);
    const release = Math.min(1, ((end - index) * 1000) / lineRateHz / releaseMs);
    const envelope = attack * release * Math.exp(-ms / instrument.decayMs);
    const vibrato = instrument.vibratoShare * Math.sin((2 * Math.PI * vibratoHz * ms) / 1000);
    phase = (phase + (hz * (1 + vibrato)) / lineRateHz) % 1;
    const sample = period[Math.floor(phase * periodSamples)] ?? 0;
    samples[index] = (samples[index] ?? 0) + note.gain * envelope * sample;
  }
}

interface Burst {
  readonly gain: number;
  readonly decayMs: number;
  readonly random: Xorshift32;
}

function addBurst(samples: Float32Array, start: number, { gain, decayMs, random }: Burst): void {
  const decaySamples = (decayMs * lineRateHz) / 1000;
  const end = Math.min(samples.length, start + 5 * decaySamples);
  for (let index = start; index < end; index += 1) {
    const envelope = Math.exp((start - index) / decaySamples);
    samples[index] = (samples[index] ?? 0) + gain * envelope * (random.unit() * 2 - 1);
  }
}

/** A sine that falls from 160 to 50 Hz, of which a telephone leaves the beginning. */
function addKick(samples: Float32Array, start: number): void {
  let phase = 0;
  const end = Math.min(samples.length, start + lineRateHz / 5);
  for (let index = start; index < end; index += 1) {
    const seconds = (index - start) / lineRateHz;
    phase += (50 + 110 * Math.exp(-seconds * 30)) / lineRateHz;
    const sample = gains.kick * Math.exp(-seconds * 18) * Math.sin(2 * Math.PI * phase);
    samples[index] = (samples[index] ?? 0) + sample;
  }
}

/** The MIDI number of a step of the scale; seven steps are an octave. */
function noteAt({ keyNote, scale }: Piece, step: number): number {
  const octave = Math.floor(step / scale.length);
  return keyNote + 12 * octave + (scale[step % scale.length] ?? 0);
}

function pick<T>(choices: readonly [T, ...T[]], random: Xorshift32): T {
  return choices[Math.floor(random.unit() * choices.length)] ?? choices[0];
}
