/** Counts the words that were heard wrongly: the shortest way from what was said to what was heard. */

export interface WordErrors {
  readonly substitutions: number;
  /** Words said and not heard. */
  readonly deletions: number;
  /** Words heard and not said. */
  readonly insertions: number;
}

/** More than there can be words, so that one sum holds the errors and, below it, the gaps. */
const perError = 2 ** 24;
/** A word on one side with none beside it. */
const gap = perError + 1;

/** The fewest errors, and among ways with as few, the one that sets most words against words. */
export function countWordErrors(
  reference: readonly string[],
  hypothesis: readonly string[],
): WordErrors {
  // What it costs to get from the reference so far to the first words of the hypothesis.
  const costs = Float64Array.from({ length: hypothesis.length + 1 }, (_, words) => words * gap);
  for (const [index, word] of reference.entries()) {
    let diagonal = index * gap;
    costs[0] = diagonal + gap;
    for (let heard = 1; heard <= hypothesis.length; heard += 1) {
      const above = costs[heard] ?? 0;
      const across = diagonal + (word === hypothesis[heard - 1] ? 0 : perError);
      costs[heard] = Math.min(across, above + gap, (costs[heard - 1] ?? 0) + gap);
      diagonal = above;
    }
  }
  const cost = costs[hypothesis.length] ?? 0;
  const gaps = cost % perError;
  const deletions = (gaps + reference.length - hypothesis.length) / 2;
  const substitutions = Math.floor(cost / perError) - gaps;
  return { substitutions, deletions, insertions: gaps - deletions };
}
