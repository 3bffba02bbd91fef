/** A recogniser that answers when and what a test says, to inject order, delay and failure. */
import { WildfireError } from "../../src/core/errors.ts";
import type {
  DecodeJob,
  DecodeRequest,
  DecodeResult,
  Recogniser,
  RecogniserStatus,
} from "../../src/whisper/recogniser.ts";

export interface ScriptedJob {
  readonly request: DecodeRequest;
  readonly sampleCount: number;
  /** True once it was answered, failed or aborted. */
  isDone: boolean;
  isAborted: boolean;
  /** True once a speculative job was said to be the final one. */
  isRaised: boolean;
  answer(text: string, quality?: Partial<ScriptedQuality>): void;
  fail(message: string): void;
}

export interface ScriptedQuality {
  readonly averageLogProbability: number;
  readonly noSpeechProbability: number | undefined;
  readonly language: string;
  readonly queuedMs: number;
  readonly decodeMs: number;
}

const goodQuality: ScriptedQuality = {
  averageLogProbability: -0.1,
  noSpeechProbability: 0,
  language: "en",
  queuedMs: 0,
  decodeMs: 1,
};

export class ScriptedRecogniser implements Recogniser {
  /** All jobs ever submitted, oldest first. */
  readonly jobs: ScriptedJob[] = [];
  /** When set, each job is answered at once with what this returns. */
  auto: ((request: DecodeRequest, index: number) => string) | undefined;
  modelAudioContext = 1500;
  idleLanes = 1;

  /** Jobs that still wait for an answer, oldest first. */
  get open(): readonly ScriptedJob[] {
    return this.jobs.filter(({ isDone }) => !isDone);
  }

  /** The job number `index` (from 0). */
  job(index: number): ScriptedJob {
    const job = this.jobs[index];
    if (job === undefined) throw new Error(`there are ${this.jobs.length} jobs, not ${index + 1}`);
    return job;
  }

  submit(request: DecodeRequest): DecodeJob {
    const outcome = Promise.withResolvers<DecodeResult>();
    outcome.promise.catch(() => undefined);
    const job: ScriptedJob = {
      request,
      sampleCount: request.samples.length,
      isDone: false,
      isAborted: false,
      isRaised: false,
      answer(text, quality) {
        job.isDone = true;
        outcome.resolve(resultOf(text, { ...goodQuality, ...quality }));
      },
      fail(message) {
        job.isDone = true;
        outcome.reject(new WildfireError("native", message));
      },
    };
    this.jobs.push(job);
    if (this.auto !== undefined) job.answer(this.auto(request, this.jobs.length - 1));
    return {
      result: outcome.promise,
      raise() {
        job.isRaised = true;
      },
      abort() {
        if (job.isDone) return;
        job.isAborted = true;
        job.fail("decoding was aborted");
      },
    };
  }

  status(): RecogniserStatus {
    return { lanes: 1, queued: 0, running: 0, completed: 0, aborted: 0, failed: 0, busyMs: 0 };
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

function resultOf(text: string, quality: ScriptedQuality): DecodeResult {
  const { averageLogProbability, noSpeechProbability, language, queuedMs, decodeMs } = quality;
  const words = text.split(" ").map((word, index) => ({
    text: word,
    startMs: index * 100,
    endMs: index * 100 + 80,
    probability: 0.9,
  }));
  const segment = { startMs: 0, endMs: 1000, text, averageLogProbability, words };
  const segments = text === "" ? [] : [segment];
  return { segments, noSpeechProbability, language, queuedMs, decodeMs };
}
