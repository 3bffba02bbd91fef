import { expect, test } from "bun:test";
import { addressGroup, LoginLimit } from "../../src/web/login-limit.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

function triedAll(limit: LoginLimit, address: string, times: number): number[] {
  return Array.from({ length: times }, () => limit.admit(address));
}

test("some failures are free, then the pause doubles up to a quarter of an hour", () => {
  const clock = new FakeClock();
  const limit = new LoginLimit(clock);
  expect(triedAll(limit, "a", 5)).toEqual([0, 0, 0, 0, 0]);
  const pauses: number[] = [];
  for (let tries = 0; tries < 12; tries += 1) {
    const waitMs = limit.admit("a");
    pauses.push(waitMs);
    clock.advance(waitMs);
    expect(limit.admit("a")).toBe(0);
  }
  expect(pauses.slice(0, 4)).toEqual([2000, 4000, 8000, 16_000]);
  expect(Math.max(...pauses)).toBe(900_000);
});

test("tries at the same time count before any of them is judged", () => {
  const limit = new LoginLimit(new FakeClock());
  expect(triedAll(limit, "a", 100).filter((waitMs) => waitMs === 0)).toHaveLength(5);
});

test("one address does not hold up another, and a success is forgiven", () => {
  const limit = new LoginLimit(new FakeClock());
  triedAll(limit, "a", 10);
  expect(limit.admit("b")).toBe(0);
  limit.succeeded("a");
  expect(triedAll(limit, "a", 4)).toEqual([0, 0, 0, 0]);
});

test("a swarm of addresses is slowed down, and never for longer than five seconds", () => {
  const clock = new FakeClock();
  const limit = new LoginLimit(clock);
  for (let address = 0; address < 31; address += 1) expect(limit.admit(`a${address}`)).toBe(0);
  expect(limit.admit("next")).toBe(250);
  for (let address = 0; address < 5000; address += 1) {
    clock.advance(limit.admit(`b${address}`));
    limit.admit(`b${address}`);
  }
  expect(limit.admit("owner")).toBe(5000);
});

test("a swarm does not hold up who logged in before, who may fail no more often than others", () => {
  const clock = new FakeClock();
  const limit = new LoginLimit(clock);
  expect(limit.admit("owner")).toBe(0);
  limit.succeeded("owner");
  for (let address = 0; address < 100; address += 1) {
    clock.advance(limit.admit(`b${address}`));
    limit.admit(`b${address}`);
  }
  expect(limit.admit("stranger")).toBe(5000);
  expect(triedAll(limit, "owner", 6)).toEqual([0, 0, 0, 0, 0, 2000]);
});

test("a hundred addresses are remembered from where somebody logged in, the last ones", () => {
  const limit = new LoginLimit(new FakeClock());
  for (let address = 0; address < 101; address += 1) limit.succeeded(`a${address}`);
  for (let address = 0; address < 31; address += 1) limit.admit(`b${address}`);
  expect(limit.admit("a0")).toBe(250);
  expect(limit.admit("a1")).toBe(0);
});

test("failures are forgotten after an hour", () => {
  const clock = new FakeClock();
  const limit = new LoginLimit(clock);
  triedAll(limit, "a", 10);
  clock.advance(3_600_001);
  expect(triedAll(limit, "a", 5)).toEqual([0, 0, 0, 0, 0]);
});

test.each([
  ["10.0.0.9", "10.0.0.9"],
  ["::ffff:10.0.0.9", "10.0.0.9"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::9", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["", ""],
])("the address %p counts as %p", (address, group) => {
  expect(addressGroup(address)).toBe(group);
});

test("another address of the same IPv6 network is no way around", () => {
  const limit = new LoginLimit(new FakeClock());
  const waits = Array.from({ length: 20 }, (_, host) => limit.admit(`2001:db8:1:2::${host}`));
  expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(5);
  expect(limit.admit("2001:db8:1:3::1")).toBe(0);
});
