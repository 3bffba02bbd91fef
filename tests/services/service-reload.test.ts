/** What a running service takes of a changed configuration, and what it refuses. */
import { beforeEach, expect, test } from "bun:test";
import { describeError, WildfireError } from "../../src/core/errors.ts";
import { ServiceReload } from "../../src/services/service-reload.ts";

const started = { greeting: "Hello", port: 8083, verbose: false, stop: ["a"] };
type Values = typeof started;

let now: Values;
let taken: Values[];
let env: Record<string, string | undefined>;
let more: readonly string[];
let problem: string | undefined;

beforeEach(() => {
  now = started;
  taken = [];
  env = { WILDFIRE_LLAMA_KEY: "old" };
  more = [];
  problem = undefined;
});

function reloading(service = "llama"): ServiceReload<Values> {
  return new ServiceReload<Values>({
    service,
    values: started,
    read: async () => now,
    take: async (values) => {
      if (problem !== undefined) throw new WildfireError("usage", problem);
      taken.push(values);
      return more;
    },
    env,
  });
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return await work.then(() => "taken", describeError);
}

test("what is the same is taken too, since files may be others, and nothing is told", async () => {
  expect(await reloading().reload({})).toEqual({ changed: [], restart: [] });
  expect(taken).toEqual([started]);
});

test("what can change while it runs is taken and named, each once", async () => {
  const reload = reloading();
  now = { ...started, greeting: "Hi", verbose: true, stop: ["a", "b"] };
  more = ["text of system"];
  const changed = ["greeting", "verbose", "stop", "text of system"];
  expect(await reload.reload({})).toEqual({ changed, restart: [] });
  more = [];
  expect(await reload.reload({})).toEqual({ changed: [], restart: [] });
});

test("one option that needs a restart, and nothing is taken", async () => {
  const reload = reloading();
  now = { ...started, greeting: "Hi", port: 1 };
  expect(await reload.reload({})).toEqual({ changed: [], restart: ["port"] });
  expect(taken).toEqual([]);
  // It is compared with what the service has, not with what was refused.
  expect(await reload.reload({})).toMatchObject({ restart: ["port"] });
  now = { ...started, greeting: "Hi" };
  expect(await reload.reload({})).toEqual({ changed: ["greeting"], restart: [] });
});

test("secrets come as variables, and are gone again when something is wrong", async () => {
  const reload = reloading();
  problem = "system: no such file";
  const secrets = { WILDFIRE_LLAMA_KEY: "new", WILDFIRE_OTHER: "x" };
  expect(await refusal(reload.reload({ secrets }))).toBe("system: no such file");
  expect(env).toEqual({ WILDFIRE_LLAMA_KEY: "old" });
  problem = undefined;
  expect(await reload.reload({ secrets })).toEqual({ changed: ["secrets"], restart: [] });
  expect(env).toEqual(secrets);
  expect(await reload.reload({ secrets })).toEqual({ changed: [], restart: [] });
  expect(await reload.reload({ secrets: { WILDFIRE_OTHER: null } })).toMatchObject({
    changed: ["secrets"],
  });
  expect(env).toEqual({ WILDFIRE_LLAMA_KEY: "new" });
});

test("a service that reads its secrets at the start only asks for a restart", async () => {
  const reload = reloading("sip");
  const secrets = { WILDFIRE_LINE_200_PASSWORD: "new" };
  expect(await reload.reload({ secrets })).toEqual({ changed: [], restart: ["secrets"] });
  expect(env).toEqual({ WILDFIRE_LLAMA_KEY: "old" });
});

test.each([
  ["no table", "secrets is no table of variables"],
  [{ PATH: "/tmp" }, 'secrets: "PATH" is not usable'],
  [{ WILDFIRE_KEY: 7 }, 'secrets: "WILDFIRE_KEY" is not usable'],
  [{ "WILDFIRE_a b": "x" }, 'secrets: "WILDFIRE_a b" is not usable'],
])("secrets like %j are refused without being shown", async (secrets, expected) => {
  expect(await refusal(reloading().reload({ secrets }))).toBe(expected);
  expect(env).toEqual({ WILDFIRE_LLAMA_KEY: "old" });
});

test("two at once are taken one after the other", async () => {
  const reload = reloading();
  now = { ...started, greeting: "Hi" };
  const answers = await Promise.all([reload.reload({}), reload.reload({})]);
  expect(answers.map(({ changed }) => changed)).toEqual([["greeting"], []]);
});
