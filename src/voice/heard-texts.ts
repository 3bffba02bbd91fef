/**
 * Tells what the caller has heard of each text: when they begin to hear it, when they have heard it to
 * its end, and where an interruption came. By the pace of the line at first; outbound knows better, and
 * what it reports corrects that.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { ReportValues } from "../wire/reports.ts";
import { type HandedSound, StreamLedger } from "./stream-ledger.ts";
import type { ToldText } from "./told-text.ts";

export type HeardValues = ReportValues<"heard">;

export interface HeardTextsOptions {
  readonly rateHz: number;
  readonly clock: Clock;
  readonly onHeard: (heard: HeardValues) => void;
}

/** What was heard of the text that the caller was at. */
export interface HeardPlace {
  readonly text: ToldText;
  readonly samples: number;
}

/** What one interruption cut, until outbound has told where. */
interface CutSpeech {
  readonly texts: readonly ToldText[];
  readonly streams: Set<number>;
}

/** Beyond the pace of the line, an outbound that reports the end of a reply is waited for so long. */
const patienceMs = 2000;
/** Timers may be early by a fraction of a millisecond. */
const earlyMs = 0.5;
/** A guess that was ahead of the line by no more than this is not taken back. */
const slackMs = 60;
/** Texts that have been told to their end, and might be taken back. */
const maxThrough = 200;
const maxCuts = 16;

export class HeardTexts {
  readonly #options: HeardTextsOptions;
  readonly #ledger: StreamLedger<ToldText>;
  /** In the order of speech. */
  #texts: ToldText[] = [];
  /** So many of them, in front, have been told to their end, and outbound may still say otherwise. */
  #through = 0;
  #cuts: CutSpeech[] = [];
  #timer: Timer | undefined;
  #corrections = 0;

  constructor(options: HeardTextsOptions) {
    this.#options = options;
    this.#ledger = new StreamLedger(options.rateHz);
  }

  status(): Record<string, unknown> {
    return {
      open: this.#texts.length - this.#through,
      corrections: this.#corrections,
      outboundReports: this.#ledger.isReporting,
    };
  }

  /** It came; its parts may follow until `settle`. */
  add(text: ToldText): void {
    this.#texts.push(text);
  }

  /** True for the first sound of its text. */
  handedOn(sound: HandedSound<ToldText>): boolean {
    const nowMs = this.#options.clock.nowMs();
    this.#ledger.handOn(sound, nowMs);
    const { text, samples } = sound;
    if (text === undefined || text.voiceMs !== undefined || samples <= 0) return false;
    text.voiceMs = nowMs - text.cameAtMs;
    // The text in front of it is the last one of its stream no more.
    this.settle();
    return true;
  }

  /** What may be told by now is told; comes back by itself for what is told later. */
  settle(): void {
    this.#stopTimer();
    for (;;) {
      const text = this.#texts[this.#through];
      if (text === undefined) break;
      const waitMs = this.#dueAtMs(text) - this.#options.clock.nowMs();
      if (waitMs > earlyMs) {
        this.#comeBackIn(waitMs);
        break;
      }
      this.#goOn(text);
    }
    this.#forgetCertain();
  }

  /** PLAYED of outbound. */
  played(report: ReportValues<"played">): void {
    const text = this.#texts[this.#through];
    const knewWait = this.#knowsWait(text);
    if (this.#ledger.played(report, this.#options.clock.nowMs())) {
      const isCorrected = this.#correctCut(report) || this.#takeBack();
      // A guess was faster, and the LLaMA has not been told of the wait.
      const isLate = report.over === 0 && !knewWait && this.#knowsWait(text);
      if (isLate && !isCorrected && text?.told === "begun") this.#tellPlace(text);
    }
    this.settle();
  }

  /** Outbound has gone away, and with it what it had not told. */
  outboundLost(): void {
    this.#cuts = [];
    this.#ledger.detach();
    this.settle();
  }

  /** Nothing behind this moment is heard. Tells, and returns, what was heard of the text until then. */
  interrupt(): HeardPlace | undefined {
    const texts = this.#texts;
    const place = this.#placeIn(texts);
    this.#texts = [];
    this.#through = 0;
    this.#stopTimer();
    for (const text of texts) text.interrupt();
    this.#awaitCut(texts);
    const isSaid = place?.text.told === "through" && place.samples === place.text.samples;
    if (place === undefined || isSaid) return undefined;
    this.#tell(place.text, place.samples);
    return place;
  }

  /** The LLaMA's connection is another one, where texts are counted anew. */
  mute(): void {
    for (const text of this.#texts) text.isMuted = true;
    this.#cuts = [];
  }

  close(): void {
    this.#stopTimer();
    this.#texts = [];
    this.#through = 0;
  }

  /** When its beginning or, once that is told, its end may be told. */
  #dueAtMs(text: ToldText): number {
    return this.#awaitedBeginMs(text) ?? this.#endDueAtMs(text);
  }

