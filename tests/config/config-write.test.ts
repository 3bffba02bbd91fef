import { describe, expect, test } from "bun:test";
import { checkConfig } from "../../src/config/config-check.ts";
import { effectiveConfig } from "../../src/config/config-effective.ts";
import { renderConfig } from "../../src/config/config-write.ts";
import type { OptionValue } from "../../src/config/options.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { smallSchema } from "./small-schema.ts";

test("what differs from a default is set, and what a section shows stands there as a remark", () => {
  const text = renderConfig(smallSchema, {
    services: { run: ["whisper", "sip"] },
    sip: { line: ["200@pbx"], "sip-port": 0 },
    llama: { backend: "openai", port: 8083 },
  });
  expect(text).toBe(`# The configuration of Wildfire. After a change: wildfire config check
# Passwords and keys stand in secrets.toml beside this file.

# What runs.
[services]
# the services to run; without it web, whisper, llama, kokoro and the ways in that are configured (whisper, llama, sip, web)
run = ["whisper", "sip"]

# Lines.
[sip]
# an extension
line = ["200@pbx"]

# The brain.
[llama]
# what answers (echo, openai)
backend = "openai"

# address of the chat server
# url = "URL"

# log more
# verbose = false
`);
});

describe("random values", () => {
  test("are read as they were written", () => {
    const texts = ["", "a", '"""', "x\ny", "# no remark", "[sip]", "C:\\x", "grüße"] as const;
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = new SeededRandom(seed);
      const llama: Record<string, OptionValue> = {};
      if (random.between(0, 1) === 0) llama["greeting"] = random.pick(texts);
      if (random.between(0, 1) === 0) llama["temperature"] = random.unit() * 2;
      if (random.between(0, 1) === 0) llama["verbose"] = random.between(0, 1) === 0;
      if (random.between(0, 1) === 0) llama["port"] = random.between(0, 65_535);
      const line = Array.from({ length: random.between(0, 9) }, () =>
        random.pick(["200@pbx", "a b", "#", '"']),
      );
      const text = renderConfig(smallSchema, { llama, sip: { line } });
      const { problems, sections } = checkConfig(text, smallSchema);
      expect({ seed, problems }).toEqual({ seed, problems: [] });
      const values = effectiveConfig({ schema: smallSchema, sections, env: {} }).sections;
      expect(values.get("sip")?.get("line")?.value).toEqual(line);
      for (const [key, value] of Object.entries(llama)) {
        expect({ seed, key, value: values.get("llama")?.get(key)?.value }).toEqual({
          seed,
          key,
          value,
        });
      }
    }
  });
});
