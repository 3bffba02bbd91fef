/** Where the system prompt comes from: a text, a file, or what is usual. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkConfig, formatProblem } from "../../src/config/config-check.ts";
import { readOptions } from "../../src/config/options.ts";
import { webOptions } from "../../src/config/shared-sections.ts";
import { systemClock } from "../../src/core/clock.ts";
import { describeError } from "../../src/core/errors.ts";
import { wholeSchema } from "../../src/services/config-tables.ts";
import { llamaOptions, readCallSettings } from "../../src/services/llama-options.ts";

const folder = mkdtempSync(join(tmpdir(), "wildfire-prompt-"));
const file = join(folder, "prompt.txt");
writeFileSync(file, "From the file, {caller}.");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function promptOf(section: Readonly<Record<string, unknown>>): Promise<string> {
  const sources = { argv: [], env: {}, file: section, fileName: "w.toml", command: "llama" };
  const settings = await readCallSettings(readOptions(llamaOptions, sources), systemClock);
  const call = { caller: "200", line: "100@pbx", date: "today", time: "12:00", language: "en" };
  return settings.prompt.render(call);
}

describe("the system prompt", () => {
  test.each([
    ["a text", { prompt: "You are Ada.\nYou talk to {caller}." }, "You are Ada.\nYou talk to 200."],
    ["a file", { system: file }, "From the file, 200."],
    ["a file beside an empty text", { system: file, prompt: " \n" }, "From the file, 200."],
  ])("is %s", async (_, section, prompt) => {
    expect(await promptOf(section)).toBe(prompt);
  });

  test.each([
    ["en", "You answer the telephone."],
    ["de-AT", "Du beantwortest Telefonanrufe."],
  ])("is what is usual in %s where there is none", async (language, start) => {
    expect(await promptOf({ language, prompt: "" })).toStartWith(start);
  });

  test("given twice is refused, and it is said which one to take out", async () => {
    const problem = await promptOf({ prompt: "You are Ada.", system: file }).catch(describeError);
    expect(problem).toBe(
      `--prompt and --system "${file}" are both given; take out system to use the text of prompt, or prompt to use the file`,
    );
  });
});

const schema = wholeSchema(webOptions);

test.each([
  [
    `[llama]\nprompt = "You are Ada."\n\nsystem = "prompt.txt"\n`,
    "w.toml:4: [llama] has both prompt and system; take out one of them",
  ],
  [
    `[llama]\nprompt = """\nYou are Ada.\nIt is {colour}."""\n`,
    `w.toml:2: [llama] prompt: the system prompt has an unknown place "{colour}"; write one of {caller}, {line}, {date}, {time}, {language}`,
  ],
])("the check of the configuration says what is wrong with it: %#", (text, problem) => {
  const { problems } = checkConfig(text, schema);
  expect(problems.map((found) => formatProblem("w.toml", found))).toEqual([problem]);
});
