import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import { chatKeyVariable, readKey } from "../../src/services/secret-key.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string): string {
  const path = join(folder, "key");
  writeFileSync(path, text);
  return path;
}

async function problemOf(file: string): Promise<string> {
  return await readKey(file, chatKeyVariable, {}).then(() => "", describeError);
}

test("the key of the file wins over that of the environment", async () => {
  const env = { WILDFIRE_LLAMA_KEY: "of-the-environment" };
  expect(await readKey(fileWith("of-the-file"), chatKeyVariable, env)).toBe("of-the-file");
  expect(await readKey(undefined, chatKeyVariable, env)).toBe("of-the-environment");
});

test("white space around a key is no part of it", async () => {
  expect(await readKey(fileWith("\n  k-1 \r\n"), chatKeyVariable, {})).toBe("k-1");
  expect(await readKey(undefined, "OTHER_KEY", { OTHER_KEY: " k-2\n" })).toBe("k-2");
});

test.each([{}, { WILDFIRE_LLAMA_KEY: "" }, { WILDFIRE_LLAMA_KEY: " \n" }])(
  "without a file and with %p there is no key",
  async (env) => {
    expect(await readKey(undefined, chatKeyVariable, env)).toBeUndefined();
  },
);

test("a file that cannot be read is named", async () => {
  const path = join(folder, "absent");
  const problem = await problemOf(path);
  expect(problem).toStartWith(`--key-file ${JSON.stringify(path)} cannot be read: ENOENT`);
  expect(problem).toEndWith("; check name and rights");
});

test.each([
  [" \n", "is empty"],
  ["secret".repeat(1000), "has 6000 characters, which is no key"],
])("a file without a key is refused, and what it holds is not shown", async (text, what) => {
  const problem = await problemOf(fileWith(text));
  expect(problem).toBe(
    `--key-file ${JSON.stringify(join(folder, "key"))} ${what}; ` +
      "write the key into it, or set WILDFIRE_LLAMA_KEY instead",
  );
  expect(problem).not.toContain("secret");
});
