import { describe, expect, test } from "bun:test";
import { parseSecrets, Secrets, secretVariables } from "../../src/config/secrets-file.ts";
import { readOptions } from "../../src/config/options.ts";
import { chatKeyVariable } from "../../src/services/secret-key.ts";
import {
  linePasswords,
  serviceEnvironment,
  serviceSecrets,
} from "../../src/services/service-secrets.ts";
import { readAccounts, sipOptions } from "../../src/services/sip-options.ts";

function secretsOf(text: string): Secrets {
  const { known, lines } = parseSecrets(text, "secrets.toml");
  return new Secrets(known, lines);
}

const secrets = secretsOf(`
llama-key = "l"
speech-key = "s"
web-password-hash = "h"
webhook-secret = "w"
line."200@pbx" = "two"
line."201@pbx:5070" = "one"
line.300 = "three"
`);
const lines = ["200@PBX;transport=tcp", "201@pbx:5070", "300@other", "400@pbx"];
const given = { secrets, lines, env: {} };

describe("a service is given its own secrets", () => {
  test.each([
    ["llama", { WILDFIRE_LLAMA_KEY: "l" }],
    ["kokoro", { WILDFIRE_SPEECH_KEY: "s" }],
    ["web", { WILDFIRE_WEB_PASSWORD_HASH: "h", WILDFIRE_WEBHOOK_SECRET: "w" }],
    ["whisper", {}],
    [
      "sip",
      {
        WILDFIRE_LINE_200_PASSWORD: "two",
        WILDFIRE_LINE_201_PASSWORD: "one",
        WILDFIRE_LINE_300_PASSWORD: "three",
      },
    ],
  ])("%s", (service, env) => {
    expect(serviceSecrets({ ...given, service })).toEqual({ env, problems: [] });
  });

  test("by the variables that it reads", async () => {
    expect(secretVariables["llama-key"]).toBe(chatKeyVariable);
    const { env } = serviceSecrets({ ...given, service: "sip" });
    const values = readOptions(sipOptions, {
      argv: [],
      env: {},
      file: { line: lines.slice(0, 3) },
      fileName: "",
      command: "sip",
    });
    const accounts = await readAccounts(values, env);
    expect(accounts.map(({ password }) => password)).toEqual(["two", "one", "three"]);
  });
});

test("a child has the environment of its parent without the secrets of others", () => {
  const env = {
    PATH: "/bin",
    ORDERS_KEY: "of a tool",
    WILDFIRE_LLAMA_KEY: "l",
    WILDFIRE_WEBHOOK_SECRET: "w",
    WILDFIRE_LINE_PASSWORD: "all",
    WILDFIRE_LINE_200_PASSWORD: "two",
    WILDFIRE_LINE: "200@pbx",
    CREDENTIALS_DIRECTORY: "/run/credentials/wildfire",
    GONE: undefined,
  };
  const child = (service: string) =>
    serviceEnvironment({ ...given, env, service, lines: ["200@pbx", "9@pbx"] }).env;
  const common = { PATH: "/bin", ORDERS_KEY: "of a tool", WILDFIRE_LINE: "200@pbx" };
  expect(child("whisper")).toEqual(common);
  expect(child("llama")).toEqual({ ...common, WILDFIRE_LLAMA_KEY: "l" });
  expect(child("sip")).toEqual({
    ...common,
    WILDFIRE_LINE_200_PASSWORD: "two",
    WILDFIRE_LINE_9_PASSWORD: "all",
  });
});

test("two lines that share a variable and have different passwords are told, without these", () => {
  const both = {
    secrets: secretsOf('line."200@a" = "geheim"\nline."200@b" = "anders"\n'),
    env: {},
  };
  const { env, problems } = serviceSecrets({ ...both, service: "sip", lines: ["200@a", "200@b"] });
  expect(env).toEqual({ WILDFIRE_LINE_200_PASSWORD: "geheim" });
  expect(problems).toEqual([
    'lines "200@a" and "200@b" have different passwords, but share WILDFIRE_LINE_200_PASSWORD: give one of them another user name',
  ]);
});

test("it is told which lines have a password, and where from", () => {
  const env = { WILDFIRE_LINE_400_PASSWORD: "four" };
  expect(linePasswords({ ...given, env, lines: [...lines, "500:geheim@pbx", "501@pbx"] })).toEqual([
    { line: "200@pbx", source: "secrets.toml" },
    { line: "201@pbx:5070", source: "secrets.toml" },
    { line: "300@other", source: "secrets.toml" },
    { line: "400@pbx", source: "WILDFIRE_LINE_400_PASSWORD" },
    { line: "501@pbx", source: undefined },
  ]);
});
