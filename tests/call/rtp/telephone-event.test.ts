import { describe, expect, test } from "bun:test";
import {
  digitOfEvent,
  eventOfDigit,
  parseEventReport,
} from "../../../src/call/rtp/telephone-event.ts";
import { planKey } from "../../../src/call/rtp/telephone-event-plan.ts";
import { TelephoneEventReader } from "../../../src/call/rtp/telephone-event-reader.ts";
import { eventPayload } from "./packets.ts";

test("every key has its event and back; a hook flash is no key", () => {
  for (const [event, digit] of Array.from("0123456789*#ABCD").entries()) {
    expect(eventOfDigit(digit)).toBe(event);
    expect(digitOfEvent(event)).toBe(digit);
  }
  expect(eventOfDigit("d")).toBe(15);
  expect(eventOfDigit("E")).toBeUndefined();
  expect(eventOfDigit("12")).toBeUndefined();
  expect(eventOfDigit("")).toBeUndefined();
  expect(digitOfEvent(16)).toBeUndefined();
});

test("a payload that is too short is no report", () => {
  expect(parseEventReport(eventPayload(5, 160, true))).toEqual({
    event: 5,
    isEnd: true,
    duration: 160,
  });
  expect(parseEventReport(new Uint8Array(3))).toBeUndefined();
});

interface Step {
  readonly event: number;
  readonly timestamp: number;
  readonly duration: number;
  readonly isEnd?: boolean;
  readonly marker?: boolean;
  /** Instead of the next one. */
  readonly sequence?: number;
}

function readAll(steps: readonly Step[], firstSequence = 100): string {
  const reader = new TelephoneEventReader();
  let next = firstSequence;
  let digits = "";
  for (const step of steps) {
    const sequence = (step.sequence ?? next) & 0xffff;
    if (step.sequence === undefined) next += 1;
    const { timestamp, marker = false } = step;
    const payload = eventPayload(step.event, step.duration, step.isEnd);
    digits += reader.push({ sequence, timestamp, marker }, payload) ?? "";
  }
  return digits;
}

/** A key as it is usually sent: five packets while it is held, then three ends. */
function key(event: number, timestamp: number, changes: Partial<Step> = {}): Step[] {
  const durations = [160, 320, 480, 640, 800, 960, 960, 960];
  return durations.map((duration, index) => {
    return { event, timestamp, duration, isEnd: index >= 5, marker: index === 0, ...changes };
  });
}

describe("each key is read once", () => {
  const one = key(1, 1000);
  const two = key(2, 3000);
  const oneAgain = key(1, 5000);

  test.each<[string, Step[], string]>([
    ["in order", [...one, ...two, ...oneAgain], "121"],
    [
      "without marker bits",
      [...one, ...two, ...oneAgain].map((s) => ({ ...s, marker: false })),
      "121",
    ],
    ["with lost starts", [...one.slice(3), ...two.slice(7), ...oneAgain.slice(5)], "121"],
    ["with lost ends", [...one.slice(0, 3), ...two.slice(0, 1), ...oneAgain.slice(0, 5)], "121"],
    [
      "with only one packet in the middle of each",
      [one[3], two[3], oneAgain[3]].flatMap((s) => s ?? []),
      "121",
    ],
    ["with ends said nine times", [...one, ...one.slice(5), ...one.slice(5), ...two], "12"],
    ["when time wraps", [...key(1, 0xffff_fff0), ...key(1, 0x400)], "11"],
    ["when sequence numbers wrap", [...key(7, 1000), ...key(8, 3000)], "78"],
    [
      "held for 20 s, in segments",
      [
        { event: 3, timestamp: 1000, duration: 160, marker: true },
        { event: 3, timestamp: 1000, duration: 0xffff },
        { event: 3, timestamp: 1000 + 0xffff, duration: 160 },
        { event: 3, timestamp: 1000 + 0xffff, duration: 0xffff },
        { event: 3, timestamp: 1000 + 2 * 0xffff, duration: 160, isEnd: true },
      ],
      "3",
    ],
    ["a hook flash between them", [...one, ...key(16, 2000), ...two], "12"],
  ])("%s", (_, steps, digits) => {
    expect(readAll(steps, 65_530)).toBe(digits);
  });

  test("when time stands still between keys", () => {
    expect(readAll([...key(1, 1000), ...key(2, 1000)])).toBe("12");
    expect(readAll([...key(1, 1000), ...key(1, 1000)])).toBe("11");
    const unmarked = [...key(1, 1000), ...key(1, 1000)].map((s) => ({ ...s, marker: false }));
    expect(readAll(unmarked)).toBe("11");
  });

  test("packets that were overtaken or doubled by the network add none", () => {
    const steps = key(4, 1000).map((step, index) => ({ ...step, sequence: 200 + index }));
    const [first, second] = steps;
    if (first === undefined || second === undefined) throw new Error("no steps");
    expect(readAll([...steps, second, first, ...steps])).toBe("4");
    const next = key(5, 3000).map((step, index) => ({ ...step, sequence: 210 + index }));
    expect(readAll([...steps, ...next, first, ...steps.slice(5)])).toBe("45");
  });

  test("a new source begins anew", () => {
    const reader = new TelephoneEventReader();
    const packet = { sequence: 9, timestamp: 1, marker: true };
    expect(reader.push(packet, eventPayload(1, 160))).toBe("1");
    expect(reader.push(packet, eventPayload(1, 160))).toBeUndefined();
    reader.reset();
    expect(reader.push(packet, eventPayload(1, 160))).toBe("1");
  });
});

test("a key is planned with rising durations, three ends and silence", () => {
  const plan = planKey(5, { packetSamples: 160, heldPackets: 3, gapPackets: 4 });
  expect(plan).toEqual([
    { event: 5, isEnd: false, duration: 160, marker: true },
    { event: 5, isEnd: false, duration: 320, marker: false },
    { event: 5, isEnd: true, duration: 480, marker: false },
    { event: 5, isEnd: true, duration: 480, marker: false },
    { event: 5, isEnd: true, duration: 480, marker: false },
    undefined,
    undefined,
  ]);
});
