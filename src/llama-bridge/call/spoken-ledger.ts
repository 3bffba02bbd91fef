/**
 * Which clauses were given to the voice and what the caller has heard of them: by its reports where it
 * makes any, by the pace of speech where it does not. Pure.
 */

/** What is spoken; `start` and `end` are places in all that was said in the turn, in UTF-16 units. */
export interface GivenClause {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Heard {
  readonly turn: number;
  /** Of all that was said in this turn. */
  readonly characters: number;
  /** Nothing that was given in this turn is left to be heard. */
  readonly isAll: boolean;
}

/** What the voice tells of a text: samples heard, of those that it has. */
export interface HeardSamples {
  /** Since HELLO, from 1. */
  readonly text: number;
  readonly samples: number;
  readonly of: number;
}

interface SpokenText {
  readonly turn: number;
  readonly clause: GivenClause;
  readonly givenAtMs: number;
  /** Undefined while it was not written to the voice. */
  number: number | undefined;
  /** 0 to 1. */
  heardShare: number;
  /** The voice has told of its end. */
  isThrough: boolean;
}

/** Usual pace of speech, and how long a voice takes to begin. */
const charMs = 65;
const beginMs = 150;
/** More than an answer ever has; what is older has been heard or never will be. */
const maxTexts = 1000;

export class SpokenLedger {
  #texts: SpokenText[] = [];
  #hasReports = false;

  /** The voice at the other end of the present connection tells what was heard. */
  get hasReports(): boolean {
    return this.#hasReports;
  }

  /** Returns what is to be called when the text was written to the voice, with its number. */
  give(turn: number, clause: GivenClause, nowMs: number): (number: number) => void {
    const given: SpokenText = {
      turn,
      clause,
      givenAtMs: nowMs,
      number: undefined,
      heardShare: 0,
      isThrough: false,
    };
    if (this.#texts.length >= maxTexts) this.#texts.shift();
    this.#texts.push(given);
    return (number) => {
      // Numbers begin anew with each connection, and there may be another voice behind it.
      if (number === 1) this.#renumber();
      given.number = number;
    };
  }

  /** To which turn the text of that number belongs. */
  turnOf(number: number): number | undefined {
    return this.#texts.findLast((text) => text.number === number)?.turn;
  }

  /** Undefined when it is about no text that is known. */
  report({ text: number, samples, of }: HeardSamples): Heard | undefined {
    this.#hasReports = true;
    const text = this.#texts.findLast((other) => other.number === number);
    if (text === undefined) return undefined;
    const turn = this.#texts.filter((other) => other.turn === text.turn);
    for (const before of turn.slice(0, turn.indexOf(text))) {
      if (!before.isThrough) before.heardShare = 1;
      before.isThrough = true;
    }
    // The voice had guessed, and takes back what the caller did not hear after all.
    for (const after of turn.slice(turn.indexOf(text) + 1)) after.heardShare = 0;
    text.isThrough = samples >= of;
    text.heardShare = of === 0 ? 0 : Math.min(1, samples / of);
    return this.heard(text.turn);
  }

  /** By the reports so far. */
  heard(turn: number): Heard {
    const texts = this.#texts.filter((text) => text.turn === turn);
    const last = texts.findLast(({ heardShare }) => heardShare > 0);
    return {
      turn,
      characters: last === undefined ? 0 : placeIn(last.clause, last.heardShare),
      isAll: texts.every(({ isThrough }) => isThrough),
    };
  }

  /** By the pace of speech. */
  estimate(turn: number, nowMs: number): Heard {
    let characters = 0;
    let endMs = 0;
    for (const text of this.#texts) {
      const startMs = Math.max(endMs, text.givenAtMs + beginMs);
      endMs = startMs + text.clause.text.length * charMs;
      if (text.turn !== turn || nowMs <= startMs) continue;
      characters = placeIn(text.clause, Math.min(1, (nowMs - startMs) / (endMs - startMs)));
    }
    return { turn, characters, isAll: nowMs >= endMs };
  }

  /** When all that was given will have been heard, by the pace of speech. */
  get expectedEndMs(): number {
    let endMs = 0;
    for (const { givenAtMs, clause } of this.#texts) {
      endMs = Math.max(endMs, givenAtMs + beginMs) + clause.text.length * charMs;
    }
    return endMs;
  }

  /** What was given before this turn is not asked about any more. */
  forgetBefore(turn: number): void {
    this.#texts = this.#texts.filter((text) => text.turn >= turn);
  }

  #renumber(): void {
    this.#hasReports = false;
    for (const text of this.#texts) text.number = undefined;
  }
}

function placeIn({ start, end }: GivenClause, share: number): number {
  return start + Math.round((end - start) * share);
}
