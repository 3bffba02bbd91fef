import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { callTools } from "../../../src/llama-bridge/conversation/call-tools.ts";
import { ToolBox } from "../../../src/llama-bridge/conversation/tool-box.ts";
import type { Tool } from "../../../src/llama-bridge/conversation/tool.ts";
import { calls, type ChatScript, says } from "../../fakes/scripted-chat-server.ts";
import { until } from "../../fakes/until.ts";
import { TurnRig, type TurnRigOptions } from "./turn-rig.ts";

setDefaultTimeout(30_000);

const settleMs = 250;
const partingMs = 400;
const words = "We open at nine, and on Sunday we open at ten o'clock.";
const rest = "and on Sunday we open at ten o'clock.";
const goOn = "(The caller said nothing. Go on where you stopped.)";

interface Told {
  readonly ignored: string[];
  readonly resumed: [number, number][];
}

/** A recogniser that tells when the caller speaks, unless the options say otherwise. */
function toldRig(options: TurnRigOptions = {}): { readonly rig: TurnRig; readonly told: Told } {
  const told: Told = { ignored: [], resumed: [] };
  const rig = new TurnRig({
    tellsSpeech: () => true,
    ignored: (text) => void told.ignored.push(text),
    resumed: (turn, characters) => void told.resumed.push([turn, characters]),
    ...options,
  });
  return { rig, told };
}

/** Says the beginning of an answer, and then nothing until it is stopped. */
function begins(text: string): ChatScript {
  return async (answer) => {
    answer.head();
    answer.delta({ content: text });
    await answer.closed;
  };
}

/** The caller coughs: sound without a text. */
function cough(rig: TurnRig): void {
  rig.machine.speech();
  rig.machine.silence();
  rig.clock.advance(settleMs);
}

async function asked(rig: TurnRig, ...scripts: [ChatScript, ...ChatScript[]]): Promise<void> {
  rig.server.script(...scripts);
  rig.machine.transcript("When?");
  await until(() => rig.said.length > 0, "an answer");
}

describe("a short sound while the agent speaks", () => {
  test("is no turn: it is told, and nothing else", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, says([words]));
    await rig.reaches("speaking");
    rig.machine.transcript("Mm-hm.");
    expect(told.ignored).toEqual(["Mm-hm."]);
    expect(rig.machine.state).toBe("speaking");
    rig.playAll();
    expect(rig.said).toEqual([`1: ${words}`, "finish 1"]);
    expect(rig.history()).toEqual(["user: When?", `assistant: ${words}`]);
    expect(rig.server.answers).toHaveLength(1);
  });

  test("is none while the answer is still being made", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, begins("We open"));
    rig.machine.transcript("Mm-hm.");
    expect(told.ignored).toEqual(["Mm-hm."]);
    expect(rig.machine.state).toBe("answering");
  });

  test.each([
    ["asks to stop", "Stop!", {}],
    ["asks to stop in other words", "Basta!", { stopWords: ["basta"] }],
    ["has too many words for one", "I would rather like to come on a Sunday.", {}],
    ["comes by a recogniser that tells no speech", "Mm-hm.", { tellsSpeech: () => false }],
  ])("that %s interrupts it, and the voice is told", async (_, text, options) => {
    const { rig, told } = toldRig(options);
    using __ = rig;
    await asked(rig, says([words]), says(["Yes?"]));
    await rig.reaches("speaking");
    rig.machine.played(1, 7, false);
    rig.machine.transcript(text);
    expect(rig.said.at(-1)).toBe("cancel 1, untold");
    await rig.reaches("speaking");
    expect(told.ignored).toEqual([]);
    expect(rig.history().slice(0, 3)).toEqual([
      "user: When?",
      "assistant: We open…",
      `user: ${text}`,
    ]);
  });

  test("before a word of it, or after the last, is the caller's turn", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    rig.server.script((answer) => void answer.closed, says(["At nine."]), says(["Good."]));
    rig.machine.transcript("When");
    await rig.asked(0);
    rig.machine.transcript("today?");
    await rig.reaches("speaking");
    expect((await rig.asked(1)).contents("user")).toEqual(["When today?"]);
    rig.playAll();
    rig.machine.transcript("Yes.");
    await rig.reaches("speaking");
    expect(told.ignored).toEqual([]);
    expect((await rig.asked(2)).contents("user")).toEqual(["When today?", "Yes."]);
  });

  test("after SPEECH is the caller's turn", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, says([words]), says(["Good."]));
    await rig.reaches("speaking");
    rig.machine.speech();
    rig.machine.transcript("Mm-hm.");
    rig.machine.silence();
    await rig.reaches("speaking");
    expect(told.ignored).toEqual([]);
    expect(rig.said).toEqual([`1: ${words}`, "finish 1", "cancel 1", "2: Good.", "finish 2"]);
  });
});

