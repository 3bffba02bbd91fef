/** A speech detector over a scripted voice, whose windows carry their own number. */
import { expect } from "bun:test";
import { SpeechDetector } from "../../src/whisper/speech-detector.ts";
import { voiceWindowSamples } from "../../src/whisper/voice-activity.ts";
import { type HeardWindow, ScriptedVoice } from "../fakes/scripted-voice.ts";

export const warmUpWindows = 8;
/** The first sample of a window says which one it is, too softly to be heard. */
const numberScale = 2 ** -24;

export function numberedWindow(number: number, amplitude: number): Float32Array {
  const window = Float32Array.from({ length: voiceWindowSamples }, (_, index) =>
    index % 2 === 0 ? amplitude : -amplitude,
  );
  window[0] = number * numberScale;
  return window;
}

export function numberOf(window: Float32Array): number {
  return (window[0] ?? 0) / numberScale;
}

/** One window a letter: `#` is loud, everything else is silence. */
export function numberedWindows(pattern: string, firstNumber = 0): Float32Array[] {
  return Array.from(pattern, (letter, index) =>
    numberedWindow(firstNumber + index, letter === "#" ? 0.3 : 0),
  );
}

/** So sure that it is unlike what energy says. */
export function probabilityOf(number: number): number {
  return 0.5 + (number % 97) / 256;
}

type Output = { readonly window: number; readonly probability: number } | { readonly rest: number };

export class DetectorRig {
  readonly voice = new ScriptedVoice();
  readonly outputs: Output[] = [];
  readonly failures: string[] = [];
  readonly detector: SpeechDetector;

  constructor() {
    this.voice.keepsWindows = true;
    this.voice.judge = (window) => probabilityOf(numberOf(window));
    this.voice.answersAtOnce = false;
    this.detector = new SpeechDetector({
      voice: this.voice,
      onWindow: (window, probability) => {
        this.outputs.push({ window: numberOf(window), probability });
      },
      onFailed: (error) => this.failures.push(error.message),
    });
  }

  push(pattern: string, firstNumber = 0): void {
    for (const window of numberedWindows(pattern, firstNumber)) this.detector.push(window);
  }

  mark(): void {
    this.detector.afterAll((rest) => this.outputs.push({ rest: rest.length }));
  }

  get windows(): number[] {
    return this.outputs.flatMap((output) => ("window" in output ? [output.window] : []));
  }

  get probabilities(): number[] {
    return this.outputs.flatMap((output) => ("window" in output ? [output.probability] : []));
  }

  /** What the detector heard: numbers, with `!` where its memory was cleared before. */
  get heard(): string {
    return shown(this.voice.streams.flatMap(({ heard }) => heard));
  }
}

function shown(heard: readonly HeardWindow[]): string {
  return heard.map(({ samples, forget }) => `${forget ? "!" : ""}${numberOf(samples)}`).join(" ");
}

/** The same way of writing, for windows in a row. */
export function row(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index).join(" ");
}

/** Throws unless the memory was cleared exactly where sound is missing, or where a mark was. */
export function expectContinuity(heard: readonly HeardWindow[], marks: readonly number[]): void {
  let previous: number | undefined;
  for (const { samples, forget } of heard) {
    const number = numberOf(samples);
    const isNext = number - 1 === previous && !marks.includes(number);
    if (previous !== undefined) expect(number).toBeGreaterThan(previous);
    expect({ number, forget }).toEqual({ number, forget: !isNext });
    previous = number;
  }
}
