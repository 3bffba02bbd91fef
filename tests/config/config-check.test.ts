import { describe, expect, test } from "bun:test";
import { checkConfig, formatProblem } from "../../src/config/config-check.ts";
import { effectiveConfig, readSection } from "../../src/config/config-effective.ts";
import { logsOptions } from "../../src/config/shared-sections.ts";
import { smallSchema } from "./small-schema.ts";

const problemsOf = (text: string): string[] =>
  checkConfig(text, smallSchema).problems.map((problem) => formatProblem("w.toml", problem));

test("a right file has no problems, and its sections are given", () => {
  const text =
    '[llama]\nbackend = "openai"\n\n[services]\nrun = ["sip"]\n[history]\nkeep_days = 7\n';
  const { problems, sections } = checkConfig(text, smallSchema);
  expect(problems).toEqual([]);
  expect(sections).toMatchObject({ llama: { backend: "openai" }, history: { keep_days: 7 } });
});

test("all problems are told at once, in the order of the lines", () => {
  const text = `verbose = true
# [nothing] here
[lama]
port = 1
[llama]
prot = 1
backend = "opnai"
temperature = 2.5
greeting = """
[sip]
prt = 1
"""
[logs] # remark
kep = 1
`;
  expect(problemsOf(text)).toEqual([
    'w.toml:1: "verbose" stands outside a section; put it under [llama]',
    'w.toml:3: there is no section "lama"; did you mean [llama]?',
    'w.toml:6: [llama] has no key "prot"; did you mean port?',
    'w.toml:7: [llama] backend: "opnai" is not one of echo, openai; did you mean openai?',
    'w.toml:8: [llama] temperature: "2.5" is not a number from 0 to 2',
    'w.toml:14: [logs] has no key "kep"; did you mean keep?',
  ]);
});

describe("each mistake says what to do", () => {
  test.each([
    [
      "[services]\nmemory-mb.whisper = 0\n",
      'w.toml:2: [services.memory-mb] whisper: "0" is not a whole number from 1 to 1048576',
    ],
    [
      "[services.memory-mb]\nllama = 1\nlama = 1\n",
      'w.toml:3: [services.memory-mb] has no key "lama"; did you mean llama?',
    ],
    [
      "[services]\nmemory-mb = 1\n",
      "w.toml:2: [services] memory-mb: this is no table; write memory-mb.whisper = …, a line for each",
    ],
    [
      "[services]\nmemory_mb = { whisper = 5, constructor = 5 }\n",
      'w.toml:2: [services.memory-mb] has no key "constructor"; there are: whisper, llama',
    ],
    ["[sip]\nport = 5060\n", 'w.toml:2: [sip] has no key "port"; it belongs under [llama]'],
    ["[llama]\nline = 1\n", 'w.toml:2: [llama] has no key "line"; it belongs under [sip]'],
    [
      "[llama]\nzzz = 1\n",
      'w.toml:2: [llama] has no key "zzz"; see wildfire --service llama --help',
    ],
    ["[logs]\nzzz = 1\n", 'w.toml:2: [logs] has no key "zzz"; there are: folder, max-mb, keep'],
    [
      "[zzzzzz]\n",
      'w.toml:1: there is no section "zzzzzz"; there are: services, sip, llama, logs, history',
    ],
    [
      "[sip]\nconfig = 'x'\n",
      'w.toml:2: [sip] has no key "config"; see wildfire --service sip --help',
    ],
    ["llama = 1\n", 'w.toml:1: "llama" is a section and no key; write [llama] above its keys'],
    ["[[llama]]\nport = 1\n", 'w.toml:1: "llama" is a list; write [llama] with one bracket, once'],
    ["day = 1979-05-27\n", 'w.toml:1: "day" stands outside a section; put it under a section'],
    [
      "[services]\nrun = ['sip',\n 'lama']\n",
      'w.toml:2: [services] run: "lama" is not one of whisper, llama, sip, web; did you mean llama?',
    ],
    [
      "[llama]\nport = [1]\n",
      "w.toml:2: [llama] port: a list is not a whole number from 0 to 65535",
    ],
    [
      "[llama.port]\na = 1\n",
      "w.toml:1: [llama] port: a table is not a whole number from 0 to 65535",
    ],
    [
      "[history]\nkeep-days = 1\nkeep_days = 2\n",
      'w.toml:3: [history] has "keep-days" twice, once with "_"',
    ],
    [
      "[llama]\nport = 1\n[llama]\n",
      "w.toml:3: this is not valid TOML: Cannot redefine table 'llama'",
    ],
    [
      "llama.port = 70000\n",
      'w.toml:1: [llama] port: "70000" is not a whole number from 0 to 65535',
    ],
    [
      "llama = {\n  port = 1,\n  prot = 2 }\n",
      'w.toml:3: [llama] has no key "prot"; did you mean port?',
    ],
    [
      "[__proto__]\nx = 1\n[llama]\nconstructor = 1\n",
      'w.toml:1: there is no section "__proto__"; there are: services, sip, llama, logs, history\nw.toml:4: [llama] has no key "constructor"; see wildfire --service llama --help',
    ],
  ])("%j", (text, message) => {
    expect(problemsOf(text).join("\n")).toBe(message);
  });
});

