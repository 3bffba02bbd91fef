/** Words in lines that are not too long for a terminal. Pure. */

/** Between words, and within one only where it is longer than a line; no line for no words. */
export function wrapWords(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (joined.length <= columns) line = joined;
    else {
      if (line !== "") lines.push(line);
      line = word;
    }
    while (line.length > columns) {
      lines.push(line.slice(0, columns));
      line = line.slice(columns);
    }
  }
  return line === "" ? lines : [...lines, line];
}

/** On one line; the end is cut off. */
export function cutWords(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

/** With a capital, where it begins with a word and not with a name such as `200@pbx` or `http://…`. */
export function asSentence(text: string): string {
  return /^[a-z]+(?:[ ,]|$)/.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;
}
