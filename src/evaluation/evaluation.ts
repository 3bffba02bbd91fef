/** Lets a recogniser hear a folder of recordings under each condition, with all lanes at work. */
import { describeError, quote } from "../core/errors.ts";
import { type Recogniser, whisperSampleRateHz } from "../whisper/recogniser.ts";
import { type DecodeSettings, Transcription } from "../whisper/transcription.ts";
import { type Condition, soundOf } from "./conditions.ts";
import type { RecordingFile } from "./recording.ts";
import { type ConditionScore, type Misheard, Score } from "./score.ts";

export interface Spoken extends RecordingFile {
  readonly text: string;
}

export interface EvaluationOptions {
  readonly recordings: readonly Spoken[];
  readonly conditions: readonly Condition[];
  readonly recogniser: Recogniser;
  readonly settings: DecodeSettings;
  /** Makes texts comparable. */
  readonly normalise: (text: string) => string;
  /** Chooses noise and lost packets. */
  readonly seed: number;
  /** 16 kHz mono; what it rejects with is reported, and the recording left out. */
  readonly read: (file: RecordingFile) => Promise<Float32Array>;
  readonly onProgress: (done: number, total: number) => void;
  /** One line: a recording, or one condition of it, that could not be heard. */
  readonly onSkipped: (reason: string) => void;
}

export interface ConditionOutcome {
  readonly score: ConditionScore;
  /** By file. */
  readonly misheard: readonly Misheard[];
}

interface Trial {
  readonly recording: Spoken;
  readonly condition: Condition;
  readonly samples: Float32Array;
}

/** More than one a lane, so that none has to wait for the next sound to be made. */
const trialsPerLane = 2;

/** One outcome for each condition, in their order. */
export async function evaluate(options: EvaluationOptions): Promise<ConditionOutcome[]> {
  return await new Evaluation(options).run();
}

class Evaluation {
  readonly #options: EvaluationOptions;
  readonly #scores: ReadonlyMap<Condition, Score>;
  readonly #running = new Set<Promise<void>>();
  readonly #limit: number;
  #done = 0;

  constructor(options: EvaluationOptions) {
    this.#options = options;
    this.#limit = trialsPerLane * options.recogniser.status().lanes;
    const { conditions, normalise } = options;
    this.#scores = new Map(
      conditions.map((condition) => [condition, new Score(condition.name, normalise)]),
    );
  }

  async run(): Promise<ConditionOutcome[]> {
    // Recording by recording, so that only a few are in memory and each is read once.
    for (const recording of this.#options.recordings) await this.#hear(recording);
    await Promise.all(this.#running);
    return Array.from(this.#scores.values(), (score) => ({
      score: score.result(),
      misheard: score.misheard.toSorted((a, b) => compareTexts(a.file, b.file)),
    }));
  }

  async #hear(recording: Spoken): Promise<void> {
    const { conditions, read, seed } = this.#options;
    const samples = await read(recording).catch((error: unknown) => this.#skip(error));
    if (samples === undefined) {
      this.#advance(conditions.length);
      return;
    }
    const sounds = new Map<Condition["sound"], Float32Array>();
    for (const condition of conditions) {
      await this.#roomForOne();
      const { sound } = condition;
      const made = sounds.get(sound) ?? soundOf(samples, sound, { seed, file: recording.name });
      sounds.set(sound, made);
      this.#start({ recording, condition, samples: made });
    }
  }

  async #roomForOne(): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
  }

  #start(trial: Trial): void {
    const running = this.#transcribe(trial)
      .catch((error: unknown) => {
        const { recording, condition } = trial;
        this.#skip(`${quote(recording.name, 80)} (${condition.name}): ${describeError(error)}`);
      })
      .finally(() => {
        this.#running.delete(running);
        this.#advance(1);
      });
    this.#running.add(running);
  }

  async #transcribe({ recording, condition, samples }: Trial): Promise<void> {
    const { recogniser, settings } = this.#options;
    const { language, prompt } = settings;
    const isFull = condition.context === "full";
    const floor = isFull ? recogniser.modelAudioContext : settings.audioContext.floor;
    const transcription = new Transcription({
      recogniser,
      samples,
      settings: { ...settings, audioContext: { ...settings.audioContext, floor } },
      language,
      prompt,
      urgency: "final",
    });
    const { text, decodeMs, tries } = await transcription.result;
    const audioMs = (samples.length * 1000) / whisperSampleRateHz;
    const { name: file, text: reference } = recording;
    const utterance = { file, reference, hypothesis: text, audioMs, decodeMs, tries };
    this.#scores.get(condition)?.add(utterance);
  }

  #skip(error: unknown): undefined {
    this.#options.onSkipped(describeError(error));
  }

  #advance(trials: number): void {
    this.#done += trials;
    const { recordings, conditions, onProgress } = this.#options;
    onProgress(this.#done, recordings.length * conditions.length);
  }
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
