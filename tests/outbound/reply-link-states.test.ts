import { describe, expect, test } from "bun:test";
import {
  nextReplyLinkState,
  RegisterWatch,
  type ReplyLinkInput,
  type ReplyLinkState,
} from "../../src/outbound/reply-link-states.ts";

const transitions: readonly (readonly [ReplyLinkState, ReplyLinkInput, ReplyLinkState])[] = [
  ["waiting", "register", "connecting"],
  ["connecting", "register", "connecting"],
  ["connecting", "opened", "open"],
  ["connecting", "failed", "waiting"],
  ["connecting", "ended", "connecting"],
  ["connecting", "lost", "connecting"],
  ["open", "register", "open"],
  ["open", "ignored", "connecting"],
  ["open", "ended", "spent"],
  ["open", "lost", "waiting"],
  ["spent", "register", "connecting"],
  ["spent", "resumed", "open"],
  ["spent", "lost", "waiting"],
  ["waiting", "ended", "waiting"],
  ["waiting", "lost", "waiting"],
];

test.each(transitions)("%s, %s: %s", (state, input, next) => {
  expect(nextReplyLinkState(state, input)).toBe(next);
});

test("each state ends with close, and nothing leads out of closed", () => {
  const states: readonly ReplyLinkState[] = ["waiting", "connecting", "open", "spent", "closed"];
  const inputs: readonly ReplyLinkInput[] = [
    "register",
    "ignored",
    "opened",
    "failed",
    "ended",
    "resumed",
    "lost",
    "close",
  ];
  for (const state of states) expect(nextReplyLinkState(state, "close")).toBe("closed");
  for (const input of inputs) expect(nextReplyLinkState("closed", input)).toBe("closed");
});

describe("a peer that goes on asking", () => {
  test("three times over 400 ms does not see the connection", () => {
    const watch = new RegisterWatch();
    expect([0, 200, 400].map((atMs) => watch.register(atMs))).toEqual([false, false, true]);
  });

  test("within a moment only sends what was under way", () => {
    const watch = new RegisterWatch();
    expect([0, 1, 2, 3, 399].some((atMs) => watch.register(atMs))).toBe(false);
  });

  test("is heard when audio comes between", () => {
    const watch = new RegisterWatch();
    const answers: boolean[] = [];
    for (let atMs = 0; atMs < 5000; atMs += 1000) {
      answers.push(watch.register(atMs), watch.register(atMs + 500));
      watch.heard();
    }
    expect(answers).not.toContain(true);
  });
});
