/** The caller's end of one telephone line: what they say on top of its noise, and what they hear. */
import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from "../src/audio/g711.ts";
import { AgentEar } from "./agent-ear.ts";
import { EchoingLine } from "./echoing-line.ts";
import { atLevel, lineRateHz, type Sound, whiteNoise } from "./noise.ts";
import type { PbxLine } from "./pbx-call.ts";
import type { SpokenUtterance } from "./spoken-utterance.ts";
import { Xorshift32 } from "./xorshift.ts";

export interface CallerLineOptions {
  readonly codec: "PCMU" | "PCMA";
  readonly noiseDbfs: number;
  readonly seed: number;
  /** Undefined: nothing of the agent comes back. */
  readonly echo?: { readonly delayMs: number; readonly lossDb: number } | undefined;
}

/** When the sounds of one utterance were sent, by performance.now(). */
export interface SaidUtterance {
  readonly firstSoundMs: number;
  readonly lastSoundMs: number;
}

interface Saying {
  readonly utterance: SpokenUtterance;
  at: number;
  firstSoundMs: number;
  lastSoundMs: number;
  readonly said: (said: SaidUtterance) => void;
}

const frameSamples = lineRateHz / 50;
const laws = {
  PCMU: { encode: encodeMuLaw, decode: decodeMuLaw },
  PCMA: { encode: encodeALaw, decode: decodeALaw },
} as const;

export class CallerLine implements PbxLine {
  readonly ear = new AgentEar();
  readonly #law: (typeof laws)["PCMU"];
  readonly #noise: Sound;
  readonly #echo: EchoingLine | undefined;
  readonly #frame = new Float32Array(frameSamples);
  #saying: Saying | undefined;

  constructor({ codec, noiseDbfs, seed, echo }: CallerLineOptions) {
    this.#law = laws[codec];
    this.#noise = atLevel(whiteNoise(new Xorshift32(seed)), noiseDbfs);
    this.#echo = echo === undefined ? undefined : new EchoingLine({ codec, ...echo });
  }

  /** Resolves when its last packet is out. One at a time. */
  async say(utterance: SpokenUtterance): Promise<SaidUtterance> {
    return await new Promise((said) => {
      this.#saying = { utterance, at: 0, firstSoundMs: 0, lastSoundMs: 0, said };
    });
  }

  heard(frame: Uint8Array, timestamp: number): void {
    this.ear.hear(this.#law.decode(frame));
    this.#echo?.heard(frame, timestamp);
  }

  send(_silence: Uint8Array, missed: number): Uint8Array {
    const frame = this.#frame;
    for (let index = 0; index < frame.length; index += 1) frame[index] = this.#noise();
    this.#speak(frame);
    const encoded = this.#law.encode(frame);
    return this.#echo?.send(encoded, missed) ?? encoded;
  }

  #speak(frame: Float32Array): void {
    const saying = this.#saying;
    if (saying === undefined) return;
    const { utterance, at } = saying;
    const end = at + frame.length;
    const isIn = (sample: number): boolean => sample >= at && sample < end;
    const spoken = utterance.samples.subarray(at, end);
    for (const [index, sample] of spoken.entries()) frame[index] = (frame[index] ?? 0) + sample;
    if (isIn(utterance.firstSound)) saying.firstSoundMs = performance.now();
    if (isIn(utterance.lastSound)) saying.lastSoundMs = performance.now();
    saying.at = end;
    if (end < utterance.samples.length) return;
    this.#saying = undefined;
    const { firstSoundMs, lastSoundMs } = saying;
    saying.said({ firstSoundMs, lastSoundMs });
  }
}