  /** Undefined when it has been told, or there is none that the caller will hear. */
  #awaitedBeginMs(text: ToldText): number | undefined {
    if (text.told !== "nothing") return undefined;
    const beginsAtMs = this.#ledger.beginsAtMs(text);
    return beginsAtMs === Number.POSITIVE_INFINITY ? undefined : beginsAtMs;
  }

  /** Infinite as long as more of it is to come. */
  #endDueAtMs(text: ToldText): number {
    if (!text.isComplete) return Number.POSITIVE_INFINITY;
    const end = this.#ledger.endOf(text);
    if (end === undefined || end.state === "played") return Number.NEGATIVE_INFINITY;
    // What outbound threw away was thrown away for the caller, whose SPEECH is on its way here.
    if (end.state === "cut") return end.atMs + patienceMs;
    return this.#endsStream(text, end.isLast) && end.isAwaited ? end.atMs + patienceMs : end.atMs;
  }

  /** Otherwise the stream goes on behind it, and outbound has no end to tell. */
  #endsStream(text: ToldText, isLast: boolean): boolean {
    if (!isLast) return false;
    const behind = this.#texts.slice(this.#texts.indexOf(text) + 1);
    return behind.every(({ isComplete }) => isComplete);
  }

  #goOn(text: ToldText): void {
    if (this.#awaitedBeginMs(text) !== undefined) {
      text.told = "begun";
      this.#tell(text, 0);
      return;
    }
    const isCut = this.#ledger.endOf(text)?.state === "cut";
    // One that the caller never began to hear would stand for all before it.
    if (!isCut) this.#tell(text, text.samples);
    else if (text.told === "begun") this.#tellPlace(text);
    text.told = "through";
    this.#through += 1;
  }

  /** True when what an interruption left open has been told. */
  #correctCut({ stream, over }: ReportValues<"played">): boolean {
    if (over === 0) return false;
    const cut = this.#cuts.find(({ streams }) => streams.has(stream));
    if (cut === undefined) return false;
    for (const { streams } of this.#cuts) streams.delete(stream);
    this.#cuts = this.#cuts.filter(({ streams }) => streams.size > 0);
    const place = this.#placeIn(cut.texts);
    if (place === undefined) return false;
    this.#corrections += 1;
    this.#tell(place.text, place.samples);
    return true;
  }

  /** True when the line was not where it was thought to be, and the LLaMA has been told. */
  #takeBack(): boolean {
    const at = this.#texts.findIndex((text) => this.#isAhead(text));
    const text = this.#texts[at];
    if (text === undefined) return false;
    for (const behind of this.#texts.slice(at)) behind.told = "nothing";
    this.#through = at;
    const beginsAtMs = this.#ledger.beginsAtMs(text) ?? 0;
    if (beginsAtMs <= this.#options.clock.nowMs()) text.told = "begun";
    this.#corrections += 1;
    this.#tellPlace(text);
    return true;
  }

  /** More was told of it than has been heard. */
  #isAhead(text: ToldText): boolean {
    if (text.told === "nothing") return false;
    const beginsAtMs = this.#ledger.beginsAtMs(text) ?? 0;
    if (beginsAtMs > this.#options.clock.nowMs() + slackMs) return true;
    return text.told === "through" && !this.#isThrough(text, slackMs);
  }

  /** It has been heard to its end, as far as is known. */
  #isThrough(text: ToldText, withinMs = earlyMs): boolean {
    if (!text.isComplete) return false;
    const end = this.#ledger.endOf(text);
    if (end?.state !== "playing") return end?.state !== "cut";
    return end.atMs <= this.#options.clock.nowMs() + withinMs;
  }

  /** The text that the caller is at, or the last one that they heard; undefined before all sound. */
  #placeIn(texts: readonly ToldText[]): HeardPlace | undefined {
    let last: ToldText | undefined;
    for (const text of texts.filter(({ voiceMs }) => voiceMs !== undefined)) {
      if (!this.#isThrough(text)) {
        const samples = this.#heardOf(text);
        // Of what was believed to be heard it must be told that it was not.
        const isHere = samples > 0 || text.told !== "nothing" || last === undefined;
        return isHere ? { text, samples } : { text: last ?? text, samples: last?.samples ?? 0 };
      }
      last = text;
    }
    return last && { text: last, samples: last.samples };
  }

  #awaitCut(texts: readonly ToldText[]): void {
    const streams = new Set(this.#ledger.openStreams);
    const handed = texts.filter(({ voiceMs }) => voiceMs !== undefined);
    if (handed.length === 0 || streams.size === 0) return;
    this.#cuts.push({ texts: handed, streams });
    if (this.#cuts.length > maxCuts) this.#cuts.shift();
  }

  /** What nobody will take back is not kept. */
  #forgetCertain(): void {
    for (
      let [first] = this.#texts;
      first !== undefined && this.#through > 0;
      [first] = this.#texts
    ) {
      if (this.#through <= maxThrough && !this.#isCertain(first)) return;
      this.#texts.shift();
      this.#through -= 1;
    }
  }

  #isCertain(text: ToldText): boolean {
    const end = this.#ledger.endOf(text);
    return end?.state !== "playing";
  }

  #knowsWait(text: ToldText | undefined): boolean {
    return text !== undefined && this.#ledger.waitMs(text) !== undefined;
  }

  #heardOf(text: ToldText): number {
    const heard = this.#ledger.heardSamples(text, this.#options.clock.nowMs());
    return Math.min(text.samples, heard);
  }

  #comeBackIn(waitMs: number): void {
    if (!Number.isFinite(waitMs)) return;
    this.#timer = this.#options.clock.after(waitMs, () => this.settle());
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tellPlace(text: ToldText): void {
    this.#tell(text, this.#heardOf(text));
  }

  #tell(text: ToldText, samples: number): void {
    if (text.isMuted) return;
    const { number, voiceMs = 0 } = text;
    const wait = this.#ledger.waitMs(text) ?? 0;
    const heard = { text: number, samples, of: text.samples, voice: Math.round(voiceMs), wait };
    this.#options.onHeard(heard);
  }
}
