import { expect, test } from "bun:test";
import { isLocalHost, isLoopback, originProblem, safePath } from "../../src/web/request-origin.ts";

test.each([
  ["127.0.0.1", true],
  ["127.8.8.8", true],
  ["::1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.1", false],
  ["127.0.0.1.example", false],
])("%s is loopback: %p", (bind, expected) => {
  expect(isLoopback(bind)).toBe(expected);
});

test("the address that it is bound to is a name of this machine, too", () => {
  expect(isLocalHost("127.8.8.8:8081", "127.8.8.8")).toBe(true);
  expect(isLocalHost("127.8.8.9", "127.8.8.8")).toBe(false);
});

test.each([
  [{ host: "pbx:8081", origin: "http://pbx:8081" }, true],
  [{ host: "pbx", origin: "https://pbx" }, true],
  [{ host: "PBX:8081", origin: "http://pbx:8081" }, true],
  [{ host: "pbx:8081", origin: "http://pbx" }, false],
  [{ host: "pbx", origin: "null" }, false],
  [{ host: "pbx", origin: "" }, false],
  [{ host: "pbx", origin: "file://pbx" }, false],
  [{ host: "pbx", origin: "http://pbx.evil" }, false],
  [{ host: "pbx", "sec-fetch-site": "none" }, true],
  [{ host: "pbx", "sec-fetch-site": "cross-site" }, false],
  [{ host: "pbx" }, true],
])("%p is our own: %p", (headers, expected) => {
  expect(originProblem(new Headers(Object.entries(headers))) === undefined).toBe(expected);
});

test.each([
  ["/calls?text=a%20b", "/calls?text=a%20b"],
  [null, "/"],
  ["", "/"],
  ["calls", "/"],
  ["//evil", "/"],
  ["/\\evil", "/"],
  ["/a\r\nset-cookie: x", "/"],
  [`/${"x".repeat(2000)}`, "/"],
])("after the login %p leads to %p", (path, expected) => {
  expect(safePath(path)).toBe(expected);
});