describe("an interruption by nothing", () => {
  test("has the unheard rest said again, from the clause in which it was", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, says([words]));
    await rig.reaches("speaking");
    rig.machine.played(1, 23, false);
    rig.machine.speech();
    rig.machine.silence();
    rig.clock.advance(settleMs - 1);
    expect(rig.machine.state).toBe("gathering");
    rig.clock.advance(1);
    expect(rig.machine.state).toBe("speaking");
    expect(rig.said.slice(2)).toEqual(["cancel 1", `2: ${rest}`, "finish 2"]);
    expect(told.resumed).toEqual([[2, rest.length]]);
    expect(rig.machine.turn).toBe(2);
    rig.playAll();
    expect(rig.machine.state).toBe("idle");
    expect(rig.history()).toEqual(["user: When?", `assistant: ${words}`]);
    expect(rig.server.answers).toHaveLength(1);
    expect(rig.clock.timers).toBe(0);
  });

  test("goes on where a later report says that the caller has heard less", async () => {
    const { rig } = toldRig();
    using _ = rig;
    await asked(rig, says([words]));
    await rig.reaches("speaking");
    rig.machine.played(1, 23, false);
    rig.machine.speech();
    rig.machine.played(1, 10, true);
    rig.machine.silence();
    rig.clock.advance(settleMs);
    expect(rig.said.at(-2)).toBe(`2: ${words}`);
    rig.machine.played(1, words.length, true);
    expect(rig.machine.state).toBe("speaking");
    rig.machine.played(2, 3, false);
    rig.machine.speech();
    rig.machine.played(1, 0, true);
    rig.machine.played(2, 7, true);
    expect(rig.history().at(-1)).toBe("assistant: We open…");
  });

  test("repeats nothing of which hardly anything was unheard", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, says([words]));
    await rig.reaches("speaking");
    rig.machine.played(1, words.length - 10, false);
    cough(rig);
    expect(rig.machine.state).toBe("idle");
    expect(told.resumed).toEqual([]);
    cough(rig);
    expect(rig.said).toEqual([`1: ${words}`, "finish 1", "cancel 1"]);
    expect(rig.machine.state).toBe("idle");
  });

  test("has a model that was stopped go on after the rest", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, begins("Yes. We open at ni"), says(["nine o'clock."]));
    rig.machine.played(1, 7, false);
    cough(rig);
    await until(() => rig.said.at(-1) === "finish 2", "the end");
    expect(rig.said.slice(1)).toEqual(["cancel 1", "2: We open at nine o'clock.", "finish 2"]);
    expect(told.resumed).toEqual([[2, 11]]);
    expect((await rig.asked(1)).contents("user")).toEqual(["When?", goOn]);
    expect((await rig.asked(1)).contents("assistant")).toEqual(["Yes. We open at"]);
    expect(rig.reports.map(({ turn, end }) => [turn, end.kind])).toEqual([
      [1, "cancelled"],
      [2, "complete"],
    ]);
    rig.playAll();
    expect(rig.machine.state).toBe("idle");
    expect(rig.history().slice(1)).toEqual([
      "assistant: Yes. We open at",
      `user: ${goOn}`,
      "assistant: nine o'clock.",
    ]);
  });

  test("of a model that has nothing to add to the rest is no failure", async () => {
    const { rig } = toldRig();
    using _ = rig;
    await asked(rig, begins("We open at nine. "), says([]));
    rig.machine.played(1, 16, false);
    cough(rig);
    await rig.reaches("idle");
    expect(rig.said).toEqual(["1: We open at nine. ", "cancel 1"]);
    expect(rig.server.answers).toHaveLength(2);
  });

  test("of the greeting has it said again", () => {
    const greeting = "Good day. How can I help you?";
    const { rig, told } = toldRig({ greeting });
    using _ = rig;
    rig.machine.greet(greeting);
    rig.machine.played(0, 12, false);
    cough(rig);
    expect(rig.said.slice(2)).toEqual(["cancel 0", "1: How can I help you?", "finish 1"]);
    expect(told.resumed).toEqual([[1, 19]]);
    rig.playAll();
    expect(rig.machine.state).toBe("idle");
    expect(rig.conversation.messages()[0]?.content).toContain(`"${greeting}"`);
  });

  test("before the greeting has it said then; a caller who does speak is not greeted", async () => {
    const { rig } = toldRig({ greeting: "Good day." });
    using _ = rig;
    rig.machine.speech();
    rig.machine.greet("Good day.");
    rig.machine.greet("Good day.");
    expect(rig.conversation.messages()[0]?.content).toBe("Be brief.");
    rig.machine.silence();
    rig.clock.advance(settleMs);
    expect(rig.said).toEqual(["1: Good day.", "finish 1"]);
    using eager = new TurnRig({ greeting: "Good day." });
    eager.server.script(says(["At nine."]));
    eager.machine.speech();
    eager.machine.greet("Good day.");
    eager.machine.transcript("When?");
    eager.machine.silence();
    await eager.reaches("speaking");
    expect(eager.said).toEqual(["1: At nine.", "finish 1"]);
    expect((await eager.asked(0)).contents("system")).toEqual(["Be brief."]);
  });

  test("happens three times to one answer; then the agent waits", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, says([words]), says(["Sure."]));
    await rig.reaches("speaking");
    for (let count = 0; count < 4; count += 1) cough(rig);
    expect(told.resumed.map(([turn]) => turn)).toEqual([2, 3, 4]);
    expect(rig.machine.state).toBe("idle");
    rig.machine.transcript("Hello?");
    await rig.reaches("speaking");
    expect(rig.said.slice(-2)).toEqual(["5: Sure.", "finish 5"]);
  });

  test("after the last of them has a question asked anew of which nothing was answered", async () => {
    const { rig } = toldRig();
    using _ = rig;
    await asked(rig, says([words]), says(["At nine."]));
    await rig.reaches("speaking");
    for (let count = 0; count < 5; count += 1) cough(rig);
    await rig.reaches("speaking");
    expect(rig.said.slice(-2)).toEqual(["5: At nine.", "finish 5"]);
    expect((await rig.asked(1)).contents("user")).toEqual(["When?"]);
  });

  test("repeats the last words of half a sentence, as the model goes on behind them", async () => {
    const { rig } = toldRig();
    using _ = rig;
    await asked(rig, begins("We are open, at nine "), says([" in the morning."]));
    rig.machine.played(1, 12, false);
    cough(rig);
    await until(() => rig.said.at(-1) === "finish 2", "the end");
    expect(rig.said.at(-2)).toBe("2: at nine  in the morning.");
  });

  test("leaves out what was held back for its length when the model was stopped", async () => {
    const { rig } = toldRig({ maxTurnChars: 60 });
    using _ = rig;
    await asked(rig, begins("We open at nine on Monday. On Sunday"), says(["On Sunday never."]));
    expect(rig.said).toEqual(["1: We open at nine on Monday."]);
    cough(rig);
    await until(() => rig.said.at(-1) === "finish 2", "the end");
    expect(rig.said.at(-2)).toBe("2: We open at nine on Monday. On Sunday never.");
  });

  test("whose silence is never told ends all the same", async () => {
    const { rig } = toldRig();
    using _ = rig;
    await asked(rig, says([words]));
    await rig.reaches("speaking");
    rig.machine.speech();
    rig.clock.advance(15_000);
    expect(rig.said.at(-2)).toBe(`2: ${words}`);
  });

  test("is none when its text comes late: the agent stops once more", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, says([words]), says(["At ten."]));
    await rig.reaches("speaking");
    cough(rig);
    rig.clock.advance(1000);
    rig.machine.transcript("And today?");
    expect(rig.said.at(-1)).toBe("cancel 2, untold");
    expect(told.ignored).toEqual([]);
    await rig.reaches("speaking");
    rig.machine.transcript("Mm-hm.");
    expect(told.ignored).toEqual(["Mm-hm."]);
  });

  test("by sound that was told, and a text that comes, is a turn of the caller", async () => {
    const { rig, told } = toldRig();
    using _ = rig;
    await asked(rig, says([words]), says(["At ten."]));
    await rig.reaches("speaking");
    rig.machine.speech();
    rig.machine.silence();
    rig.clock.advance(settleMs - 1);
    rig.machine.transcript("And today?");
    await rig.reaches("speaking");
    rig.clock.advance(settleMs);
    expect(told.resumed).toEqual([]);
    expect(rig.said.slice(-2)).toEqual(["2: At ten.", "finish 2"]);
  });
});

