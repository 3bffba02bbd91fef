import { describe, expect, test } from "bun:test";
import { lineText, type LineParts, lineKey } from "../../src/web/client/line-text.ts";
import {
  changesOf,
  type FieldState,
  isChanged,
  savedText,
} from "../../src/web/client/setting-changes.ts";
import { parseLine } from "../../src/call/sip/registration/sip-line.ts";
import { lineViews } from "../../src/web/live/line-view.ts";
import { settingLabel } from "../../src/web/pages/setting-labels.ts";
import { outcomeMessage, type OutcomeFacts } from "../../src/web/settings/outcome-words.ts";
import { holding } from "./settings-rig.ts";
import type { AppliedChange } from "../../src/web/settings/settings-desk.ts";

const nothing: AppliedChange = {
  started: [],
  stopped: [],
  restarted: [],
  reloaded: [],
  refused: [],
  idle: [],
};

const field = (more: Partial<FieldState>): FieldState => ({
  name: "llama.model",
  kind: "string",
  text: "",
  isChecked: false,
  was: "",
  ...more,
});

const entry = (more: Readonly<Record<string, unknown>>) => ({
  line: "200@pbx",
  state: "registered",
  registrar: "pbx:5060 over UDP",
  lastProblem: null,
  nextInMs: 1000,
  attempts: 3,
  registeredSinceWallMs: 5,
  ...more,
});

const seen = (status: object | undefined, isWanted = true) =>
  lineViews({
    texts: ["200@pbx"],
    status: status === undefined ? undefined : { ...status },
    isWanted,
  });

describe("what a change did is said in sentences", () => {
  test.each<[Partial<AppliedChange>, Partial<OutcomeFacts>, string]>([
    [{}, {}, "Saved. Nothing had to be restarted."],
    [{ restarted: ["whisper"] }, { calls: 2 }, "Saved. whisper was restarted; two calls went on."],
    [{ restarted: ["whisper", "kokoro"] }, {}, "Saved. whisper and kokoro were restarted."],
    [
      { restarted: ["sip"] },
      { calls: 1, state: "begun" },
      "Saved. sip restarts when its call has ended, after 30 s at the latest.",
    ],
    [{ restarted: ["sip"] }, { calls: 1 }, "Saved. sip was restarted."],
    [
      { started: ["sip"], stopped: ["audiosocket"], reloaded: ["llama"] },
      { state: "begun" },
      "Saved. sip is being started. llama takes it over. audiosocket is being stopped.",
    ],
    [{ idle: ["kokoro.url"] }, {}, "Saved. kokoro.url is used by no service that runs."],
    [{ idle: ["a.b", "c.d"] }, {}, "Saved. a.b and c.d are used by no service that runs."],
    [{}, { state: "failed", reason: "no" }, "Saved, but not applied: no"],
  ])("%j, %j", (applied, facts, message) => {
    const usual = { state: "done", reason: "", calls: 0, drainS: 30 } as const;
    expect(outcomeMessage({ ...usual, ...facts, applied: { ...nothing, ...applied } })).toBe(
      message,
    );
  });
});

describe("a form tells what was changed in it", () => {
  test.each<[Partial<FieldState>, unknown]>([
    [{ text: "a", was: "a" }, undefined],
    [{ text: "b", was: "a" }, "b"],
    [{ text: "", was: "a" }, null],
    [{ text: " ", was: "" }, " "],
    [{ kind: "list", text: " a \n\nb", was: "a\nb" }, undefined],
    [{ kind: "list", text: "a b\nc", was: "" }, ["a b", "c"]],
    [{ kind: "list", text: "\n", was: "a" }, null],
    [{ kind: "list", text: "\n\n\nUser:", was: "\n\n\nUser:" }, undefined],
    [{ kind: "boolean", isChecked: true, was: "false" }, true],
    [{ kind: "boolean", isChecked: false, was: "true" }, null],
    [{ kind: "boolean", isChecked: true, was: "true" }, undefined],
  ])("%j", (state, value) => {
    const changed = field(state);
    const expected = { section: "llama", key: "model", value };
    expect(changesOf([changed])).toMatchObject({
      changes: value === undefined ? [] : [expected],
      secrets: [],
    });
    expect(isChanged({ ...changed, was: savedText(changed) })).toBe(false);
  });

  test("secrets are sent when something was typed, or when they are to be forgotten", () => {
    const secrets = [
      field({ kind: "secret", name: "llama-key" }),
      field({ kind: "secret", name: "speech-key", text: "x" }),
      field({ kind: "forget", name: "web-password", isChecked: true }),
    ];
    expect(changesOf(secrets).secrets).toEqual([
      { name: "speech-key", value: "x" },
      { name: "web-password", value: null },
    ]);
  });
});

