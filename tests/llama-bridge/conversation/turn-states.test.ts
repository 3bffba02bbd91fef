import { describe, expect, test } from "bun:test";
import {
  isTurnInput,
  nextTurnState,
  type TurnState,
} from "../../../src/llama-bridge/conversation/turn-states.ts";

const agentStates: readonly TurnState[] = ["asking", "answering", "acting", "speaking"];

describe("the states of a turn", () => {
  test("an answer goes its way from the question to the end of playing", () => {
    expect(nextTurnState("idle", "ready")).toBe("asking");
    expect(nextTurnState("asking", "piece")).toBe("answering");
    expect(nextTurnState("answering", "end")).toBe("speaking");
    expect(nextTurnState("speaking", "played")).toBe("idle");
  });

  test("the caller may interrupt in each state of the agent, by sound or by text", () => {
    for (const state of agentStates) {
      expect(nextTurnState(state, "speech")).toBe("gathering");
      expect(nextTurnState(state, "ready")).toBe("asking");
    }
  });

  test("while the caller talks, nothing of an answer means anything", () => {
    for (const input of ["piece", "act", "again", "end", "played", "say", "silent"] as const) {
      expect(isTurnInput("gathering", input)).toBe(false);
      expect(nextTurnState("gathering", input)).toBe("gathering");
    }
  });

  test("what was interrupted by nothing goes on, and may be asked for", () => {
    expect(nextTurnState("gathering", "resume")).toBe("speaking");
    expect(nextTurnState("speaking", "again")).toBe("asking");
    expect(isTurnInput("idle", "resume")).toBe(false);
  });

  test("something to be said without the model can be said in each state but the caller's", () => {
    for (const state of ["idle", "asking", "answering", "acting"] as const) {
      expect(nextTurnState(state, "say")).toBe("speaking");
    }
  });

  test("the end of the call is the end of everything", () => {
    for (const state of ["idle", "gathering", ...agentStates] as const) {
      expect(nextTurnState(state, "close")).toBe("closed");
    }
    expect(nextTurnState("closed", "ready")).toBe("closed");
  });
});