function callRig(): { readonly rig: TurnRig; readonly told: Told; readonly done: string[] } {
  const done: string[] = [];
  const actions = {
    hangUp: async () => void done.push("hang up"),
    transfer: async (target: string) => void done.push(`transfer ${target}`),
    sendDigits: async () => {},
  };
  const slow: Tool = {
    declaration: { name: "slow", description: "Looks it up.", parameters: {} },
    isLast: false,
    run: async (_args, signal) => {
      done.push("slow");
      const isFirst = done.length === 1;
      if (isFirst) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { kind: "result", text: "at nine" };
    },
  };
  const tools = new ToolBox([...callTools({ actions, destinations: {} }), slow]);
  return { ...toldRig({ tools }), done };
}

describe("tools and an interruption by nothing", () => {
  test("what takes the caller away happens when the rest was played", async () => {
    const { rig, done } = callRig();
    using _ = rig;
    await asked(rig, calls("hang_up", {}, "Good-bye, and have a very nice day."));
    await rig.reaches("speaking");
    rig.machine.played(1, 12, false);
    cough(rig);
    expect(rig.said.at(-2)).toBe("2: and have a very nice day.");
    expect(done).toEqual([]);
    rig.playAll();
    rig.clock.advance(partingMs);
    await rig.reaches("idle");
    expect(done).toEqual(["hang up"]);
    cough(rig);
    expect(done).toEqual(["hang up"]);
  });

  test("it happens at once where everything was heard", async () => {
    const { rig, done, told } = callRig();
    using _ = rig;
    await asked(rig, calls("hang_up", {}, "Good-bye, and have a very nice day."));
    await rig.reaches("speaking");
    rig.machine.played(1, 35, false);
    cough(rig);
    await rig.reaches("idle");
    expect(done).toEqual(["hang up"]);
    expect(told.resumed).toEqual([[2, 0]]);
  });

  test("a cough in the moment behind the last word does not keep the caller", async () => {
    const { rig, done } = callRig();
    using _ = rig;
    await asked(rig, calls("hang_up", {}, "Good-bye, and have a very nice day."));
    await rig.reaches("speaking");
    rig.playAll();
    rig.clock.advance(partingMs - 1);
    cough(rig);
    await rig.reaches("idle");
    expect(done).toEqual(["hang up"]);
    expect(rig.said.filter((said) => said.includes("Good-bye"))).toHaveLength(1);
  });

  test("a tool that was stopped is asked for again by the model", async () => {
    const { rig, done } = callRig();
    using _ = rig;
    await asked(
      rig,
      calls("slow", {}, "Let me see, one moment."),
      calls("slow", {}),
      says(["At nine."]),
    );
    await rig.reaches("acting");
    cough(rig);
    await until(() => rig.said.at(-1) === "finish 2", "the end");
    expect(done).toEqual(["slow", "slow"]);
    expect(rig.said.slice(1)).toEqual([
      "cancel 1",
      "2: Let me see, one moment. At nine.",
      "finish 2",
    ]);
    expect((await rig.asked(2)).contents("tool")).toEqual(["at nine"]);
  });
});
