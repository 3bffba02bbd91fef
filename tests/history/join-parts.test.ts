import { describe, expect, test } from "bun:test";
import { PseudoRandom } from "../../src/evaluation/pseudo-random.ts";
import { type JoinablePart, joinParts } from "../../src/history/join-parts.ts";

type Told = Partial<JoinablePart> & Pick<JoinablePart, "service" | "startedMs">;

function partsOf(...told: readonly Told[]): JoinablePart[] {
  return told.map((part, index) => ({
    id: index + 1,
    stream: part.service,
    key: String(index + 1),
    callId: "2",
    endedMs: null,
    isStartTold: 0,
    ...part,
  }));
}

const headsOf = (parts: readonly JoinablePart[]): number[] => {
  const heads = joinParts(parts);
  return parts.map(({ id }) => heads.get(id) ?? 0);
};

describe("parts of one id", () => {
  test.each<[string, readonly Told[], readonly number[]]>([
    ["stand for themselves when alone", [{ service: "whisper", startedMs: 0 }], [1]],
    [
      "belong to the telephone's call that they began in",
      [
        { service: "sip", startedMs: 1000, endedMs: 9000 },
        { service: "llama", startedMs: 1020 },
        { service: "whisper", startedMs: 5000 },
        { service: "kokoro", startedMs: 1100 },
      ],
      [1, 1, 1, 1],
    ],
    [
      "may begin a little before it, and end up to ten seconds behind it",
      [
        { service: "sip", startedMs: 5000, endedMs: 9000 },
        { service: "whisper", startedMs: 3000 },
        { service: "llama", startedMs: 19_000 },
      ],
      [1, 1, 1],
    ],
    [
      "are another call when they begin too early or too late",
      [
        { service: "sip", startedMs: 5000, endedMs: 9000 },
        { service: "whisper", startedMs: 2999 },
        { service: "llama", startedMs: 19_001 },
      ],
      [1, 2, 3],
    ],
    [
      "belong to the later of two calls that follow one another",
      [
        { service: "sip", startedMs: 0, endedMs: 9000 },
        { service: "sip", startedMs: 12_000 },
        { service: "whisper", startedMs: 12_500 },
        { service: "whisper", startedMs: 8000 },
      ],
      [1, 2, 2, 1],
    ],
    [
      "belong to the model's call where there is no telephone",
      [
        { service: "llama", startedMs: 0, endedMs: 30_000 },
        { service: "whisper", startedMs: 20_000 },
        { service: "kokoro", startedMs: 100 },
      ],
      [1, 1, 1],
    ],
    [
      "belong to whisper's call where it tells the beginning",
      [
        { service: "whisper", startedMs: 0, isStartTold: 1 },
        { service: "llama", startedMs: 100, isStartTold: 1, endedMs: 5000 },
        { service: "llama", startedMs: 25_000, isStartTold: 1 },
      ],
      [1, 1, 1],
    ],
    [
      "do not belong to a call of another id",
      [
        { service: "sip", startedMs: 0 },
        { service: "whisper", startedMs: 10, callId: "4" },
      ],
      [1, 2],
    ],
  ])("%s", (_name, told, expected) => {
    expect(headsOf(partsOf(...told))).toEqual([...expected]);
  });

  test("are joined the same way in whatever order they are known", () => {
    const services = ["sip", "whisper", "llama", "kokoro"];
    for (let seed = 0; seed < 300; seed += 1) {
      const random = new PseudoRandom(`parts ${seed}`);
      const parts = partsOf(
        ...Array.from({ length: 12 }, () => {
          const startedMs = Math.floor(random.unit() * 60_000);
          const endedMs = random.unit() < 0.3 ? null : startedMs + random.unit() * 20_000;
          const service = services[Math.floor(random.unit() * 4)] ?? "sip";
          return { service, startedMs, endedMs, isStartTold: random.unit() < 0.5 ? 1 : 0 };
        }),
      );
      const shuffled = parts
        .map((part) => ({ part, at: random.unit() }))
        .toSorted((one, other) => one.at - other.at)
        .map(({ part }) => part);
      const [heads, others] = [joinParts(parts), joinParts(shuffled)];
      for (const { id } of parts) expect(others.get(id)).toBe(heads.get(id) ?? 0);
      // Whoever stands for others stands for itself.
      for (const head of heads.values()) expect(heads.get(head)).toBe(head);
    }
  });
});
