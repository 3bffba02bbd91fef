/** The ears of one call: sound in, utterances found, texts out in order. */
import { splitAtQuietest } from "../audio/quietest.ts";
import { type CuttingEvent, UtteranceCutter } from "../audio/utterance-cutter.ts";
import type { Clock } from "../core/clock.ts";
import { CallerActivity } from "./caller-activity.ts";
import type { CallerSignal } from "./caller-activity-states.ts";
import type { HearingListener, TurnTiming } from "./hearing-events.ts";
import { PartialTexts } from "./partial-texts.ts";
import { type Recogniser, toMs, whisperSampleRateHz } from "./recogniser.ts";
import { SpeechDetector } from "./speech-detector.ts";
import type { DecodeSettings } from "./transcription.ts";
import { type FinalTranscript, type HeardUtterance, UtteranceLine } from "./utterance-line.ts";
import { type VoiceActivity, voiceWindowSamples } from "./voice-activity.ts";

export interface EarSettings {
  readonly decode: DecodeSettings;
  readonly endSilenceMs: number;
  readonly maxUtteranceMs: number;
  /** Speech in all, below which an utterance was a click. */
  readonly minSpeechMs: number;
  /** Whether texts of unfinished utterances are wanted. */
  readonly partials: boolean;
}

/** Silence after which decoding begins, should the caller be done; also kept after the last word. */
export const pauseMs = 96;
const preRollMs = 350;
/** The same for the start and the end: with a lower end, noise behind a caller kept turns open. */
const speechProbability = 0.5;
/** Of the beginning of sound that may be speech: soft consonants reach no more. */
const onsetProbability = 0.3;
/** Sound that waits for the detector, beyond which the sender is asked to wait. */
const maxWaitingWindows = 320;
/** While this many utterances wait, the sender is asked to wait: nothing is dropped. */
const maxPendingUtterances = 16;

/** How those are served who must know at once that a caller speaks. */
export interface CallerWatch {
  /** Speech in one utterance that is more than a sound in passing; 0: any. */
  readonly backChannelMs: number;
  readonly tell: (signal: CallerSignal) => void;
}

export interface HearingOptions {
  readonly recogniser: Recogniser;
  readonly voice: VoiceActivity;
  readonly settings: EarSettings;
  readonly clock: Clock;
  /** Nothing is delivered before this resolves. */
  readonly after: Promise<void>;
  readonly onFinal: (final: FinalTranscript, turn: TurnTiming) => void;
  readonly onEvent: HearingListener;
  /** Without it nobody is told that the caller begins and stops to speak. */
  readonly caller?: CallerWatch | undefined;
  /** False while nobody would see texts of unfinished utterances; without it somebody always does. */
  readonly isWatched?: () => boolean;
  /** The speech detector broke; energy alone decides from now on. */
  readonly onDetectorFailed: (error: Error) => void;
}

export class Hearing {
  readonly #options: HearingOptions;
  readonly #line: UtteranceLine;
  readonly #partials: PartialTexts;
  readonly #activity: CallerActivity | undefined;
  #stream: { readonly detector: SpeechDetector; readonly cutter: UtteranceCutter } | undefined;
  /** Where the next finished utterance begins, when the sender cuts. */
  #chunkPosition = 0;
  /** Of the utterances that are not delivered yet, oldest first. */
  readonly #turnEnds: { readonly silenceMs: number; readonly atMs: number }[] = [];
  #utterances = 0;
  #flushed: PromiseWithResolvers<void> | undefined;

