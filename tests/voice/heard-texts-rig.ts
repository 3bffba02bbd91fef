/** Texts of a call whose sound is handed on, played and reported as a test says. */
import { HeardTexts, type HeardValues } from "../../src/voice/heard-texts.ts";
import { ToldText } from "../../src/voice/told-text.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

const rateHz = 24_000;
const samplesPerMs = rateHz / 1000;
/** From sound to the line, where nobody tells. */
export const delayMs = 60;

/** Texts as a queue hands them on: at once, as far as the test says. */
export class HeardTextsRig {
  readonly clock = new FakeClock();
  /** `text: heard/of`, in ms. */
  readonly told: string[] = [];
  /** The same behind the time at which it was told. */
  readonly times: string[] = [];
  readonly reports: HeardValues[] = [];
  readonly heard = new HeardTexts({
    rateHz,
    clock: this.clock,
    onHeard: (values) => {
      const { text, samples, of } = values;
      const told = `${text}: ${samples / samplesPerMs}/${of / samplesPerMs}`;
      this.reports.push(values);
      this.told.push(told);
      this.times.push(`${this.clock.nowMs()} ${told}`);
    },
  });
  stream = 1;
  readonly #parts = new Map<ToldText, { expectedSamples: number }>();

  /** A text of so much sound, all of it synthesised. */
  say(number: number, ms: number, spoken = "twenty letters here."): ToldText {
    const text = this.begin(number, ms, spoken);
    this.end(text, ms);
    return text;
  }

  /** A text of which the first `ms` have been handed on, and more is expected. */
  begin(number: number, ms: number, spoken = "x", expectedMs = ms): ToldText {
    const text = new ToldText(number, spoken, this.clock.nowMs());
    const part = { expectedSamples: expectedMs * samplesPerMs };
    this.heard.add(text);
    if (expectedMs > 0) text.addPart(part);
    text.finish();
    this.handOn(text, ms);
    this.#parts.set(text, part);
    this.heard.settle();
    return text;
  }

  end(text: ToldText, ms: number): void {
    const part = this.#parts.get(text);
    if (part !== undefined) {
      part.expectedSamples = ms * samplesPerMs;
      text.endPart(part);
    }
    this.heard.settle();
  }

  handOn(text: ToldText | undefined, ms: number): void {
    const { stream } = this;
    this.heard.handedOn({ text, stream, samples: ms * samplesPerMs });
  }

  played(ms: number, { stream = this.stream, wait = 0, over = 0 } = {}): void {
    this.heard.played({ stream, samples: ms * samplesPerMs, wait, over });
  }

  /** A reply before, so that it is known that outbound reports. */
  reportedBefore(): void {
    this.say(0, 100);
    this.played(0);
    this.played(100, { over: 1 });
    this.stream += 1;
    this.told.length = 0;
    this.times.length = 0;
  }

  interrupt(): string {
    const heard = this.heard.interrupt();
    return heard === undefined ? "" : heard.text.until(heard.samples);
  }
}
