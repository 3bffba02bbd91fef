/** Follows one caller window by window, and says what others are to be told of it. */
import {
  type CallerInput,
  type CallerSignal,
  type CallerState,
  nextCallerStep,
} from "./caller-activity-states.ts";

export interface CallerActivityOptions {
  readonly windowMs: number;
  /** Probability of speech at which sound may be its beginning; words begin softly. */
  readonly onsetProbability: number;
  /** Probability from which a window is speech. */
  readonly voiceProbability: number;
  /** Sound that is no speech for this long has ended for now. */
  readonly lullMs: number;
  /** Speech in one utterance, pauses left out, that is more than a sound in passing; 0: all of it. */
  readonly backChannelMs: number;
  /** Utterances whose texts are not out yet. */
  readonly pending: () => number;
  readonly tell: (signal: CallerSignal) => void;
}

export class CallerActivity {
  readonly #options: CallerActivityOptions;
  readonly #lullWindows: number;
  readonly #lengthWindows: number;
  #state: CallerState = "quiet";
  /** Windows of speech in the open utterance. */
  #voiced = 0;
  /** Windows without speech in a row. */
  #unvoiced = 0;
  #isSounding = false;

  constructor(options: CallerActivityOptions) {
    this.#options = options;
    this.#lullWindows = Math.max(1, Math.ceil(options.lullMs / options.windowMs));
    this.#lengthWindows = Math.max(1, Math.ceil(options.backChannelMs / options.windowMs));
  }

  get state(): CallerState {
    return this.#state;
  }

  /** One window was judged; `isOpen`: it belongs to an utterance, or to what may become one. */
  heard(probability: number, isOpen: boolean): void {
    const input = this.#inputOf(probability, isOpen);
    if (input !== undefined) this.#step(input);
    if (!isOpen) this.#over();
  }

  /** The sound ends or stops for now, and what was open is an utterance. */
  interrupted(): void {
    this.#voiced = 0;
    this.#isSounding = false;
    this.#unvoiced = this.#lullWindows;
    this.#step("lull");
    this.#over();
  }

  /** A text is out. */
  delivered(): void {
    if (this.#options.pending() === 0) this.#step("settled");
  }

  /** Nothing more will come: nobody may be left waiting. */
  end(): void {
    this.#step("end");
  }

  #inputOf(probability: number, isOpen: boolean): CallerInput | undefined {
    const { onsetProbability, voiceProbability } = this.#options;
    const wasSounding = this.#isSounding;
    this.#isSounding = probability >= onsetProbability;
    if (!isOpen) this.#voiced = 0;
    if (isOpen && probability >= voiceProbability) {
      this.#voiced += 1;
      this.#unvoiced = 0;
      return this.#voiced >= this.#lengthWindows ? "length" : "voice";
    }
    this.#unvoiced += 1;
    // Only its beginning: what stays between the two probabilities for long is noise.
    if (this.#isSounding && !wasSounding) {
      this.#unvoiced = 0;
      return this.#lengthWindows === 1 ? undefined : "onset";
    }
    return this.#unvoiced >= this.#lullWindows ? "lull" : undefined;
  }

  #over(): void {
    this.#step("over");
    this.delivered();
  }

  #step(input: CallerInput): void {
    const step = nextCallerStep(this.#state, input);
    if (step === undefined) return;
    this.#state = step.state;
    if (step.tell !== undefined) this.#options.tell(step.tell);
  }
}
