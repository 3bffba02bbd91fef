import { describe, expect, test } from "bun:test";
import { readOptions } from "../../src/config/options.ts";
import {
  applyGiven,
  type GivenSecrets,
  givenTopics,
  onlyLine,
  pagePassword,
  readModel,
  setupOptions,
  type SetupValues,
} from "../../src/setup/setup-flags.ts";
import type { SetupState } from "../../src/setup/setup-state.ts";
import { chooseChatModel } from "../../src/setup/setup-unattended.ts";
import { line, scriptedDesk, untouched } from "./setup-rig.ts";

const noSecrets: GivenSecrets = {
  password: undefined,
  llamaKey: undefined,
  speechKey: undefined,
  pagePasswordHash: undefined,
};

function valuesOf(argv: readonly string[]): SetupValues {
  const none = { env: {}, command: "setup" };
  return readOptions(setupOptions, { argv, ...none });
}

interface Given {
  readonly state?: SetupState;
  readonly secrets?: Partial<GivenSecrets>;
  readonly env?: Readonly<Record<string, string>>;
}

function apply(argv: readonly string[], { state = untouched, secrets, env = {} }: Given = {}) {
  return applyGiven(state, {
    values: valuesOf(argv),
    secrets: { ...noSecrets, ...secrets },
    env,
    builtinVoices: ["slt", "rms"],
  });
}

const pbx = ["--pbx", "pbx.example", "--extension", "200"];
const set: SetupState = {
  calls: { line, audiosocket: undefined },
  brain: { backend: "openai", url: "http://h:1/v1", model: "m", key: "k" },
  voice: { engine: "openai-speech", url: "http://v:1", model: "tts", voice: "nova", key: "vk" },
  ears: { model: "/m.bin" },
  page: { passwordHash: "old", bind: "127.0.0.1", port: 8081, isSecure: false },
};

describe("the command line", () => {
  test("gives a line, whose password comes from a file or from the environment", () => {
    const fromFile = apply(pbx, { secrets: { password: "secret" } });
    expect(fromFile.calls).toEqual({ line, audiosocket: undefined });
    const own = { WILDFIRE_LINE_200_PASSWORD: "secret" };
    expect(apply(pbx, { env: own }).calls.line).toEqual(line);
    const common = { WILDFIRE_LINE_PASSWORD: "other" };
    expect(apply(pbx, { env: common, secrets: { password: "secret" } }).calls.line).toEqual(line);
  });

  test("changes only what it speaks of", () => {
    expect(apply([], { state: set })).toEqual(set);
    expect(apply(["--echo"], { state: set })).toEqual({
      ...set,
      brain: { ...set.brain, backend: "echo" },
    });
    const other = apply(["--audiosocket", "127.0.0.1:9092"], { state: set });
    expect(other.calls).toEqual({ line, audiosocket: "127.0.0.1:9092" });
  });

  test("keeps key and voice of the same server, and of no other", () => {
    const same = apply(["--llama", "http://h:1", "--speech-url", "http://v:1/v1"], { state: set });
    expect(same.brain.key).toBe("k");
    expect(same.voice).toMatchObject({ key: "vk", voice: "nova" });
    const other = apply(["--llama", "http://o:1", "--speech-url", "http://o:2"], { state: set });
    expect(other.brain.key).toBeUndefined();
    expect(other.voice).toMatchObject({ key: undefined, voice: undefined });
  });

  test("goes back to the built-in voice", () => {
    const voice = apply(["--builtin-voice", "--voice", "rms"], { state: set }).voice;
    expect(voice).toMatchObject({ engine: "builtin", voice: "rms" });
    expect(apply(["--builtin-voice"], { state: set }).voice.voice).toBeUndefined();
  });

  test("shows the page to others only with a password, and then by https", () => {
    const secrets = { pagePasswordHash: "hash" };
    const page = apply(["--web-bind", "0.0.0.0"], { secrets }).page;
    expect(page).toMatchObject({ bind: "0.0.0.0", passwordHash: "hash", isSecure: true });
    expect(apply(["--no-web-password"], { state: set }).page).toMatchObject({
      passwordHash: undefined,
      bind: "127.0.0.1",
    });
  });

  test("an open page whose password is not in its file may be moved, and so may one with it in the environment", () => {
    const open = { ...set, page: { ...set.page, passwordHash: undefined, bind: "0.0.0.0" } };
    expect(apply(["--web-bind", "10.0.0.1"], { state: open }).page.bind).toBe("10.0.0.1");
    const env = { WILDFIRE_WEB_PASSWORD_HASH: "hash" };
    expect(apply(["--web-bind", "0.0.0.0"], { env }).page).toMatchObject({
      bind: "0.0.0.0",
      passwordHash: undefined,
      isSecure: true,
    });
  });

  const wrong: readonly (readonly [string, readonly string[], Given, string])[] = [
    ["an extension alone", ["--extension", "200"], {}, "--pbx is missing"],
    ["a PBX alone", ["--pbx", "pbx"], {}, "--extension is missing"],
    ["a line without a password", pbx, {}, "there is no password for 200@pbx.example"],
    ["a bad address", ["--pbx", "p b x", "--extension", "2"], {}, '--pbx the host "p b x"'],
    ["a bad extension", ["--pbx", "pbx", "--extension", "2@x"], {}, '--extension "2@x": Only'],
    ["a bad AudioSocket", ["--audiosocket", "here"], {}, 'AudioSocket "here" is not HOST:PORT'],
    ["a model without a server", ["--llama-model", "m"], {}, "--llama is missing"],
    ["no address", ["--llama", "localhost"], {}, '--llama "localhost": Please write it like'],
    ["two brains", ["--echo", "--llama", "http://h"], {}, "contradict each other"],
    ["two voices", ["--builtin-voice", "--speech-url", "http://h"], {}, "contradict each other"],
    ["a key for an echo", ["--echo", "--llama-key-file", "/k"], {}, "--echo and --llama-key-file"],
    [
      "a key for the built-in voice",
      ["--builtin-voice", "--speech-key-file", "/k"],
      {},
      "--builtin-voice and --speech-key-file contradict",
    ],
    [
      "a speech model, and no server for it",
      ["--speech-model", "tts"],
      {},
      "--speech-url is missing; give it: the server of --speech-model",
    ],
    ["an unknown voice", ["--voice", "slz"], {}, "none of the built-in voice; did you mean slt?"],
    [
      "an open page",
      ["--web-bind", "0.0.0.0"],
      {},
      '--web-bind "0.0.0.0" shows the page to others',
    ],
    ["an open page once more", ["--no-web-password", "--web-bind", "::"], { state: set }, "shows"],
  ];
  test.each(wrong)("with %s is refused, naming the option", (_, argv, given, says) => {
    let said = "";
    try {
      apply(argv, given);
    } catch (error) {
      said = error instanceof Error && "summary" in error ? String(error.summary) : "";
    }
    expect(said).toContain(says);
  });

  test("tells which questions it answers", () => {
    expect([...givenTopics(valuesOf(["--echo", "--model", "demo", "--yes"]))]).toEqual([
      "brain",
      "ears",
    ]);
    expect([...givenTopics(valuesOf(["--yes", "--config", "/x"]))]).toEqual([]);
  });
});

