import { describe, expect, test } from "bun:test";
import { chooseConfigFile, secretsFileOf } from "../../src/config/paths.ts";

const user = { env: {}, home: "/home/a", userId: 1000, temporaryFolder: "/tmp" };
const choice = { given: undefined, user, hasDefault: false };
const env = { WILDFIRE_CONFIG: "/b.toml", XDG_CONFIG_HOME: "/x" };

describe("the configuration file", () => {
  test.each([
    ["that is named", { ...choice, given: "a.toml", user: { ...user, env } }, "a.toml"],
    ["of the environment", { ...choice, hasDefault: true, user: { ...user, env } }, "/b.toml"],
    [
      "of the whole system when it is there",
      { ...choice, hasDefault: true },
      "/etc/wildfire/wildfire.toml",
    ],
    [
      "of the whole system for root",
      { ...choice, user: { ...user, userId: 0 } },
      "/etc/wildfire/wildfire.toml",
    ],
    ["of the user", choice, "/home/a/.config/wildfire/wildfire.toml"],
    [
      "where the user keeps such files",
      { ...choice, user: { ...user, env: { XDG_CONFIG_HOME: "/x" } } },
      "/x/wildfire/wildfire.toml",
    ],
    [
      "of the whole system for a user without a home",
      { ...choice, user: { ...user, home: "/nonexistent" } },
      "/etc/wildfire/wildfire.toml",
    ],
  ])("is the one %s", (_, given, path) => {
    expect(chooseConfigFile(given)).toBe(path);
  });
});

test.each([
  ["/etc/wildfire/wildfire.toml", "/etc/wildfire/secrets.toml"],
  ["other.toml", "secrets.toml"],
])("secrets stand beside %s", (config, secrets) => {
  expect(secretsFileOf(config)).toBe(secrets);
});
