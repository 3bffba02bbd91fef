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
  /** Undefined while it was not written to the voice: nobody can have heard it. */
  writtenAtMs: number | undefined;
  /** On the present connection to the voice. */
  number: number | undefined;
  /** 0 to 1. */
  heardShare: number;
  /** The voice has told of its end. */
  isThrough: boolean;
}

interface ScheduledClause {
  readonly clause: GivenClause;
  readonly startMs: number;
  readonly endMs: number;
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

  /** Returns what is to be called when the text was written to the voice: with its number, and when. */
  give(turn: number, clause: GivenClause): (number: number, nowMs: number) => void {
    const given: SpokenText = {
      turn,
      clause,
      writtenAtMs: undefined,
      number: undefined,
      heardShare: 0,
      isThrough: false,
    };
    if (this.#texts.length >= maxTexts) this.#texts.shift();
    this.#texts.push(given);
    return (number, nowMs) => {
      // Numbers begin anew with each connection, and there may be another voice behind it.
      if (number === 1) this.#renumber();
      given.number = number;
      given.writtenAtMs = nowMs;
    };
  }

  /** To which turn the text of that number belongs. */
  turnOf(number: number): number | undefined {
    return this.#texts.findLast((text) => text.number === number)?.turn;
  }

  /** Undefined when it is about no text that is known. */
  report({ text: number, samples, of }: HeardSamples): Heard | undefined {
    const text = this.#texts.findLast((other) => other.number === number);
    if (text === undefined) return undefined;
    this.#hasReports = true;
    const turn = this.#texts.filter((other) => other.turn === text.turn);
    for (const before of turn.slice(0, turn.indexOf(text))) {
      if (!before.isThrough) before.heardShare = 1;
      before.isThrough = true;
    }
    // The voice had guessed, and takes back what the caller did not hear after all.
    for (const after of turn.slice(turn.indexOf(text) + 1)) {
      after.heardShare = 0;
      after.isThrough = false;
    }
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
    for (const { clause, startMs, ...text } of this.#schedule(turn)) {
      endMs = text.endMs;
      if (nowMs <= startMs) break;
      characters = placeIn(clause, Math.min(1, (nowMs - startMs) / (endMs - startMs)));
    }
    return { turn, characters, isAll: nowMs >= endMs };
  }

  /** When all of a turn will have been heard, by the pace of speech; infinite while some of it waits. */
  expectedEndMs(turn: number): number {
    return this.#schedule(turn).at(-1)?.endMs ?? 0;
  }

  /** What was given before this turn is not asked about any more. */
  forgetBefore(turn: number): void {
    this.#texts = this.#texts.filter((text) => text.turn >= turn);
  }

  /** A turn begins when the one before it has been heard or is void. */
  #schedule(turn: number): readonly ScheduledClause[] {
    let endMs = 0;
    return this.#texts
      .filter((text) => text.turn === turn)
      .map(({ clause, writtenAtMs = Number.POSITIVE_INFINITY }) => {
        const startMs = Math.max(endMs, writtenAtMs + beginMs);
        endMs = startMs + clause.text.length * charMs;
        return { clause, startMs, endMs };
      });
  }

  #renumber(): void {
    this.#hasReports = false;
    for (const text of this.#texts) text.number = undefined;
  }
}

function placeIn({ start, end }: GivenClause, share: number): number {
  return start + Math.round((end - start) * share);
}
