import { describe, expect, test } from "bun:test";
import { parseConfig } from "../../src/config/load.ts";
import { formatOptions, type OptionSources, readOptions } from "../../src/config/options.ts";
import { defaultLogFolder, defaultStateFolder } from "../../src/config/paths.ts";
import { WildfireError } from "../../src/core/errors.ts";

const table = {
  port: {
    kind: "integer",
    short: "p",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: 13_000,
    help: "UDP port",
  },
  speed: { kind: "number", value: "X", min: 0.1, max: 10, help: "times real time" },
  model: { kind: "string", short: "m", value: "FILE", help: "model" },
  backend: {
    kind: "string",
    value: "NAME",
    choices: ["echo", "openai"],
    default: "echo",
    help: "answers",
  },
  "no-gpu": { kind: "boolean", help: "no GPU" },
} as const;

const nothing: OptionSources = {
  argv: [],
  env: {},
  file: {},
  fileName: "wildfire.toml [whisper]",
  command: "whisper",
};

const read = (sources: Partial<OptionSources>) => readOptions(table, { ...nothing, ...sources });

describe("sources of an option", () => {
  test("nothing given: defaults, undefined and false", () => {
    expect(read({})).toEqual({
      port: 13_000,
      speed: undefined,
      model: undefined,
      backend: "echo",
      "no-gpu": false,
    });
  });

  test("command line over named environment over environment over file", () => {
    const file = { port: 1 };
    const env = { WILDFIRE_PORT: "2" };
    const named = { ...env, WILDFIRE_WHISPER_PORT: "3" };
    expect(read({ file }).port).toBe(1);
    expect(read({ file, env }).port).toBe(2);
    expect(read({ file, env: named }).port).toBe(3);
    expect(read({ file, env: named, argv: ["--port", "4"] }).port).toBe(4);
  });

  test.each([
    [["-p", "5"], { port: 5 }],
    [["-p5"], { port: 5 }],
    [["--port=5"], { port: 5 }],
    [["--no-gpu", "--model", "a b.bin"], { "no-gpu": true, model: "a b.bin" }],
    [["--speed", "0.5"], { speed: 0.5 }],
  ])("%p is read", (argv, expected) => {
    expect(read({ argv })).toMatchObject(expected);
  });
});

describe("what is wrong is quoted, with what to do", () => {
  test.each([
    [{ argv: ["--prot", "1"] }, 'unknown option "--prot"; did you mean --port?'],
    [{ argv: ["--zzzzzz"] }, 'unknown option "--zzzzzz"; see --help'],
    [{ argv: ["--port", "x"] }, '--port: "x" is not a whole number from 0 to 65535'],
    [{ argv: ["--port", "1.5"] }, '--port: "1.5" is not a whole number from 0 to 65535'],
    [{ argv: ["--port", "65536"] }, '--port: "65536" is not a whole number from 0 to 65535'],
    [{ argv: ["--model"] }, "--model needs a value"],
    [{ argv: ["--backend", "gpt"] }, '--backend: "gpt" is not one of echo, openai'],
    [{ argv: ["stray"] }, 'unexpected argument "stray"; see --help'],
    [{ env: { WILDFIRE_NO_GPU: "maybe" } }, 'WILDFIRE_NO_GPU: "maybe" is not true or false'],
    [
      { file: { modle: "x" } },
      'unknown option "modle" in wildfire.toml [whisper]; did you mean --model?',
    ],
    [{ file: { model: 7 } }, 'wildfire.toml [whisper] model: "7" is not text'],
  ])("%p", (sources, message) => {
    let summary = "";
    try {
      read(sources);
    } catch (error) {
      summary = error instanceof WildfireError ? error.summary : String(error);
    }
    expect(summary).toBe(message);
  });
});

test("the help has a line per option with its default", () => {
  const lines = formatOptions(table).split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatch(/^ {2}-p, --port PORT +UDP port \(default 13000\)$/);
});

