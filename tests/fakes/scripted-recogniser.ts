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
  isAborted: boolean;
  answer(text: string): void;
  fail(message: string): void;
}

export class ScriptedRecogniser implements Recogniser {
  /** All jobs ever submitted, oldest first. */
  readonly jobs: ScriptedJob[] = [];
  /** When set, each job is answered at once with what this returns. */
  auto: ((request: DecodeRequest, index: number) => string) | undefined;

  submit(request: DecodeRequest): DecodeJob {
    const outcome = Promise.withResolvers<DecodeResult>();
    outcome.promise.catch(() => undefined);
    const job: ScriptedJob = {
      request,
      sampleCount: request.samples.length,
      isAborted: false,
      answer: (text) => outcome.resolve(resultOf(text)),
      fail: (message) => outcome.reject(new WildfireError("native", message)),
    };
    this.jobs.push(job);
    if (this.auto !== undefined) job.answer(this.auto(request, this.jobs.length - 1));
    return {
      result: outcome.promise,
      abort() {
        job.isAborted = true;
        job.fail("decoding was aborted");
      },
    };
  }

  status(): RecogniserStatus {
    return { lanes: 1, queued: 0, running: 0, completed: 0, aborted: 0, failed: 0 };
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

function resultOf(text: string): DecodeResult {
  const segment = {
    startMs: 0,
    endMs: 1000,
    text,
    noSpeechProbability: 0,
    averageLogProbability: -0.1,
  };
  return { segments: text === "" ? [] : [segment], language: "en", queuedMs: 0, decodeMs: 1 };
}
