import { describe, expect, test } from "bun:test";
import {
  canonicalAddress,
  formatEndpoint,
} from "../../../../src/call/sip/transport/address-text.ts";

describe("the one spelling of an address", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["::", "::"],
    ["2001:DB8:0:0:0:0:0:7", "2001:db8::7"],
    ["2001:db8:0:1:0:0:0:7", "2001:db8:0:1::7"],
    ["2001:db8::1:0:0:7", "2001:db8::1:0:0:7"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["fe80::", "fe80::"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["::192.0.2.1", "::c000:201"],
    ["fe80::1%eth0", "fe80::1%eth0"],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
    expect(canonicalAddress(canonical)).toBe(canonical);
  });

  test.each([
    "",
    "pbx.example",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.01",
    ":::",
    "1:2:3",
    "[::1",
    "fe80::1%",
    "fe80::1%e%th",
    "1:2:3:4:5:6:7:8:9",
  ])("%p is no address", (text) => expect(canonicalAddress(text)).toBeUndefined());

  test("IPv6 stands in brackets before a port", () => {
    expect(formatEndpoint({ address: "::1", port: 5060 })).toBe("[::1]:5060");
    expect(formatEndpoint({ address: "192.0.2.1", port: 5060 })).toBe("192.0.2.1:5060");
  });
});