describe("a line from its parts is the line that is read back", () => {
  const parts: LineParts = {
    user: "200",
    host: "pbx",
    port: "",
    transport: "udp",
    auth: "",
    expires: "",
    proxy: "",
  };

  test.each<[Partial<LineParts>, string, string]>([
    [{}, "200@pbx", "200@pbx"],
    [{ host: " PBX.example ", port: "5070" }, "200@PBX.example:5070", "200@pbx.example:5070"],
    [{ host: "fd00::1", transport: "tls" }, "200@[fd00::1];transport=tls", "200@[fd00::1]"],
    [
      { transport: "tcp", auth: "me", expires: "300", proxy: "edge:5060" },
      "200@pbx;transport=tcp;auth=me;expires=300;proxy=edge:5060",
      "200@pbx",
    ],
    [{ auth: "200" }, "200@pbx", "200@pbx"],
  ])("%j", (more, text, key) => {
    const line = { ...parts, ...more };
    expect([lineText(line), lineKey(line)]).toEqual([text, key]);
    expect(parseLine(text).ok).toBe(true);
  });
});

describe("the state of a line", () => {
  test.each<[string, ReturnType<typeof seen>, string, string]>([
    ["registered", seen({ lines: [entry({})] }), "good", "at pbx:5060 over UDP"],
    [
      "failing: with the reason",
      seen({ lines: [entry({ state: "waiting", lastProblem: "no answer" })] }),
      "bad",
      "no answer",
    ],
    [
      "tried again after a failure: still bad",
      seen({ lines: [entry({ state: "registering", lastProblem: "503" })] }),
      "bad",
      "503",
    ],
    ["tried for the first time", seen({ lines: [entry({ state: "registering" })] }), "busy", "at"],
    ["configured since", seen({ lines: [] }), "busy", "the sip service runs without it"],
    ["without the service", seen(undefined), "off", "does not run"],
    ["not wanted", seen(undefined, false), "off", "not among the services"],
  ])("%s", (_, [line], tone, detail) => {
    expect(String(line?.state.tone)).toBe(tone);
    expect(line?.state.detail).toContain(detail);
  });

  test("whoever may not see the configuration sees the lines that the service has", () => {
    const views = lineViews({ texts: undefined, status: { lines: [entry({})] }, isWanted: true });
    expect(views).toMatchObject([{ name: "200@pbx", text: undefined, state: { tone: "good" } }]);
  });

  test("a line that cannot be read says why, and the others are shown", () => {
    const views = lineViews({ texts: ["200", "300@pbx"], status: undefined, isWanted: true });
    expect(views).toMatchObject([
      { name: "200", state: { tone: "bad", detail: holding("has no USER@HOST") } },
      { name: "300@pbx", state: { tone: "off" } },
    ]);
  });
});

test("keys without a name of their own are read as words", () => {
  expect(settingLabel("llama", "first-token-limit")).toBe("Seconds to wait for the first word");
  expect(settingLabel("sip", "no-echo-guard")).toBe("No echo guard");
  expect(settingLabel("kokoro", "url")).toBe("Address of the speech server");
  expect(settingLabel("x", "rtp-url")).toBe("RTP URL");
});
