/** Another configuration while calls are up: it counts from the next turn on. */
import { expect, test } from "bun:test";
import { PromptTemplate } from "../../../src/llama-bridge/conversation/prompt-template.ts";
import { callIdOf } from "../../../src/wire/call-id.ts";
import { CallsRig, settingsWith } from "./calls-rig.ts";

const destinations = { sales: "600" };
const actions = {
  hangUp: async () => undefined,
  transfer: async () => undefined,
  sendDigits: async () => undefined,
};

function newRig(): CallsRig {
  const rig = new CallsRig({ greeting: "Hello." });
  rig.surroundings = {
    ...rig.surroundings,
    caller: "0301",
    line: "200",
    actions,
    canTransfer: true,
  };
  return rig;
}

const next = settingsWith({
  prompt: new PromptTemplate("You are new to {caller}."),
  greeting: "Good day.",
  apology: "So sorry.",
  toolStyle: "protocol",
  destinations,
});

test("a call that is up gets the new prompt and tools with its next question, and keeps its past", async () => {
  const rig = newRig();
  await rig.connect();
  await rig.says("First question.");
  expect(rig.asked.system).toStartWith("Caller 0301 on 200.");
  expect(rig.asked.request.tools ?? []).toEqual([]);
  rig.calls.renew(next);
  // The answer that is under way is what it was asked for.
  await rig.asked.answer("First answer.");
  rig.heard(1, 100, 100);
  rig.heard(2, 100, 100);
  await rig.says("Second question.");
  expect(rig.asked.system).toStartWith("You are new to 0301.");
  // It was greeted with the old words, and nobody greets twice.
  expect(rig.asked.system).toContain('"Hello."');
  expect(rig.voice).not.toContain("111: Good day.");
  const names = rig.asked.request.tools?.map(({ name }) => name);
  expect(names?.toSorted()).toEqual(["hang_up", "send_digits", "transfer"]);
  const said = rig.asked.request.messages.map(({ content }) => content);
  expect(said).toContain("First question.");
  expect(said).toContain("First answer.");
});

test("a call that begins later knows nothing else", async () => {
  const rig = newRig();
  rig.calls.renew(next);
  await rig.connect();
  expect(rig.voice).toEqual(["111 begins", "111: Good day."]);
  await rig.says("A question.");
  expect(rig.asked.system).toStartWith("You are new to 0301.");
});

test("the apology of the turn is the one that counts when it begins", async () => {
  const rig = newRig();
  await rig.connect();
  rig.calls.renew(next);
  await rig.says("A question.");
  await rig.asked.answer("");
  expect(rig.voice.at(-1)).toBe("111: So sorry.");
  rig.calls.ended(callIdOf(111));
  expect(rig.timers).toBe(0);
});

test("a prompt stays the same to the letter while nothing is renewed, whatever the clock says", async () => {
  const rig = new CallsRig({ prompt: new PromptTemplate("It is {time}.") });
  await rig.says("One.");
  const { system } = rig.asked;
  await rig.asked.answer("Yes.");
  rig.clock.advance(3_600_000);
  await rig.says("Two.");
  expect(rig.asked.system).toBe(system);
});
