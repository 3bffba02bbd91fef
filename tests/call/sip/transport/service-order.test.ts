import { describe, expect, test } from "bun:test";
import {
  orderServices,
  type ServiceRecord,
} from "../../../../src/call/sip/transport/service-order.ts";
import { SeededRandom } from "../../../fuzz/seeded-random.ts";

function record(name: string, priority: number, weight: number): ServiceRecord {
  return { name, port: 5060, priority, weight };
}

const names = (records: readonly ServiceRecord[]): string =>
  records.map((each) => each.name).join(" ");

describe("the order of servers (RFC 2782)", () => {
  test("the lowest priority comes first whatever the weights", () => {
    const records = [record("backup", 20, 65_535), record("main", 10, 0)];
    for (const share of [0, 0.5, 0.999_999]) {
      expect(names(orderServices(records, () => share))).toBe("main backup");
    }
  });

  test("each record comes once, and what was given stays as it is", () => {
    const records = [record("a", 1, 5), record("b", 1, 0), record("c", 0, 3), record("d", 1, 5)];
    const before = names(records);
    const ordered = orderServices(records, () => 0.7);
    expect(ordered).toHaveLength(4);
    expect(new Set(ordered).size).toBe(4);
    expect(names(records)).toBe(before);
  });

  test("among equals the first place is shared by weight, and without weight there is a small chance", () => {
    const random = new SeededRandom(5);
    const records = [record("heavy", 1, 75), record("light", 1, 25), record("none", 1, 0)];
    const first: Record<string, number> = { heavy: 0, light: 0, none: 0 };
    const rounds = 20_000;
    for (let round = 0; round < rounds; round += 1) {
      const name = orderServices(records, () => random.unit())[0]?.name ?? "";
      first[name] = (first[name] ?? 0) + 1;
    }
    expect(first["heavy"] ?? 0).toBeWithin(rounds * 0.72, rounds * 0.77);
    expect(first["light"] ?? 0).toBeWithin(rounds * 0.23, rounds * 0.27);
    expect(first["none"] ?? 0).toBeWithin(1, rounds * 0.02);
  });

  test("no records, no servers", () => expect(orderServices([], () => 0)).toEqual([]));
});
