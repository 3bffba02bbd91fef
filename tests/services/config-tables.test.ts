import { describe, expect, test } from "bun:test";
import { checkConfig } from "../../src/config/config-check.ts";
import { effectiveConfig } from "../../src/config/config-effective.ts";
import { servicesToRun } from "../../src/config/config-plan.ts";
import { renderConfig } from "../../src/config/config-write.ts";
import { webOptions } from "../../src/config/shared-sections.ts";
import { wholeSchema } from "../../src/services/config-tables.ts";
import { serviceNames } from "../../src/services/service-names.ts";

const schema = wholeSchema(webOptions);
const messagesOf = (text: string) =>
  checkConfig(text, schema).problems.map(({ message }) => message);

test("each service has a section, and each key that is shown is one of its section", () => {
  const names = schema.sections.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([...serviceNames]));
  for (const { name, shown, checks, options } of schema.sections) {
    const unknown = [...shown, ...Object.keys(checks)].filter(
      (key) => !Object.hasOwn(options, key),
    );
    expect({ name, unknown }).toEqual({ name, unknown: [] });
  }
});

describe("a file that does not say what to run", () => {
  test.each([
    ["nothing", {}, ["whisper", "llama", "kokoro", "web"]],
    ["a line", { sip: { line: ["200@pbx"] } }, ["whisper", "llama", "kokoro", "sip", "web"]],
    [
      "an AudioSocket",
      { audiosocket: { listen: "127.0.0.1:9000" } },
      ["whisper", "llama", "kokoro", "audiosocket", "web"],
    ],
  ])("and sets %s is right, and runs what a call needs", (_, values, run) => {
    const { problems, sections } = checkConfig(renderConfig(schema, values), schema);
    expect(problems).toEqual([]);
    expect(servicesToRun(effectiveConfig({ schema, sections, env: {} }))).toEqual(run);
  });
});

test("each remark of a new file that holds a key is right when it is taken into use", () => {
  const text = renderConfig(schema, {});
  const keys = text.split("\n").filter((line) => /^# [a-z-]+ = /.test(line));
  expect(keys.length).toBeGreaterThan(20);
  // Placeholders such as "URL" are no values, but text, which is what a key of that kind takes.
  const used = text
    .replaceAll(/^# ([a-z-]+ = )/gm, "$1")
    .replace('"USER@HOST"', '"200@pbx"')
    .replace('["URL"]', '["http://127.0.0.1/"]');
  expect(messagesOf(used)).toEqual([]);
});

describe("what the kind of an option cannot tell is checked too", () => {
  test.each([
    ['[sip]\nline = ["200@pbx", "200:geheim@pbx"]\n', /^\[sip\] line: a line holds no password: /],
    [
      '[sip]\nrtp-ports = "x"\n',
      /^\[sip\] rtp-ports: "x" is no range of ports; write it like 16384-17383$/,
    ],
    ['[sip]\ncodecs = "PCMU,MP3"\n', /^\[sip\] codecs: "MP3" is no codec; choose from /],
    [
      '[llama]\nstop = ["a", "b", "c", "d", "e"]\n',
      /^\[llama\] stop: is given 5 times; 4 texts are the most$/,
    ],
    ['[llama]\ntransfer = ["sales"]\n', /^\[llama\] transfer: "sales" is not NAME=TARGET; /],
  ])("%j", (text, message) => {
    const [found = ""] = messagesOf(text);
    expect(found).toMatch(message);
    expect(found).not.toContain("geheim");
  });
});

test("a text of a list is one value with all its blanks and line breaks", () => {
  const text = '[kokoro]\nphrase = "One moment, please."\n[llama]\nstop = "\\n\\n"\n';
  const { problems, sections } = checkConfig(text, schema);
  const effective = effectiveConfig({ schema, sections, env: {} }).sections;
  expect(problems).toEqual([]);
  expect(effective.get("kokoro")?.get("phrase")?.value).toEqual(["One moment, please."]);
  expect(effective.get("llama")?.get("stop")?.value).toEqual(["\n\n"]);
});
