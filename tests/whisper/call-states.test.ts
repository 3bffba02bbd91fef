import { describe, expect, test } from "bun:test";
import {
  type CallInput,
  type CallState,
  isCallUp,
  nextCallState,
} from "../../src/whisper/call-states.ts";

const states: CallState[] = [
  "connecting",
  "overtaken",
  "greeting",
  "hearing",
  "ending",
  "draining",
  "ended",
];
const inputs: CallInput[] = [
  ...(["connected", "failed", "hello", "marker", "closed", "violation"] as const),
  ...(["timeout", "bye", "quiet", "shutdown", "drained"] as const),
];

describe("life of a call", () => {
  test("a good call: connect, HELLO, audio, end marker, last transcript", () => {
    const path: CallInput[] = ["connected", "hello", "marker", "drained"];
    const visited: CallState[] = [];
    let state: CallState = "connecting";
    for (const input of path) {
      state = nextCallState(state, input);
      visited.push(state);
    }
    expect(visited).toEqual(["greeting", "hearing", "draining", "ended"]);
  });

  test("what was heard is drained whatever ends the call", () => {
    for (const input of ["marker", "closed", "violation", "timeout", "shutdown"] as const) {
      expect(nextCallState("hearing", input)).toBe("draining");
      expect(nextCallState("ending", input)).toBe("draining");
    }
  });

  test("BYE leaves time for a connection and for audio that are on their way", () => {
    expect(nextCallState("hearing", "bye")).toBe("ending");
    expect(nextCallState("greeting", "bye")).toBe("ending");
    expect(nextCallState("connecting", "bye")).toBe("overtaken");
    expect(nextCallState("overtaken", "connected")).toBe("ending");
    expect(nextCallState("overtaken", "failed")).toBe("ended");
    expect(nextCallState("ending", "bye")).toBe("ending");
  });

  test("no input leads back, and the end is final", () => {
    for (const state of states) {
      for (const input of inputs) {
        const next = nextCallState(state, input);
        expect(states.indexOf(next)).toBeGreaterThanOrEqual(states.indexOf(state));
      }
    }
    for (const input of inputs) expect(nextCallState("ended", input)).toBe("ended");
  });

  test("from each state the end can be reached by the network going silent", () => {
    for (const start of states) {
      let state = start;
      for (const input of ["failed", "timeout", "quiet", "drained"] as const) {
        state = nextCallState(state, input);
      }
      expect(state).toBe("ended");
    }
  });

  test("a REGISTER belongs to a call only while that can still hear", () => {
    expect(states.filter(isCallUp)).toEqual(["connecting", "greeting", "hearing"]);
  });
});
