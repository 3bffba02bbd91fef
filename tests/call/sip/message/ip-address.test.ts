import { expect, test } from "bun:test";
import { isIPv4, isIPv6 } from "node:net";
import { parseIpv4, parseIpv6 } from "../../../../src/call/sip/message/ip-address.ts";
import { SeededRandom } from "../../../fuzz/seeded-random.ts";

test("IPv6 addresses are eight groups, however they are written", () => {
  expect(parseIpv6("2001:db8::1")).toEqual([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
  expect(parseIpv6("::")).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(parseIpv6("::FFFF:192.0.2.1")).toEqual([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]);
  expect(parseIpv6("1:2:3:4:5:6:7:8")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("two colons stand for one group of zeros at least, and come once", () => {
  expect(parseIpv6("1:2:3:4:5:6::8")).toHaveLength(8);
  for (const text of ["1:2:3:4:5:6:7::8", "1::2::3", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"]) {
    expect(parseIpv6(text)).toBeUndefined();
  }
});

test("IPv4 addresses are four bytes in decimal without leading zeros", () => {
  expect(parseIpv4("192.0.2.255")).toEqual([192, 0, 2, 255]);
  for (const text of ["192.0.2.256", "192.0.2", "192.0.2.1.5", "192.0.2.01", "a.b.c.d", ""]) {
    expect(parseIpv4(text)).toBeUndefined();
  }
});

test("random addresses are judged as the system's own check does", () => {
  const random = new SeededRandom(1);
  const parts = [
    "::",
    ":",
    "0",
    "1",
    "db8",
    "ffff",
    "12345",
    "192.0.2.1",
    "1.2.3.256",
    ".",
  ] as const;
  let taken = 0;
  for (let round = 0; round < 50_000; round += 1) {
    const count = random.between(1, 14);
    const text = Array.from({ length: count }, () => random.pick(parts)).join("");
    expect([text, parseIpv6(text) !== undefined]).toEqual([text, isIPv6(text)]);
    expect([text, parseIpv4(text) !== undefined]).toEqual([text, isIPv4(text)]);
    if (isIPv6(text)) taken += 1;
  }
  expect(taken).toBeGreaterThan(500);
});
