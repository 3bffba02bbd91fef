/**
 * Tells what the caller has heard of each text: when its first sound leaves, when it has been heard to
 * its end, and where an interruption came. By the pace of speech at first; outbound knows better, and
 * what it reports corrects that.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { ReportValues } from "../wire/reports.ts";
import { StreamLedger } from "./stream-ledger.ts";
import type { ToldText } from "./told-text.ts";

export type HeardValues = ReportValues<"heard">;

export interface HeardTextsOptions {
  readonly rateHz: number;
  readonly clock: Clock;
  readonly onHeard: (heard: HeardValues) => void;
}

export interface HandedPart {
  readonly text: ToldText | undefined;
  readonly stream: number;
  readonly samples: number;
  readonly heardAtMs: number;
}

/** Beyond the pace of speech, an outbound that reports is waited for so long. */
const patienceMs = 2000;
/** And so long while it has not begun to play: the call is on hold, or a greeting goes first. */
const holdPatienceMs = 60_000;

export class HeardTexts {
  readonly #options: HeardTextsOptions;
  readonly #ledger: StreamLedger<ToldText>;
  /** In the order of speech, those that are not through. */
  #texts: ToldText[] = [];
  /** The streams that the caller interrupted, whose true ends are still to come. */
  #cutStreams = new Set<number>();
  #timer: Timer | undefined;
  #isReporting = false;
  #corrections = 0;

  constructor(options: HeardTextsOptions) {
    this.#options = options;
    this.#ledger = new StreamLedger(options.rateHz);
  }

  status(): Record<string, unknown> {
    const { length } = this.#texts;
    return { open: length, corrections: this.#corrections, outboundReports: this.#isReporting };
  }

  /** It came; its parts may follow until `settle`. */
  add(text: ToldText): void {
    this.#texts.push(text);
  }

  /** True for the first sound of its text. */
  handedOn({ text, ...sound }: HandedPart): boolean {
    this.#ledger.handOn({ text, ...sound });
    if (text === undefined || text.voiceMs !== undefined || sound.samples <= 0) return false;
    text.voiceMs = this.#options.clock.nowMs() - text.cameAtMs;
    this.#tell(text, 0);
    return true;
  }

  /** What may be told by now is told; comes back by itself for what is told later. */
  settle(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock } = this.#options;
    for (let [text] = this.#texts; text !== undefined; [text] = this.#texts) {
      const waitMs = this.#dueAtMs(text) - clock.nowMs();
      if (waitMs > 0) {
        if (Number.isFinite(waitMs)) this.#timer = clock.after(waitMs, () => this.settle());
        return;
      }
      this.#texts.shift();
      const isCut = this.#ledger.endOf(text)?.isCut === true;
      this.#tell(text, isCut ? this.#heardOf(text) : text.samples);
    }
  }

  /** PLAYED of outbound. */
  played(report: ReportValues<"played">): void {
    this.#isReporting = true;
    const text = this.#ledger.played(report, this.#options.clock.nowMs());
    const isCorrection = report.over !== 0 && this.#cutStreams.delete(report.stream);
    if (text !== undefined) {
      if (isCorrection) this.#correct(text);
      else if (report.over === 0 && this.#texts.includes(text)) this.#tell(text, 0);
    }
    this.settle();
  }

  /** Outbound has gone away, and with it what it had not told. */
  outboundLost(): void {
    this.#isReporting = false;
    this.#cutStreams.clear();
    this.#ledger.detach();
    this.settle();
  }

  /** Nothing behind this moment is heard. Tells, and returns, what was heard of the text until then. */
  interrupt(): { readonly text: ToldText; readonly samples: number } | undefined {
    const [text] = this.#texts;
    for (const one of this.#texts) one.interrupt();
    this.#texts = [];
    this.#timer?.cancel();
    this.#timer = undefined;
    if (text?.voiceMs === undefined) return undefined;
    const samples = this.#heardOf(text);
    this.#tell(text, samples);
    this.#cutStreams = new Set(this.#ledger.openStreams);
    return { text, samples };
  }

  /** The LLaMA's connection is another one, where texts are counted anew. */
  mute(): void {
    for (const text of this.#texts) text.isMuted = true;
    this.#cutStreams.clear();
  }

  close(): void {
    this.#timer?.cancel();
    this.#texts = [];
  }

  #correct(text: ToldText): void {
    this.#corrections += 1;
    this.#tell(text, this.#heardOf(text));
  }

  /** Infinite as long as more of it is to come; from then on when it is through. */
  #dueAtMs(text: ToldText): number {
    if (!text.isComplete) return Number.POSITIVE_INFINITY;
    const end = this.#ledger.endOf(text);
    if (end === undefined) return Number.NEGATIVE_INFINITY;
    // What outbound threw away was thrown away for the caller, whose SPEECH is on its way here.
    if (end.isCut) return end.heardAtMs + patienceMs;
    if (end.isOver) return Number.NEGATIVE_INFINITY;
    if (!end.isLast || !end.isAttached || !this.#isReporting) return end.heardAtMs;
    return end.heardAtMs + (end.hasBegun ? patienceMs : holdPatienceMs);
  }

  #heardOf(text: ToldText): number {
    const heard = this.#ledger.heardSamples(text, this.#options.clock.nowMs());
    return Math.min(text.samples, heard);
  }

  #tell(text: ToldText, samples: number): void {
    if (text.isMuted) return;
    const { number, voiceMs = 0 } = text;
    const wait = this.#ledger.waitMs(text) ?? 0;
    const heard = { text: number, samples, of: text.samples, voice: Math.round(voiceMs), wait };
    this.#options.onHeard(heard);
  }
}