describe("configuration file", () => {
  test("sections are tables of keys", () => {
    expect(parseConfig('[whisper]\nmodel = "a.bin"\nport = 13000\n', "w.toml")).toEqual({
      whisper: { model: "a.bin", port: 13_000 },
    });
  });

  test("broken TOML and keys outside a section are named", () => {
    expect(() => parseConfig("[whisper\n", "w.toml")).toThrow(/^w\.toml is not valid TOML: /);
    expect(() => parseConfig("port = 1\n", "w.toml")).toThrow(
      'w.toml: "port" stands outside a section',
    );
  });
});

describe("state folder", () => {
  const user = { env: {}, home: "/home/a", userId: 1000, temporaryFolder: "/tmp" };
  test.each([
    [user, "/home/a/.local/state/wildfire"],
    [{ ...user, userId: 0, home: "/root" }, "/var/lib/wildfire"],
    [{ ...user, home: "/nonexistent" }, "/tmp/wildfire-1000"],
    [{ ...user, home: "" }, "/tmp/wildfire-1000"],
    [{ ...user, env: { XDG_STATE_HOME: "/x" } }, "/x/wildfire"],
    [{ ...user, env: { XDG_STATE_HOME: "relative" } }, "/home/a/.local/state/wildfire"],
    [{ ...user, env: { STATE_DIRECTORY: "/var/lib/w:/other" } }, "/var/lib/w"],
  ])("%p", (facts, folder) => {
    expect(defaultStateFolder(facts)).toBe(folder);
  });
});

test("the log lies in the state folder, but for the service of the whole system", () => {
  expect(defaultLogFolder({}, "/tmp/state")).toBe("/tmp/state/logs");
  expect(defaultLogFolder({}, "/var/lib/wildfire")).toBe("/var/log/wildfire");
  expect(defaultLogFolder({ LOGS_DIRECTORY: "/logs:/b" }, "/tmp/state")).toBe("/logs");
});

describe("an option that may be given several times", () => {
  const lines = { line: { kind: "list", value: "LINE", help: "an extension" } } as const;
  const readLines = (sources: Partial<OptionSources>) =>
    readOptions(lines, { ...nothing, ...sources }).line;

  test("is a list in the order of the command line, and empty without one", () => {
    expect(readLines({})).toEqual([]);
    expect(readLines({ argv: ["--line", "a", "--line=b"] })).toEqual(["a", "b"]);
  });

  test("is separated by spaces in the environment, and text or a list in the file", () => {
    expect(readLines({ env: { WILDFIRE_LINE: " a  b " } })).toEqual(["a", "b"]);
    expect(readLines({ file: { line: "a" } })).toEqual(["a"]);
    expect(readLines({ file: { line: ["a", "b"] } })).toEqual(["a", "b"]);
    expect(() => readLines({ file: { line: [1] } })).toThrow("text, or a list of texts");
  });

  test("on the command line replaces what the environment and the file say", () => {
    const env = { WILDFIRE_LINE: "e f" };
    expect(readLines({ env, file: { line: "g" }, argv: ["--line", "a"] })).toEqual(["a"]);
  });

  test("is one text where spaces count, and none where it is empty", () => {
    const texts = { stop: { ...lines.line, isText: true } } as const;
    const readStops = (sources: Partial<OptionSources>) =>
      readOptions(texts, { ...nothing, ...sources }).stop;
    expect(readStops({ file: { stop: "\n\n" } })).toEqual(["\n\n"]);
    expect(readStops({ env: { WILDFIRE_STOP: "One moment, please." } })).toEqual([
      "One moment, please.",
    ]);
    expect(readStops({ file: { stop: ["a b", "c"] } })).toEqual(["a b", "c"]);
    expect(readStops({ file: { stop: "" } })).toEqual([]);
  });

  test("keeps spaces within a value of the command line", () => {
    expect(readLines({ argv: ["--line", "a b"] })).toEqual(["a b"]);
  });
});
