import { describe, expect, test } from "bun:test";
import { ExpiringMap } from "../../../../src/call/sip/transport/expiring-map.ts";
import { TokenBucket } from "../../../../src/call/sip/transport/token-bucket.ts";
import { FakeClock } from "../../../fakes/fake-clock.ts";

describe("expiring map", () => {
  test("an entry lives for its time, and anew when it is set again", () => {
    const clock = new FakeClock();
    const map = new ExpiringMap<string, number>({ clock, lifeMs: 100, limit: 10 });
    map.set("a", 1);
    clock.advance(60);
    map.set("a", 2);
    clock.advance(99);
    expect(map.get("a")).toBe(2);
    clock.advance(1);
    expect(map.get("a")).toBeUndefined();
    expect(map.size).toBe(0);
  });

  test("beyond its limit the oldest entry goes", () => {
    const map = new ExpiringMap<number, number>({ clock: new FakeClock(), lifeMs: 100, limit: 3 });
    for (let key = 0; key < 1000; key += 1) map.set(key, key);
    expect(map.size).toBe(3);
    expect([map.get(996), map.get(997), map.get(999)]).toEqual([undefined, 997, 999]);
  });
});

describe("token bucket", () => {
  test("gives a burst at once, then so many a second, and never saves up more than a burst", () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ clock, perSecond: 10, burst: 20 });
    const drain = (): number => {
      let taken = 0;
      while (bucket.take()) taken += 1;
      return taken;
    };
    expect(drain()).toBe(20);
    clock.advance(500);
    expect(drain()).toBe(5);
    clock.advance(3_600_000);
    expect(drain()).toBe(20);
  });
});
