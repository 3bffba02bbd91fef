import { expect, test } from "bun:test";
import { isNullAddress, normaliseAddress, plainAddress } from "../../../src/call/sdp/ip-address.ts";

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["256.0.0.1", undefined],
  ["1.2.3", undefined],
  ["1.2.3.4.5", undefined],
  ["0x7f.0.0.1", undefined],
  ["2001:DB8::0:1", "2001:db8::1"],
  ["::", "::"],
  ["::FFFF:1.2.3.4", "1.2.3.4"],
  ["::ffff:7f00:1", "127.0.0.1"],
  ["2001:db8::1::2", undefined],
  ["12345::", undefined],
  ["[::1]", undefined],
  ["::1%eth0", undefined],
  ["::1/64", undefined],
  ["pbx.example", undefined],
  ["", undefined],
])("%p is %p", (text, address) => {
  expect(normaliseAddress(text)).toBe(address);
});

test("only an IPv4 address within IPv6 becomes plain", () => {
  expect(plainAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(plainAddress("192.0.2.1")).toBe("192.0.2.1");
  expect(plainAddress("2001:db8::1")).toBe("2001:db8::1");
  expect(plainAddress("::ffff:1")).toBe("::ffff:1");
});

test("both families have an address that says to send nothing", () => {
  expect(["0.0.0.0", "::"].every(isNullAddress)).toBe(true);
  expect(["0.0.0.1", "::1"].some(isNullAddress)).toBe(false);
});
