import { describe, expect, test } from "bun:test";
import { parseConfig } from "../../src/config/load.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { planLogs, planServices, type PlanSources } from "../../src/supervisor/configured-plan.ts";
import { differenceBetween } from "../../src/supervisor/service-plan.ts";

const path = "/etc/wildfire/wildfire.toml";

const environmentOf = (service: string) => ({ SECRET_OF: service });

function sources(toml: string | undefined, given: Partial<PlanSources> = {}): PlanSources {
  const file = toml === undefined ? undefined : { path, sections: parseConfig(toml, path) };
  const base = { file, env: {}, stateFolder: "/state", self: ["wildfire"], environmentOf };
  return { ...base, only: [], ...given };
}

function names(toml: string | undefined, given: Partial<PlanSources> = {}): readonly string[] {
  const { services } = planServices(sources(toml, given));
  // The page is there or not, as this build has it.
  return services.map(({ name }) => name).filter((name) => name !== "web");
}

describe("which services run", () => {
  const usual = ["whisper", "llama", "kokoro"];

  test.each<[string, string | undefined, readonly string[]]>([
    ["without a file, what a call needs", undefined, usual],
    ["with a line, sip too", '[sip]\nline = "100@pbx"', [...usual, "sip"]],
    [
      "with an address, audiosocket too",
      '[audiosocket]\nlisten = "x:1"',
      [...usual, "audiosocket"],
    ],
    ["a section without a line is no line", "[sip]\nsip-port = 5070", usual],
    ["those of the file, each once", '[services]\nrun = ["llama", "llama"]', ["llama"]],
  ])("%s", (_, toml, expected) => {
    expect(names(toml)).toEqual(expected);
  });

  test("a line may come from the environment, and the command line has the last word", () => {
    expect(names(undefined, { env: { WILDFIRE_LINE: "100@pbx" } })).toContain("sip");
    expect(names('[services]\nrun = ["llama"]', { only: ["whisper"] })).toEqual(["whisper"]);
  });

  test.each([
    ['[services]\nrun = ["lama"]', [], '[services] run: "lama" is not one of'],
    // As `wildfire config check` says: those are for one call each.
    ['[services]\nrun = ["inbound"]', [], '[services] run: "inbound" is not one of'],
    ["[services]\nrum = 1", [], 'unknown option "rum"'],
    ["[services]\nmemory-mb = 5", [], "is not a table of services"],
    ["[services]\nmemory-mb.lama = 5", [], 'there is no service "lama"'],
    ['[services]\nmemory-mb.llama = "much"', [], 'memory-mb.llama: "much" is no size'],
    ["[services]\ndrain-s = -1", [], "drain-s"],
    ["", ["lama"], '--only: there is no service "lama"'],
  ])("%j with %j is refused in one line", (toml, only, reason) => {
    const plan = (): unknown => planServices(sources(toml, { only }));
    expect(plan).toThrow(WildfireError);
    expect(plan).toThrow(reason);
  });
});

test("each service is told where its configuration and its state are", () => {
  const { services, drainLimitMs } = planServices(
    sources('[services]\nrun = ["llama"]\nmemory-mb.llama = 100\n[llama]\nbackend = "echo"'),
  );
  expect(drainLimitMs).toBe(30_000);
  expect(services).toEqual([
    {
      name: "llama",
      command: [
        "wildfire",
        "--service",
        "llama",
        "--config",
        path,
        "--state-dir",
        "/state",
        "--log-format",
        "json",
      ],
      env: { SECRET_OF: "llama" },
      settings: { backend: "echo" },
      alsoReads: {},
      memoryLimitBytes: 100 << 20,
      showsPrivate: false,
    },
  ]);
});

test.each([
  ["[llama]\nlog-private = true", {}, true],
  ["[llama]\nlog_private = false", {}, false],
  ["", { WILDFIRE_LOG_PRIVATE: "1" }, true],
  ["", { WILDFIRE_LLAMA_LOG_PRIVATE: "yes" }, true],
  ["", {}, false],
])("private fields are expected with %j and %j: %p", (toml, env, isExpected) => {
  const { services } = planServices(sources(toml, { env, only: ["llama"] }));
  expect(services[0]?.showsPrivate).toBe(isExpected);
});

function planOf(name: string, toml: string) {
  const [first] = planServices(sources(toml, { only: [name] })).services;
  if (first === undefined) throw new Error("no plan");
  return first;
}

describe("what a new plan asks of a service", () => {
  const none = { outside: [], own: [], secrets: {} };
  const before = planOf("llama", '[llama]\nbackend = "echo"');

  test("nothing for the same settings, and for another limit of its memory", () => {
    expect(differenceBetween(before, planOf("llama", '[llama]\nbackend = "echo"'))).toEqual(none);
    expect(differenceBetween(before, { ...before, memoryLimitBytes: 5 })).toEqual(none);
  });

  test("to read its own settings again, by their names", () => {
    const after = planOf("llama", '[llama]\nmax_tokens = 5\nbackend = "openai"');
    expect(differenceBetween(before, after)).toEqual({ ...none, own: ["backend", "max-tokens"] });
  });

  test("to take other secrets, and to forget those that are gone", () => {
    const [old, next] = [{ WILDFIRE_LLAMA_KEY: "a", WILDFIRE_X: "b" }, { WILDFIRE_LLAMA_KEY: "c" }];
    const difference = differenceBetween({ ...before, env: old }, { ...before, env: next });
    const secrets = { WILDFIRE_LLAMA_KEY: "c", WILDFIRE_X: null };
    expect(difference).toEqual({ ...none, secrets });
  });

  test.each<[string, string, readonly string[]]>([
    ["web", "[history]\nkeep_days = 5", ["history.keep-days"]],
    ["sip", "[history]\naudio = true", ["history.audio"]],
    ["llama", "[history]\nkeep_days = 5", []],
  ])("%s to start anew for %j: %j", (name, toml, outside) => {
    expect(differenceBetween(planOf(name, ""), planOf(name, toml)).outside).toEqual(outside);
  });

  test("a start for another program or environment", () => {
    const other = { ...before, command: ["other"], env: { PATH: "/bin" } };
    expect(differenceBetween(before, other).outside).toEqual(["program", "environment"]);
  });
});

test("the log is kept in the state folder, in systemd's folder, or where the file says", () => {
  const folder = (toml: string, env: PlanSources["env"]): string =>
    planLogs(sources(toml, { env })).folder;
  expect(folder("", {})).toBe("/state/logs");
  expect(folder("", { LOGS_DIRECTORY: "/var/log/wildfire:/other" })).toBe("/var/log/wildfire");
  expect(folder('[logs]\nfolder = "/mine"', { LOGS_DIRECTORY: "/x" })).toBe("/mine");
  expect(planLogs(sources("[logs]\nmax-mb = 1\nkeep = 0"))).toMatchObject({
    maxBytes: 1 << 20,
    keep: 0,
  });
});