describe("a secret in a file", () => {
  test.each(["p", " p ", "p=q", 'a"b\\', "ä€😀"])("is %j as it stands there", (secret) => {
    for (const end of ["", "\n", "\r\n"]) expect(onlyLine(secret + end, "--x")).toBe(secret);
  });

  test.each([
    ["nothing", ""],
    ["nothing", "\n"],
    ["2 lines", "a\nb\n"],
    ["nobody can type", "a\u0000b"],
  ])("is refused for %s, and not shown", (says, text) => {
    expect(() => onlyLine(text, "--x")).toThrow(says);
    expect(() => onlyLine(`${text}hidden\nx`, "--x")).not.toThrow("hidden");
  });

  test("of the page has at least eight characters", () => {
    expect(() => pagePassword("short\n", "--x")).toThrow("8 characters are the least");
    expect(pagePassword("long enough\n", "--x")).toBe("long enough");
  });
});

test("--model is a name, a file or the demo model", () => {
  expect(readModel("base.en", "/here")).toEqual({ kind: "name", name: "base.en" });
  expect(readModel("demo", "/here")).toEqual({ kind: "demo" });
  expect(readModel("m/x", "/here")).toEqual({ kind: "file", path: "/here/m/x" });
  expect(readModel("x.bin", "/here")).toEqual({ kind: "file", path: "/here/x.bin" });
  expect(readModel("/m/x.bin", "/here")).toEqual({ kind: "file", path: "/m/x.bin" });
});

describe("the model of a chat server that was given without one", () => {
  const brain = { backend: "openai", url: "http://h:1", model: "default", key: undefined } as const;
  const { signal } = new AbortController();

  test.each([
    [["only"], "only"],
    [[], "default"],
    [["a", "default"], "default"],
  ])("of %j is %s", async (chatModels, expected) => {
    const { trials, models } = scriptedDesk({ answers: [], chatModels }).desk;
    expect((await chooseChatModel(brain, { trials, models, signal })).model).toBe(expected);
  });

  test("has to be named where there are several", () => {
    const { trials, models } = scriptedDesk({ answers: [], chatModels: ["a", "b"] }).desk;
    expect(chooseChatModel(brain, { trials, models, signal })).rejects.toThrow(
      "has several models",
    );
  });
});
