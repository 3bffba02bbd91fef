import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { fault, type Finding, warning } from "../../src/doctor/finding.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { askBrain } from "../../src/setup/questions/brain-question.ts";
import { askCalls } from "../../src/setup/questions/calls-question.ts";
import { askEars } from "../../src/setup/questions/ears-question.ts";
import { askPage } from "../../src/setup/questions/page-question.ts";
import { askVoice } from "../../src/setup/questions/voice-question.ts";
import { askAll } from "../../src/setup/setup-dialogue.ts";
import { planSetup } from "../../src/setup/setup-plan.ts";
import { SetupLeft } from "../../src/setup/setup-prompter.ts";
import type { BrainState, PageState, SetupState } from "../../src/setup/setup-state.ts";
import {
  type Answer,
  type DeskScript,
  line,
  type ScriptedDesk,
  scriptedDesk,
  SetupPlace,
  untouched,
} from "./setup-rig.ts";

const bad: Finding = fault("it does not work", "do this");

async function calls(
  script: DeskScript,
  present = untouched.calls,
): Promise<ScriptedDesk & { readonly state: SetupState["calls"] }> {
  const scripted = scriptedDesk(script);
  const state = await askCalls(scripted.desk, present, true);
  expect(scripted.prompter.unused).toBe(0);
  return { ...scripted, state };
}
async function ask(answers: readonly Answer[], present?: SetupState) {
  using place = new SetupPlace();
  const there = await place.present();
  const known = present === undefined ? there : { ...there, state: present, isThere: true };
  const scripted = scriptedDesk({ answers });
  const { desk } = scripted;
  const options = { desk, present: known, start: known.state, columns: 72, hostName: "pbx" };
  return { ...scripted, state: await askAll(options) };
}

function noWayOut(): Promise<string> {
  return Promise.reject(new WildfireError("model", "no way out", { hint: "use a mirror" }));
}

describe("how calls come in", () => {
  const typed: readonly Answer[] = [{ type: "pbx.example" }, { type: "200" }, { type: "secret" }];

  test("a line is tried at once, with its password", async () => {
    const { state, tried } = await calls({ answers: [{ pick: "line" }, ...typed] });
    expect(state).toEqual({ line, audiosocket: undefined });
    expect(tried).toEqual([line]);
  });

  test("what fails is told with its cure, and can be corrected without typing all of it again", async () => {
    const { state, prompter } = await calls({
      answers: [
        { pick: "line" },
        { type: "pbx.exampel" },
        ...typed.slice(1),
        { pick: "change" },
        { type: "pbx.example" },
        "suggested",
        { type: "" },
      ],
      findings: { line: [bad] },
    });
    expect(prompter.shown).toContain("fault: it does not work do this");
    expect(state.line).toEqual(line);
  });

  test("what fails can be tried again, and taken all the same", async () => {
    const { state, tried } = await calls({
      answers: [{ pick: "line" }, ...typed, { pick: "again" }, { pick: "taken" }],
      findings: { line: [bad, bad] },
    });
    expect(tried).toEqual([line, line]);
    expect(state.line).toEqual(line);
  });

  test("a kept password is not given to another PBX", async () => {
    const { state, prompter } = await calls(
      {
        answers: [
          "suggested",
          { type: "other.example" },
          "suggested",
          { type: "" },
          { type: "new" },
        ],
      },
      { line, audiosocket: undefined },
    );
    expect(prompter.shown).toContain("refused: Please give the password.");
    expect(state.line).toEqual({ user: "200", pbx: "other.example", password: "new" });
  });

  const refused: readonly (readonly [string, readonly Answer[], string])[] = [
    ["an address with an extension", [{ type: "200@pbx" }], "Only the address"],
    ["a bad port", [{ type: "pbx:99999" }], 'the port "99999" is not 1 to 65535'],
    ["no address", [{ type: " " }], "Please give its name"],
    ["an unknown transport", [{ type: "pbx;transport=quic" }], '"quic" is not udp'],
  ];
  test.each(refused)("%s is refused in words, and asked again", async (_, wrong, words) => {
    const { prompter } = await calls({ answers: [{ pick: "line" }, ...wrong, ...typed] });
    expect(prompter.shown.join("\n")).toContain(words);
    expect(prompter.shown.join("\n")).not.toContain("--line");
  });

  test("the demonstration comes back to the question", async () => {
    const { tried } = await calls({ answers: [{ pick: "demo" }, { pick: "line" }, ...typed] });
    expect(tried).toEqual(["demo", line]);
  });

  test("both ways at once", async () => {
    const { state } = await calls({ answers: [{ pick: "both" }, ...typed, "suggested"] });
    expect(state).toEqual({ line, audiosocket: "127.0.0.1:9092" });
  });
});

