import { describe, expect, test } from "bun:test";
import { CallSignals } from "../../src/whisper/call-signals.ts";
import { eventLoopTurn } from "./event-loop-turn.ts";

const timing = { silenceMs: 512, textMs: 3 };

function createRig(after: Promise<void> = Promise.resolve()) {
  const told: string[] = [];
  const signals = new CallSignals({
    after,
    open: () => {
      told.push("register");
      return {
        tell: (signal) => void told.push(signal),
        turn: ({ silenceMs, textMs }) => void told.push(`turn ${silenceMs} ${textMs}`),
        end: () => void told.push("bye"),
      };
    },
  });
  return { told, signals };
}

describe("the signals of a call", () => {
  test("come from its beginning to its end", async () => {
    const { told, signals } = createRig();
    await eventLoopTurn();
    expect(told).toEqual([]);
    signals.begin();
    signals.tell("pause");
    signals.tell("speech");
    signals.turn(timing);
    signals.tell("silence");
    signals.end();
    signals.end();
    signals.tell("pause");
    expect(told).toEqual(["register", "pause", "speech", "turn 512 3", "silence", "bye"]);
  });

  test("do not come at all where no call has begun", async () => {
    const { told, signals } = createRig();
    await eventLoopTurn();
    signals.end();
    signals.begin();
    expect(told).toEqual([]);
  });

  test.each([
    [["pause"], ["register", "pause"]],
    [
      ["pause", "speech"],
      ["register", "speech"],
    ],
    [["pause", "resume"], ["register"]],
    [["pause", "speech", "silence"], ["register"]],
    [
      ["pause", "speech", "silence", "pause"],
      ["register", "pause"],
    ],
  ] as const)("%j behind an earlier call become what holds by then", async (signals, expected) => {
    const before = Promise.withResolvers<void>();
    const rig = createRig(before.promise);
    rig.signals.begin();
    for (const signal of signals) rig.signals.tell(signal);
    await eventLoopTurn();
    expect(rig.told).toEqual([]);
    before.resolve();
    await eventLoopTurn();
    expect(rig.told).toEqual([...expected]);
    rig.signals.tell("silence");
    expect(rig.told).toEqual([...expected, "silence"]);
  });

  test("never come when the call ended behind an earlier one that goes on", async () => {
    const before = Promise.withResolvers<void>();
    const { told, signals } = createRig(before.promise);
    signals.begin();
    signals.tell("speech");
    signals.end();
    before.resolve();
    await eventLoopTurn();
    expect(told).toEqual([]);
  });
});
