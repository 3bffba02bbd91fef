import { describe, expect, test } from "bun:test";
import { CallLevels, type LevelNote } from "../../src/services/call-levels.ts";

const frameMs = 20;

function frame(value: number): Float32Array {
  return new Float32Array(160).fill(value);
}

describe("levels of a call", () => {
  test("are told four times a second, each for what was there since the last", () => {
    const told: LevelNote[] = [];
    const levels = new CallLevels((note) => told.push(note));
    for (let count = 0; count < 13; count += 1) {
      levels.fromCaller(frame(0.1));
      levels.toCaller(frame(0.01), frameMs);
    }
    expect(told).toEqual([{ callerDbfs: -20, agentDbfs: -40 }]);
    for (let count = 0; count < 13; count += 1) levels.toCaller(undefined, frameMs);
    expect(told[1]).toEqual({ callerDbfs: -120, agentDbfs: -120 });
    expect(told).toHaveLength(2);
  });

  test("follow the time of the line, however long its frames are", () => {
    const told: LevelNote[] = [];
    const levels = new CallLevels((note) => told.push(note));
    for (let count = 0; count < 100; count += 1) levels.toCaller(undefined, 60);
    expect(told).toHaveLength(20);
  });
});
