import { expect, test } from "bun:test";
import { WildfireError } from "../../../src/core/errors.ts";
import { chatEndpoint, checkKey } from "../../../src/llama-bridge/chat/chat-options.ts";
import { parseRetryAfter } from "../../../src/llama-bridge/chat/chat-failure.ts";

test.each([
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/chat/completions"],
  ["http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/chat/completions"],
  ["http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/chat/completions"],
  ["http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/chat/completions"],
  ["http://h/v1/chat/completions", "http://h/v1/chat/completions"],
  ["https://h/api/v3?x=1#y", "https://h/api/v3/chat/completions?x=1"],
  ["https://h/openai/v1beta", "https://h/openai/v1beta/chat/completions"],
  ["https://h/openai", "https://h/openai/v1/chat/completions"],
  ["http://[::1]:8080", "http://[::1]:8080/v1/chat/completions"],
])("the address %s is asked at %s", (url, endpoint) => {
  expect(chatEndpoint(url).href).toBe(endpoint);
});

test.each(["", "127.0.0.1:8080", "ftp://h", "http://", "http://user:secret@h/"])(
  "the address %j is an error that shows no password",
  (url) => {
    expect(() => chatEndpoint(url)).toThrow(WildfireError);
    expect(() => chatEndpoint(url)).not.toThrow("secret");
  },
);

test("a key that cannot stand in a header is an error that does not show it", () => {
  checkKey("sk-abc_123");
  for (const key of ["", "sk-se cret", "sk-secret\n", "sk-secretü"]) {
    expect(() => checkKey(key)).toThrow("the chat server's key holds");
    expect(() => checkKey(key)).not.toThrow("secret");
  }
});

test.each([
  [null, undefined],
  ["7", 7000],
  [" 0 ", 0],
  ["999999999", 3_600_000],
  ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["Thu, 01 Jan 2015 00:00:30 GMT", 0],
  ["soon", undefined],
  ["", undefined],
])("Retry-After %j means %p ms", (value, ms) => {
  expect(parseRetryAfter(value, Date.UTC(2026, 0, 1))).toBe(ms);
});
