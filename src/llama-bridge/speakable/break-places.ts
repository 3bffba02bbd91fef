/** Where the clause that is being collected could be cut, should no better place come in time. */
import type { Nesting } from "./nesting.ts";

/** From the best kind to the worst. */
export type PlaceKind = "clause" | "conjunction" | "word" | "space";

export interface BreakPlace {
  /** Units from the start of the clause. */
  readonly at: number;
  readonly nesting: Nesting;
}

const kinds: readonly PlaceKind[] = ["clause", "conjunction", "word", "space"];

export class BreakPlaces {
  readonly #places = new Map<PlaceKind, BreakPlace>();

  note(kind: PlaceKind, place: BreakPlace): void {
    this.#places.set(kind, place);
  }

  get(kind: PlaceKind): BreakPlace | undefined {
    return this.#places.get(kind);
  }

  /** The best place that leaves at least `least` units before it. */
  best(least: number): BreakPlace | undefined {
    for (const kind of kinds) {
      const place = this.#places.get(kind);
      if (place !== undefined && place.at >= least) return place;
    }
    return undefined;
  }

  /** The last place that is between two plain words or better. */
  latest(): BreakPlace | undefined {
    let latest: BreakPlace | undefined;
    for (const kind of kinds) {
      const place = kind === "space" ? undefined : this.#places.get(kind);
      if (place !== undefined && place.at > (latest?.at ?? 0)) latest = place;
    }
    return latest;
  }

  clear(): void {
    this.#places.clear();
  }
}