describe("what answers", () => {
  const found = [{ url: "http://127.0.0.1:11434", software: "Ollama", names: ["a", "b"] }];
  const server: BrainState = { backend: "openai", url: "http://h:1", model: "m", key: "k" };

  test("a server of this machine is suggested, and its model is chosen from what it has", async () => {
    const { desk, tried } = scriptedDesk({
      answers: ["suggested", { pick: "b" }],
      chatServers: found,
    });
    const brain = await askBrain(desk, untouched.brain, true);
    expect(brain).toEqual({ backend: "openai", url: found[0]?.url, model: "b", key: undefined });
    expect(tried).toEqual([brain]);
  });

  test("what is configured is suggested before what was found", async () => {
    const { desk } = scriptedDesk({
      answers: ["suggested"],
      chatServers: found,
      chatModels: ["m"],
    });
    expect(await askBrain(desk, server, false)).toEqual(server);
    const echo = scriptedDesk({ answers: ["suggested"], chatServers: found });
    expect((await askBrain(echo.desk, untouched.brain, false)).backend).toBe("echo");
  });

  test("a key is not given to another server", async () => {
    const { desk } = scriptedDesk({
      answers: [{ pick: "other" }, { type: "http://other:1" }, { type: "" }, { type: "m2" }],
    });
    const brain = await askBrain(desk, server, false);
    expect(brain).toEqual({
      backend: "openai",
      url: "http://other:1",
      model: "m2",
      key: undefined,
    });
  });

  test("an empty address goes back to the choice", async () => {
    const { desk } = scriptedDesk({ answers: [{ pick: "other" }, { type: "" }, { pick: "echo" }] });
    expect((await askBrain(desk, untouched.brain, true)).backend).toBe("echo");
  });

  test("a search that is stopped with Ctrl-C only finds nothing", async () => {
    const { desk, prompter } = scriptedDesk({ answers: [{ pick: "echo" }], chatServers: found });
    prompter.stops.push("Looking for a chat server on this machine");
    expect((await askBrain(desk, untouched.brain, true)).backend).toBe("echo");
  });

  test("a trial that is stopped with Ctrl-C goes on with a question", async () => {
    const { desk, prompter, tried } = scriptedDesk({
      answers: ["suggested", { pick: "a" }, { pick: "taken" }],
      chatServers: found,
    });
    prompter.stops.push("Asking a");
    expect((await askBrain(desk, untouched.brain, true)).model).toBe("a");
    expect(tried).toEqual([]);
  });
});

describe("which voice", () => {
  test("the first of the built-in ones needs no mention", async () => {
    const { desk } = scriptedDesk({ answers: ["suggested"] });
    expect(await askVoice(desk, untouched.voice, true)).toEqual(untouched.voice);
  });

  test("a voice of a server does not stay with the built-in one", async () => {
    const present = {
      ...untouched.voice,
      engine: "openai-speech",
      url: "http://h:1",
      voice: "nova",
    } as const;
    const { desk } = scriptedDesk({ answers: [{ pick: "builtin rms" }] });
    expect(await askVoice(desk, present, false)).toEqual({
      ...present,
      engine: "builtin",
      voice: "rms",
    });
    const usual = scriptedDesk({ answers: [{ pick: "builtin slt" }] });
    expect((await askVoice(usual.desk, present, false)).voice).toBeUndefined();
  });

  test("a server that lists no voices is asked for one by name", async () => {
    const { desk, tried } = scriptedDesk({
      answers: [{ pick: "other" }, { type: "http://h:1" }, { type: "k" }, { type: "" }],
    });
    const voice = await askVoice(desk, untouched.voice, true);
    expect(voice).toMatchObject({
      engine: "openai-speech",
      url: "http://h:1",
      key: "k",
      voice: undefined,
    });
    expect(tried).toEqual([voice]);
  });
});

describe("which model hears", () => {
  test("one that has to be downloaded is, and then tried", async () => {
    const { desk, tried } = scriptedDesk({ answers: ["suggested"] });
    const ears = await askEars(desk, untouched.ears, true);
    expect(ears).toEqual({ model: "/nowhere/ggml-base.en.bin" });
    expect(tried).toEqual([ears]);
  });

  test("a download that fails says why, and the question comes again", async () => {
    const { desk, prompter } = scriptedDesk({
      answers: ["suggested", { pick: "demo" }],
      pull: noWayOut,
    });
    expect(await askEars(desk, untouched.ears, true)).toEqual({ model: undefined });
    expect(prompter.shown).toContain("fault: no way out use a mirror");
  });

  test("a slow one is taken only when that is said", async () => {
    const { desk } = scriptedDesk({
      answers: [{ pick: "demo" }, { pick: "change" }, { pick: "demo" }],
      findings: { ears: [warning("slow", "take a smaller one")] },
    });
    expect(await askEars(desk, untouched.ears, true)).toEqual({ model: undefined });
  });
});