  constructor(options: HearingOptions) {
    this.#options = options;
    const { recogniser, settings, clock, after } = options;
    this.#line = new UtteranceLine({
      recogniser,
      settings: settings.decode,
      after,
      onFinal: (final) => this.#deliver(final),
    });
    this.#partials = new PartialTexts({
      clock,
      hasIdleLane: () => recogniser.idleLanes > 0,
      transcribe: (samples) => this.#line.watch(samples, toMs(this.#openStart)),
      onPartial: (partial) =>
        options.onEvent({ kind: "partial", startMs: toMs(this.#openStart), ...partial }),
    });
    this.#activity = options.caller && this.#watchCaller(options.caller);
  }

  /** Utterances found so far. */
  get utterances(): number {
    return this.#utterances;
  }

  /** Utterances that are not delivered yet. */
  get pending(): number {
    return this.#line.pending;
  }

  /** True while the caller pauses and the text is made ready in case that the turn is over. */
  get isForeseeing(): boolean {
    return this.#line.isForeseeing;
  }

  /** True while the sender should wait. */
  get isBehind(): boolean {
    const waiting = this.#stream?.detector.waiting ?? 0;
    return this.#line.pending >= maxPendingUtterances || waiting >= maxWaitingWindows;
  }

  /** All sound before this sample of the stream is done with, once nothing is pending. */
  get settledSample(): number {
    return this.#stream?.cutter.earliestOpenSample ?? 0;
  }

  /** Steady sound in blocks of any size (16 kHz mono): the utterances are found here. */
  hear(samples: Float32Array): void {
    this.#stream ??= this.#openStream();
    this.#stream.detector.push(samples);
  }

  /**
   * Sound that its sender has cut already: one utterance, or more when it is too long for one. Flush
   * before it when the same sender streamed.
   */
  hearUtterance(samples: Float32Array): void {
    const detector = this.#stream?.detector;
    if (detector === undefined || detector.waiting === 0) {
      this.#addUtterance(samples);
      return;
    }
    // What was streamed before goes first; the buffer belongs to the sender, who fills it again.
    const own = samples.slice();
    detector.afterAll(() => this.#addUtterance(own));
  }

  /** The stream ends or stops for now: what is open is an utterance. */
  flush(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const flushed = Promise.withResolvers<void>();
    this.#flushed = flushed;
    stream.detector.afterAll((rest) => {
      stream.cutter.flush(rest, this.#onCut);
      this.#activity?.interrupted();
      this.#partials.stop();
      flushed.resolve();
    });
  }

  /** Resolves when all that was heard has been delivered; flush first. */
  async drained(): Promise<void> {
    await this.#flushed?.promise;
    await this.#line.drained();
  }

  /** Gives up what is not decoded yet; it is delivered as failed. */
  abort(): void {
    this.#partials.stop();
    this.#line.abort();
    this.#flushed?.resolve();
  }

  /** Frees the detector; whoever was told that the caller speaks is told that it is over. */
  close(): void {
    this.#activity?.end();
    this.#stream?.detector.close();
    this.#stream = undefined;
    this.abort();
  }

  get #openStart(): number {
    return this.#stream?.cutter.earliestOpenSample ?? 0;
  }

  #addUtterance(samples: Float32Array): void {
    const maxSamples = toSamples(this.#options.settings.maxUtteranceMs);
    for (const part of splitAtQuietest(samples, maxSamples)) {
      const startSample = this.#chunkPosition;
      this.#chunkPosition += part.length;
      // The buffer belongs to the sender, who fills it again.
      const own = { startSample, endSample: this.#chunkPosition, samples: part.slice() };
      this.#add(own, 0);
    }
  }

  #openStream(): { readonly detector: SpeechDetector; readonly cutter: UtteranceCutter } {
    const { voice, settings, onDetectorFailed } = this.#options;
    const cutter = new UtteranceCutter({
      sampleRateHz: whisperSampleRateHz,
      frameSamples: voiceWindowSamples,
      startProbability: speechProbability,
      endProbability: speechProbability,
      startMs: toMs(voiceWindowSamples),
      minSpeechMs: settings.minSpeechMs,
      pauseMs,
      endSilenceMs: settings.endSilenceMs,
      preRollMs,
      trailingMs: pauseMs,
      maxUtteranceMs: settings.maxUtteranceMs,
    });
    const detector = new SpeechDetector({
      voice,
      onWindow: (window, probability) => this.#onWindow(cutter, window, probability),
      onFailed: onDetectorFailed,
    });
    return { detector, cutter };
  }

  #onWindow(cutter: UtteranceCutter, window: Float32Array, probability: number): void {
    cutter.addFrame(window, probability, this.#onCut);
    this.#activity?.heard(probability, cutter.isOpen);
    const { settings, isWatched } = this.#options;
    if (!settings.partials || isWatched?.() === false) return;
    const open = cutter.peek();
    if (open !== undefined) this.#partials.consider(open, toMs(open.length));
  }

  readonly #onCut = (event: CuttingEvent): void => {
    switch (event.kind) {
      case "speech-start":
        this.#options.onEvent({ kind: "speech-start", atMs: toMs(event.positionSamples) });
        break;
      case "pause":
        this.#partials.suspend();
        this.#line.foresee(event);
        break;
      case "resume":
        this.#partials.resume();
        this.#line.retract();
        break;
      case "utterance":
        this.#partials.stop();
        this.#add(event, toMs(event.silenceSamples));
        break;
    }
  };

  #deliver(final: FinalTranscript): void {
    const { clock, onFinal, onEvent } = this.#options;
    const { silenceMs = 0, atMs = 0 } = this.#turnEnds.shift() ?? {};
    const turn = { silenceMs, textMs: clock.nowMs() - atMs };
    onFinal(final, turn);
    onEvent({ kind: "final", startMs: toMs(final.utterance.startSample), final, turn });
    this.#activity?.delivered();
  }

  #add(utterance: HeardUtterance, silenceMs: number): void {
    this.#utterances += 1;
    this.#turnEnds.push({ silenceMs, atMs: this.#options.clock.nowMs() });
    this.#line.add(utterance);
  }

  #watchCaller({ backChannelMs, tell }: CallerWatch): CallerActivity {
    return new CallerActivity({
      windowMs: toMs(voiceWindowSamples),
      onsetProbability,
      voiceProbability: speechProbability,
      lullMs: pauseMs,
      backChannelMs,
      pending: () => this.#line.pending,
      tell: (signal) => {
        tell(signal);
        const atMs = toMs(this.#stream?.cutter.positionSamples ?? 0);
        this.#options.onEvent({ kind: signal, atMs });
      },
    });
  }
}

function toSamples(ms: number): number {
  return Math.round((ms * whisperSampleRateHz) / 1000);
}
