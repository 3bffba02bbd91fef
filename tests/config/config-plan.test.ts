import { describe, expect, test } from "bun:test";
import { checkConfig } from "../../src/config/config-check.ts";
import { type ConfigPlan, type PlanInput, planChanges } from "../../src/config/config-plan.ts";
import { smallSchema } from "./small-schema.ts";

const sections = (text: string) => checkConfig(text, smallSchema).sections;
const run = '[services]\nrun = ["llama", "sip", "web"]\n';

function plan(before: string, after: string, more: Partial<PlanInput> = {}): ConfigPlan {
  return planChanges({
    schema: smallSchema,
    env: {},
    before: sections(run + before),
    after: sections(run + after),
    ...more,
  });
}

const nothing: ConfigPlan = { start: [], stop: [], restart: [], reload: [], idle: [] };

describe("a change of the file", () => {
  test.each([
    ["a default that is written out is none", "", "[llama]\nport = 8083\nverbose = false\n", {}],
    ["another spelling is none", "[logs]\nmax-mb = 3\n", "[logs]\nmax_mb = 3\n", {}],
    ["the same list is none", '[sip]\nline = ["a", "b"]\n', '[sip]\nline = "a b"\n', {}],
    [
      "an option restarts its service",
      "[llama]\nport = 1\n",
      '[llama]\nport = 2\nbackend = "openai"\n',
      { restart: [{ service: "llama", keys: ["llama.port"] }] },
    ],
    [
      "one that the service can take while it runs does not",
      "",
      '[llama]\nbackend = "openai"\ngreeting = "Hi"\n',
      { reload: [{ service: "llama", keys: ["llama.backend", "llama.greeting"] }] },
    ],
    [
      "a limit is the supervisor's",
      "",
      "[services.memory-mb]\nllama = 500\n",
      { reload: [{ service: "supervisor", keys: ["services.memory-mb.llama"] }] },
    ],
    [
      "a limit that is gone is one too",
      "[services.memory-mb]\nllama = 500\n",
      "",
      { reload: [{ service: "supervisor", keys: ["services.memory-mb.llama"] }] },
    ],
    [
      "the history concerns those who write it",
      "",
      "[history]\naudio = true\n",
      {
        restart: [
          { service: "sip", keys: ["history.audio"] },
          { service: "web", keys: ["history.audio"] },
        ],
      },
    ],
    [
      "logs are the supervisor's, which reads them again",
      "",
      "[logs]\nkeep = 1\n",
      { reload: [{ service: "supervisor", keys: ["logs.keep"] }] },
    ],
  ])("%s", (_, before, after, expected) => {
    expect(plan(before, after)).toEqual({ ...nothing, ...expected });
  });

  test("starts and stops what is run, and leaves what does not run alone", () => {
    const before = sections('[services]\nrun = ["llama", "web"]\n');
    const after = sections(
      '[services]\nrun = ["sip", "llama"]\n[whisper]\n[history]\naudio = true\n',
    );
    expect(planChanges({ schema: smallSchema, env: {}, before, after })).toEqual({
      ...nothing,
      start: ["sip"],
      stop: ["web"],
      idle: ["services.run", "history.audio"],
    });
  });

  test("that the environment overrules is none", () => {
    expect(plan("", "[llama]\nport = 1\n", { env: { WILDFIRE_LLAMA_PORT: "5" } })).toEqual(nothing);
  });
});

describe("what can change without a restart", () => {
  const table = { llama: { greeting: "reload", verbose: "nothing" } } as const;

  test("is a command to the service", () => {
    expect(plan("", '[llama]\ngreeting = "Hi"\nverbose = true\n', { table })).toEqual({
      ...nothing,
      reload: [{ service: "llama", keys: ["llama.greeting"] }],
      idle: ["llama.verbose"],
    });
  });

  test("is read by a restart that is due anyhow", () => {
    expect(plan("", '[llama]\ngreeting = "Hi"\nport = 1\n', { table })).toEqual({
      ...nothing,
      restart: [{ service: "llama", keys: ["llama.port"] }],
    });
  });
});

test("a key of a server is taken by the service that is up", () => {
  expect(plan("", "", { changedSecrets: ["llama"] })).toEqual({
    ...nothing,
    reload: [{ service: "llama", keys: ["secrets"] }],
  });
});

test("other secrets restart the service that is given them", () => {
  expect(plan("", "", { changedSecrets: ["sip", "whisper"] })).toEqual({
    ...nothing,
    restart: [{ service: "sip", keys: ["secrets"] }],
  });
});