test("a secret that stands where none belongs is in no problem", () => {
  const text = [
    '[sip]\npassword = "geheim"\nline = "200:geheim@pbx"\n[llama]\napi-key = "geheim"\n',
    '[llama]\nbackend = "http://u:geheim@host/?token=geheim"\n',
    "[llama]\npassword = geheim\n",
  ];
  const problems = text.flatMap(problemsOf);
  expect(problems).toHaveLength(5);
  expect(problems.join("\n")).not.toContain("geheim");
  expect(problems[0]).toEndWith("secrets belong into secrets.toml beside this file");
});

describe("what an option comes to", () => {
  const text = '[llama]\nport = 1\nurl = "http://a"\n[logs]\nmax_mb = 3\n';
  const { sections, lines } = checkConfig(text, smallSchema);

  test("is told with its source: environment over file over default", () => {
    const env = { WILDFIRE_URL: "http://b", WILDFIRE_KEEP: "9", WILDFIRE_LOGS_KEEP: "8" };
    const { sections: values, problems } = effectiveConfig({
      schema: smallSchema,
      sections,
      lines,
      env,
    });
    expect(problems).toEqual([]);
    expect(values.get("llama")?.get("port")).toEqual({ value: 1, source: "file", line: 2 });
    expect(values.get("llama")?.get("url")).toEqual({
      value: "http://b",
      source: "environment",
      variable: "WILDFIRE_URL",
    });
    expect(values.get("llama")?.get("verbose")).toEqual({ value: false, source: "default" });
    expect(values.get("llama")?.get("temperature")).toEqual({
      value: undefined,
      source: "default",
    });
    expect(values.get("logs")?.get("max-mb")).toEqual({ value: 3, source: "file", line: 5 });
    // The short name WILDFIRE_KEEP could mean any section.
    expect(values.get("logs")?.get("keep")).toEqual({
      value: 8,
      source: "environment",
      variable: "WILDFIRE_LOGS_KEEP",
    });
  });

  test("is the file's value where the environment's is wrong, and that is told", () => {
    const env = { WILDFIRE_LLAMA_PORT: "x" };
    const { sections: values, problems } = effectiveConfig({ schema: smallSchema, sections, env });
    expect(values.get("llama")?.get("port")).toEqual({ value: 1, source: "file" });
    expect(problems.map(({ message }) => message)).toEqual([
      '[llama] WILDFIRE_LLAMA_PORT: "x" is not a whole number from 0 to 65535',
    ]);
  });

  test("is read by whoever has no section of its own, with the long names of the environment", () => {
    const env = { WILDFIRE_KEEP: "9", WILDFIRE_LOGS_FOLDER: "/var/log/w" };
    expect(readSection(logsOptions, { name: "logs", path: "w.toml", sections, env })).toEqual({
      folder: "/var/log/w",
      "max-mb": 3,
      keep: 5,
    });
  });
});
