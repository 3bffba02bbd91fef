/** A telephone line that returns a share of what it is told, after a while, with what its caller says. */
import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from "../src/audio/g711.ts";
import { SampleFifo } from "../src/audio/sample-fifo.ts";
import type { PbxLine } from "./pbx-call.ts";

export interface EchoingLineOptions {
  readonly codec: "PCMU" | "PCMA";
  readonly delayMs: number;
  /** How much weaker than what is heard the echo is. */
  readonly lossDb: number;
}

const samplesPerMs = 8;
/** 5 s. */
const mostLeftOut = 40_000;
const laws = {
  PCMU: { encode: encodeMuLaw, decode: decodeMuLaw },
  PCMA: { encode: encodeALaw, decode: decodeALaw },
};

export class EchoingLine implements PbxLine {
  readonly #law: (typeof laws)["PCMU"];
  readonly #gain: number;
  readonly #delaySamples: number;
  readonly #way: SampleFifo;
  /** Timestamp of the frame that comes next; undefined before the first. */
  #next: number | undefined;
  /** Sound that was not there in time: what comes in its place is too late. */
  #missing = 0;

  constructor({ codec, delayMs, lossDb }: EchoingLineOptions) {
    this.#law = laws[codec];
    this.#gain = 10 ** (-lossDb / 20);
    this.#delaySamples = delayMs * samplesPerMs;
    this.#way = new SampleFifo(this.#delaySamples, 10_000 * samplesPerMs);
  }

  heard(frame: Uint8Array, timestamp: number): void {
    const left = this.#next === undefined ? this.#delaySamples : (timestamp - this.#next) | 0;
    this.#next = (timestamp + frame.length) >>> 0;
    // What was left out was silence.
    if (left > 0) this.#put(new Float32Array(Math.min(left, mostLeftOut)));
    this.#put(this.#law.decode(frame));
  }

  send(frame: Uint8Array, missed: number): Uint8Array {
    for (let count = 0; count < missed; count += 1) this.#take(frame.length);
    const samples = this.#law.decode(frame);
    const echo = this.#take(frame.length);
    return this.#law.encode(
      samples.map((sample, index) => sample + this.#gain * (echo[index] ?? 0)),
    );
  }

  #put(sound: Float32Array): void {
    const late = Math.min(this.#missing, sound.length);
    this.#missing -= late;
    this.#way.push(sound.subarray(late), sound.length - late);
  }

  #take(count: number): Float32Array {
    const echo = new Float32Array(count);
    const taken = this.#way.shift(echo, count);
    if (this.#next !== undefined) this.#missing += count - taken;
    return echo;
  }
}
