/** The words in recordings, as the demo model hears them, and which words of a text are among them. */
import { fieldOf, itemsOf, textOf } from "../../src/llama-bridge/chat/loose-json.ts";
import { normaliseEnglish } from "../../src/evaluation/english-normaliser.ts";
import type { Stage } from "../end-to-end/harness.ts";
import { parseObject, runToEnd } from "../end-to-end/program.ts";

const limitMs = 30_000;

/** What `wildfire transcribe` makes of each recording, in their order. */
export async function transcribed(stage: Stage, paths: readonly string[]): Promise<string[]> {
  const argv = ["transcribe", "--json", "--state-dir", stage.stateFolder, ...paths];
  const program = await runToEnd({ argv, cwd: stage.folder }, limitMs);
  if (program.exitCode !== 0) throw new Error(program.explain());
  const files = program.output.map(parseObject).filter((file) => file !== undefined);
  return files.map((file) =>
    itemsOf(file["utterances"], 1_000)
      .map((utterance) => textOf(fieldOf(utterance, "text")))
      .join(" "),
  );
}

/**
 * Words that carry no meaning of their own. Small words are what a recogniser loses first when it hears
 * a voice through a telephone, and they are in every sentence, so that they prove nothing.
 */
const smallWords = new Set(
  "a am an and are at can do from have i in is it me my not of on please the to until we with you your".split(
    " ",
  ),
);

/** Without capitals and punctuation, numbers in digits. */
export function contentWords(text: string): string[] {
  return normaliseEnglish(text)
    .split(" ")
    .filter((word) => !smallWords.has(word));
}

/** Content words of the text that are among those that were heard. */
export function wordsFound(text: string, heard: string): string[] {
  const known = new Set(contentWords(heard));
  return contentWords(text).filter((word) => known.has(word));
}

/** Content words of the text that were not heard. */
export function wordsMissing(text: string, heard: string): string[] {
  const known = new Set(contentWords(heard));
  return contentWords(text).filter((word) => !known.has(word));
}

/** How often the text was heard: its content words one behind the other. */
export function timesHeard(text: string, heard: string): number {
  const wanted = contentWords(text).join(" ");
  return (
    ` ${contentWords(heard).join("  ")} `.split(` ${wanted.replaceAll(" ", "  ")} `).length - 1
  );
}
