/**
 * Markdown as sentences. Own code, since a clause is a piece of a document that is not there yet:
 * its emphasis may open here and close in the next clause, and parsers of whole documents then keep
 * the marks. What looks like a mark is taken for one.
 */
import { isLowerCase } from "./character-classes.ts";
import { rewrite, rule } from "./rewrite.ts";

export interface FragmentPlace {
  /** The fragment begins where a line of the original begins. */
  readonly startsLine: boolean;
  /** It ends where that line, or its last one, ends. */
  readonly endsLine: boolean;
  /** It belongs to a heading, an item or a row, though the mark of that may be in front of it. */
  readonly isBlock: boolean;
}

const horizontalRule =
  /^ {0,3}(?:(?:-[ \t]?){3,200}|(?:\*[ \t]?){3,200}|(?:_[ \t]?){3,200}|={3,200})$/;
const tableRule = /^[\s|:-]{0,500}-[\s|:-]{0,500}$/;
const blockMark = /^\s{0,40}(?:(?:[-*+•◦▪‣]|#{1,6}|>)[ \t]{1,8}|\|)/;
/** A month behind it makes it a date. */
const listNumber =
  /^\s{0,40}(\d{1,3})[.)]\s{1,8}(?!(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sept|Okt|Nov|Dez)\p{Ll}{0,8}(?!\p{L}))/u;
const taskBox = /^\[[ xX]\]\s/;
const fence = /^\s{0,40}(?:`{3}|~{3})/;

const inline = [
  rule(/!\[([^\]\n]{0,300})\]\([^()\s]{0,500}(?:\s[^()\n]{0,200})?\)/g, (match) => match[1] ?? ""),
  rule(/\]\((?:[^()\s]|\([^()\s]{0,200}\)){0,500}(?:\s[^()\n]{0,200})?\)/g, "]"),
  rule(/\]\[[^\][\n]{0,100}\]/g, "]"),
  rule(/\[\^[^\][\n]{0,20}\]/g, ""),
  // Escapes: the mark itself is not spoken either.
  rule(/\\([\\`*_{}[\]()#+.!|~>-])/g, (match) => match[1] ?? ""),
  rule(/(?<=[\d )]) ?\* ?(?=[\d (])/g, (match) => (match[0] === " * " ? " × " : match[0])),
  rule(/\*{1,200}|~~|`{1,200}/g, ""),
  rule(/(?<![\p{L}\p{N}@./])_{1,3}|_{1,3}(?![\p{L}\p{N}@])/gu, ""),
  rule(/[[\]]/g, ""),
];

/** Lines become sentences, marks go; `codePhrase` stands for each code block. */
export function withoutMarkdown(text: string, place: FragmentPlace, codePhrase: string): string {
  const lines = text.split("\n");
  const spoken: string[] = [];
  let isCode = false;
  for (const [index, line] of lines.entries()) {
    const isWhole = index > 0 || place.startsLine;
    const isFence = isWhole && fence.test(line);
    if (isFence && !isCode) spoken.push(codePhrase);
    if (isFence) isCode = !isCode;
    else if (!isCode) spoken.push(speakLine({ line, isWhole, next: lines[index + 1] }, place));
  }
  return rewrite(rewrite(spoken.join(" "), inline), [tableCells]);
}

interface Line {
  readonly line: string;
  /** It begins where a line of the original begins. */
  readonly isWhole: boolean;
  /** The line behind it; undefined for the last one. */
  readonly next: string | undefined;
}

function speakLine({ line, isWhole, next }: Line, place: FragmentPlace): string {
  const { text, isBlock } = isWhole ? withoutBlockMarks(line) : { text: line, isBlock: false };
  const endsLast = place.endsLine && (isBlock || place.isBlock);
  const isEnd = next === undefined ? endsLast : !isWrapped(next);
  return isEnd ? asSentence(text) : text;
}

const tableCells = rule(/ {0,200}\|[| ]{0,200}/g, ", ");

function withoutBlockMarks(line: string): { text: string; isBlock: boolean } {
  if (horizontalRule.test(line) || tableRule.test(line)) return { text: "", isBlock: true };
  let text = line;
  let isBlock = false;
  for (let mark = blockMark.exec(text); mark !== null; mark = blockMark.exec(text)) {
    text = text.slice(mark[0].length);
    isBlock = true;
  }
  const number = listNumber.exec(text);
  if (number !== null) {
    return { text: `${number[1] ?? ""}: ${text.slice(number[0].length)}`, isBlock: true };
  }
  if (!isBlock) return { text, isBlock };
  const end = /[\s|#]{0,200}$/.exec(text)?.index ?? text.length;
  return { text: text.slice(0, end).replace(taskBox, ""), isBlock };
}

function isWrapped(next: string): boolean {
  return isLowerCase(next.trimStart());
}

function asSentence(line: string): string {
  const text = line.trimEnd();
  const end = /[\s*_`~)"'”’“»]{0,50}$/.exec(text)?.index ?? text.length;
  const last = text[end - 1] ?? "";
  return last === "" || ".!?…:;,。！？".includes(last) ? text : `${text}.`;
}
