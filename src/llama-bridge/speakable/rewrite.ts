/** Rules that turn written forms into spoken ones, applied one after the other. */

export interface SpokenRule {
  /** Global, linear in the length of the text: no nested or adjacent unbounded repetitions. */
  readonly pattern: RegExp;
  /** What is said instead; the match itself leaves it as it was. */
  readonly say: (match: RegExpExecArray, text: string) => string;
}

export function rule(pattern: RegExp, say: SpokenRule["say"] | string): SpokenRule {
  return { pattern, say: typeof say === "string" ? () => say : say };
}

export function rewrite(text: string, rules: readonly SpokenRule[]): string {
  let result = text;
  for (const each of rules) result = rewriteOnce(result, each);
  return result;
}

function rewriteOnce(text: string, { pattern, say }: SpokenRule): string {
  let result = "";
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    result += text.slice(from, match.index) + say(match, text);
    from = match.index + match[0].length;
  }
  return from === 0 ? text : result + text.slice(from);
}
