import { expect, test } from "bun:test";
import { hideCredentials, soundsSecret } from "../../src/config/hidden-credentials.ts";

test.each([
  ["http://user:geheim@host:80/a", "http://user:(hidden)@host:80/a"],
  ["http://user:ge@heim@host", "http://user:(hidden)@host"],
  ["200:geheim@pbx", "200:(hidden)@pbx"],
  ["sip:200:geheim@pbx", "sip:200:(hidden)@pbx"],
  ["http://host/?model=a&api_key=geheim&x=1", "http://host/?model=a&api_key=(hidden)&x=1"],
  ["sip:200@pbx", "sip:200@pbx"],
  ["200@pbx:5060;transport=tcp", "200@pbx:5060;transport=tcp"],
  ["http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"],
  ["Hello, you have called us: what now?", "Hello, you have called us: what now?"],
])("%s is shown as %s", (text, shown) => {
  expect(hideCredentials(text)).toBe(shown);
});

test.each([
  ["password", true],
  ["api-key", true],
  ["auth_token", true],
  ["key", true],
  ["keyboard", false],
  ["port", false],
])("%s sounds like a secret: %p", (name, expected) => {
  expect(soundsSecret(name)).toBe(expected);
});
