/** From decoded segments to the one text that is passed on. */

interface TextSegment {
  readonly text: string;
}

/**
 * Spans that are no speech whatever they hold: special tokens, [BLANK_AUDIO], *coughs*, and what
 * stands between music signs. Spans are of limited length, so that a lone bracket costs nothing.
 */
const markers: readonly RegExp[] = [
  /<\|[^|<>]{0,40}\|>/gu,
  /\[[^[\]]{0,80}\]/gu,
  /\*[^*\s][^*]{0,40}\*/gu,
  /[♩♪♫♬][^♩♪♫♬]{0,200}[♩♪♫♬]/gu,
  /[♩♪♫♬]/gu,
];

/** Round brackets may hold a dialling code or a remark, so they go only when they name a sound. */
const roundBrackets = /\([^()]{0,80}\)/gu;

const soundNames =
  /\b(?:applause|audio|barking|beep(?:s|ing)?|blank|breath(?:es|ing)|chatter|cheering|clapping|click(?:s|ing)?|coughs?|coughing|crying|dial tone|foreign language|gasps?|groans?|humming|inaudible|indistinct|instrumental|laugh(?:s|ing|ter)?|mumbl(?:es|ing)|music|noise|pause|ring(?:s|ing)|sighs?|sighing|silence|silent|singing|sniff(?:s|ing)|static|tone|typing|unintelligible)\b/iu;

/**
 * Joins the segments, leaves out what names a sound instead of words, and makes every run of white
 * space one space. Empty when no letter and no digit is left.
 */
export function finalText(segments: readonly TextSegment[]): string {
  let text = segments.map((segment) => segment.text).join("");
  for (const marker of markers) text = text.replace(marker, " ");
  text = text.replace(roundBrackets, (span) => (soundNames.test(span) ? " " : span));
  text = text.replace(/\s+/gu, " ").trim();
  return /[\p{L}\p{N}]/u.test(text) ? text : "";
}
