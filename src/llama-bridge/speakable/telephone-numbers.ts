/** Telephone numbers: each digit, with pauses where the number is grouped. */
import { type NumberWords, speakGroups } from "./spoken-number.ts";
import { rule, type SpokenRule } from "./rewrite.ts";

const international =
  /(?<![\p{L}\p{N}.,+])\+\d{1,14}(?:[ ./()-]{1,3}\d{1,14}){0,8}(?![\p{L}\p{N}])/gu;
const national =
  /(?<![\p{L}\p{N}.,:/-])\(?0\d{1,14}\)?(?:[ /()-]{1,3}\d{1,14}){0,8}(?![\p{L}\p{N}:]|[.,]\d)/gu;
const american = /(?<![\p{L}\p{N}.,-])(?:1[-. ])?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?![\p{L}\p{N}])/gu;
const fewestDigits = 6;

export function telephoneRules(words: NumberWords, plus: string): SpokenRule[] {
  const speak = (match: RegExpExecArray): string => {
    const written = match[0];
    const groups = written.match(/\d{1,500}/g) ?? [];
    if (groups.join("").length < fewestDigits) return written;
    const spoken = groups.map((group) => speakGroups(group, words)).join(", ");
    return written.startsWith("+") ? `${plus} ${spoken}` : spoken;
  };
  return [rule(international, speak), rule(american, speak), rule(national, speak)];
}
