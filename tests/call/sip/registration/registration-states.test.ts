import { expect, test } from "bun:test";
import {
  nextRegistrationState,
  type RegistrationInput,
  type RegistrationState,
} from "../../../../src/call/sip/registration/registration-states.ts";

const states: readonly RegistrationState[] = [
  "idle",
  "registering",
  "registered",
  "refreshing",
  "waiting",
  "refused",
  "unregistering",
  "stopped",
];
const inputs: readonly RegistrationInput[] = [
  "start",
  "granted",
  "away",
  "refused",
  "due",
  "moved",
  "flow-lost",
  "stop",
  "parted",
];

test("every state but stopped can be stopped, and nothing leaves stopped", () => {
  for (const state of states) {
    const next = nextRegistrationState(state, "stop");
    if (state === "stopped" || state === "unregistering") expect(next).toBeUndefined();
    else expect(next).toBe(state === "idle" ? "stopped" : "unregistering");
  }
  expect(inputs.map((input) => nextRegistrationState("stopped", input))).toEqual(
    inputs.map(() => undefined),
  );
});

test("saying good-bye is ended by its answer or its time only", () => {
  const ending = inputs.filter(
    (input) => nextRegistrationState("unregistering", input) === "stopped",
  );
  expect(ending).toEqual(["due", "parted"]);
});

test("a move asks anew in each state in which the PBX knows us or is to know us", () => {
  const moved = states.map((state) => nextRegistrationState(state, "moved"));
  expect(moved).toEqual([
    undefined,
    "registering",
    "refreshing",
    "refreshing",
    "registering",
    "registering",
    undefined,
    undefined,
  ]);
});
