/** Lets only so many trials run at once, and of those that load the processor only one. */
import { RequestError } from "./answers.ts";

/** Enough for the pages of a few people. */
const maxLight = 4;

export class TryGate {
  #light = 0;
  #heavy = 0;

  /** Returns what is to be called at the end. Throws a RequestError(429) when there is no room. */
  enter(weight: "light" | "heavy"): () => void {
    if (weight === "heavy" && this.#heavy > 0) throw busy("such a trial is running already");
    if (weight === "light" && this.#light >= maxLight) {
      throw busy(`${maxLight} trials are running already`);
    }
    this.#count(weight, 1);
    let isIn = true;
    return () => {
      if (isIn) this.#count(weight, -1);
      isIn = false;
    };
  }

  #count(weight: "light" | "heavy", change: number): void {
    if (weight === "heavy") this.#heavy += change;
    else this.#light += change;
  }
}

function busy(message: string): RequestError {
  return new RequestError(429, message, {
    hint: "wait for its end, then try again",
    headers: { "retry-after": "5" },
  });
}