describe("who may open the page", () => {
  const open: PageState = {
    ...untouched.page,
    passwordHash: "old",
    bind: "10.0.0.1",
    isSecure: true,
  };
  const cases: readonly (readonly [string, PageState, readonly Answer[], Partial<PageState>])[] = [
    ["no password", untouched.page, [{ type: "" }], untouched.page],
    [
      "others too, and then by https",
      untouched.page,
      [{ type: "a long one" }, { type: "a long one" }, { say: true }],
      { passwordHash: "hash of a long one", bind: "0.0.0.0", isSecure: true },
    ],
    [
      "this machine with a password",
      untouched.page,
      [{ type: "a long one" }, { type: "a long one" }, { say: false }],
      { passwordHash: "hash of a long one", bind: "127.0.0.1", isSecure: false },
    ],
    [
      "two different passwords, and a short one",
      untouched.page,
      [{ type: "short" }, { type: "a long one" }, { type: "another one" }, { type: "" }],
      untouched.page,
    ],
    ["as before", open, [{ pick: "kept" }], open],
    [
      "as before, with a password that is not in its file",
      { ...open, passwordHash: undefined },
      ["suggested"],
      { ...open, passwordHash: undefined },
    ],
    [
      "as before, at its own address of this machine",
      { ...untouched.page, bind: "::1" },
      [{ type: "" }],
      { bind: "::1" },
    ],
    [
      "a new password, at the same address",
      open,
      [{ pick: "changed" }, { type: "a long one" }, { type: "a long one" }, "suggested"],
      { ...open, passwordHash: "hash of a long one" },
    ],
    [
      "no password any more",
      open,
      [{ pick: "none" }],
      { passwordHash: undefined, bind: "127.0.0.1" },
    ],
  ];
  test.each(cases)("%s", async (_, present, answers, expected) => {
    const { desk, prompter } = scriptedDesk({ answers });
    expect(await askPage(desk, present)).toMatchObject(expected);
    expect(prompter.unused).toBe(0);
  });
});

describe("all questions", () => {
  const first: readonly Answer[] = [
    { pick: "line" },
    { type: "pbx.example" },
    { type: "200" },
    { type: "secret" },
    { pick: "echo" },
    { pick: "builtin slt" },
    { pick: "demo" },
    { type: "" },
  ];

  test("come to what shall be, without a secret in the summary", async () => {
    const { state, prompter } = await ask([...first, { pick: "write" }]);
    expect(state).toEqual({ ...untouched, calls: { line, audiosocket: undefined } });
    const summary = prompter.shown.slice(prompter.shown.indexOf("All together")).join("\n");
    expect(summary).toContain("200@pbx.example");
    expect(summary).not.toContain("secret");
  });

  test("are changed one by one at the end", async () => {
    const { state } = await ask([
      ...first,
      { pick: "voice" },
      { pick: "builtin rms" },
      { pick: "write" },
    ]);
    expect(state?.voice.voice).toBe("rms");
  });

  test("come to nothing when somebody chooses so", async () => {
    expect((await ask([...first, { pick: "leave" }])).state).toBeUndefined();
  });

  test("say which lines go when no line is wanted any more", async () => {
    const scripted = scriptedDesk({
      answers: [{ pick: "audiosocket" }, "suggested", ...first.slice(4), { pick: "leave" }],
    });
    using place = new SetupPlace();
    writeFileSync(place.path, '[sip]\nline = ["200@pbx.example", "300@pbx.example"]\n');
    const present = await place.present();
    const options = { present, start: present.state, columns: 72, hostName: "pbx" };
    await askAll({ desk: scripted.desk, ...options });
    expect(scripted.prompter.shown).toContain(
      "warning: 2 lines are taken out: 200@pbx.example, 300@pbx.example",
    );
  });

  test("asked again and answered with Enter change nothing", async () => {
    const before: SetupState = {
      calls: { line, audiosocket: undefined },
      brain: { backend: "openai", url: "http://h:1", model: "m", key: "k" },
      voice: { engine: "builtin", url: undefined, model: "kokoro", voice: "rms", key: undefined },
      ears: { model: "/m/ggml-base.en.bin" },
      page: { passwordHash: "old", bind: "0.0.0.0", port: 8081, isSecure: true },
    };
    const enter: readonly Answer[] = [
      "suggested", // the way in
      "suggested",
      "suggested",
      { type: "" }, // the password
      "suggested", // the brain
      "suggested", // its model, which the server does not list
      "suggested", // the voice
      "suggested", // the ears
      "suggested", // the page
      "suggested", // that is all
    ];
    const { state } = await ask(enter, before);
    expect(state).toEqual(before);
    const known = { state: before, lines: ["200@pbx.example"], run: undefined, secretLines: [] };
    expect(planSetup(known, state ?? untouched)).toEqual({ changes: [], secrets: [] });
  });

  test.each(first.map((_, index) => index))("left at question %i end at once", async (index) => {
    expect(ask([...first.slice(0, index), "leave"])).rejects.toBeInstanceOf(SetupLeft);
  });
});
