/** Where the time of one turn went, from the caller's last sound to the agent's first; pure. */

/** Milliseconds, one stage after the other; undefined where nobody has told. */
export interface TurnStages {
  /** The silence after which the caller's turn counted as over. */
  readonly silenceMs: number | undefined;
  /** From there until whisper had the text. */
  readonly recognitionMs: number | undefined;
  /** From the last text to the question. */
  readonly gatherMs: number | undefined;
  /** From the question to the model's first word. */
  readonly firstTokenMs: number | undefined;
  /** From there to the first clause that can be spoken. */
  readonly clauseMs: number | undefined;
  /** From there to the voice's first sound. */
  readonly voiceMs: number | undefined;
  /** From there to the line. */
  readonly lineMs: number | undefined;
  /** All of them together. */
  readonly totalMs: number;
}

/** What whisper tells of a text, in milliseconds. */
export interface HearingFigures {
  readonly silence: number;
  readonly text: number;
}

/** Nobody says two things within that time. */
const lateFiguresMs = 50;

type Moment = "text" | "asked" | "token" | "clause";

export class TurnTimes {
  /** Known for certain when the model is asked. */
  turn: number;
  /** Watchers have been told. */
  isTold = false;
  #silenceMs: number | undefined;
  #recognitionMs: number | undefined;
  #voiceMs: number | undefined;
  #lineMs: number | undefined;
  readonly #moments = new Map<Moment, number>();

  constructor(turn: number) {
    this.turn = turn;
  }

  /** The model's first clause is on its way to the voice. */
  get isSpoken(): boolean {
    return this.#moments.has("clause");
  }

  /** The voice has begun. */
  get isSounded(): boolean {
    return this.#voiceMs !== undefined;
  }

  /** The latest text counts. */
  heard(nowMs: number, figures?: HearingFigures): void {
    this.#moments.set("text", nowMs);
    this.#silenceMs = figures?.silence;
    this.#recognitionMs = figures?.text;
  }

  /** What is told of a text goes by UDP and may be read behind it; false when it is about a later one. */
  explained(nowMs: number, figures: HearingFigures): boolean {
    const textMs = this.#moments.get("text");
    const isLate = textMs !== undefined && nowMs - textMs <= lateFiguresMs;
    if (!isLate || this.#silenceMs !== undefined) return false;
    this.heard(textMs, figures);
    return true;
  }

  /** The first time of each counts. */
  reached(moment: "asked" | "token" | "clause", nowMs: number): void {
    if (!this.#moments.has(moment)) this.#moments.set(moment, nowMs);
  }

  sounded(voiceMs: number, lineMs: number): void {
    this.#voiceMs ??= voiceMs;
    if (lineMs > 0) this.#lineMs ??= lineMs;
  }

  stages(): TurnStages {
    const stages = {
      silenceMs: this.#silenceMs,
      recognitionMs: this.#recognitionMs,
      gatherMs: this.#between("text", "asked"),
      firstTokenMs: this.#between("asked", "token"),
      clauseMs: this.#between("token", "clause"),
      voiceMs: this.#voiceMs,
      lineMs: this.#lineMs,
    };
    const totalMs = Object.values(stages).reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
    return { ...stages, totalMs };
  }

  #between(from: Moment, to: Moment): number | undefined {
    const [fromMs, toMs] = [this.#moments.get(from), this.#moments.get(to)];
    if (fromMs === undefined || toMs === undefined) return undefined;
    return Math.max(0, toMs - fromMs);
  }
}
