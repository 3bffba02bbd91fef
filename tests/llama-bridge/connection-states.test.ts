import { describe, expect, test } from "bun:test";
import { nextConnectionState, reconnectDelayMs } from "../../src/llama-bridge/connection-states.ts";

describe("LLaMA connection", () => {
  test("is kept up, and comes back when it is lost while wanted", () => {
    expect(nextConnectionState("idle", "wanted")).toBe("connecting");
    expect(nextConnectionState("connecting", "opened")).toBe("open");
    expect(nextConnectionState("open", "lost")).toBe("waiting");
    expect(nextConnectionState("waiting", "retry")).toBe("connecting");
  });

  test("is not dialled for nobody, and stays open when its call ends", () => {
    expect(nextConnectionState("waiting", "unwanted")).toBe("idle");
    expect(nextConnectionState("open", "unwanted")).toBe("open");
  });

  test("can be closed from everywhere, for good", () => {
    for (const state of ["idle", "connecting", "open", "waiting"] as const) {
      expect(nextConnectionState(state, "close")).toBe("closed");
    }
    expect(nextConnectionState("closed", "wanted")).toBe("closed");
  });

  test("five tries 200 ms apart, then every second", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 100].map(reconnectDelayMs)).toEqual([
      200, 200, 200, 200, 200, 1000, 1000, 1000,
    ]);
  });
});
