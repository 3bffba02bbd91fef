import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { callTools } from "../../../src/llama-bridge/conversation/call-tools.ts";
import { textToolInstructions } from "../../../src/llama-bridge/conversation/text-tool-calls.ts";
import { ToolBox } from "../../../src/llama-bridge/conversation/tool-box.ts";
import type { Tool } from "../../../src/llama-bridge/conversation/tool.ts";
import { calls, says } from "../../fakes/scripted-chat-server.ts";
import { until } from "../../fakes/until.ts";
import { apology, TurnRig, type TurnRigOptions } from "./turn-rig.ts";

setDefaultTimeout(30_000);

/** Until the last of what was played has reached the caller. */
const partingMs = 400;

const hours: Tool = {
  declaration: {
    name: "hours",
    description: "Opening hours of a day.",
    parameters: {
      type: "object",
      properties: { day: { type: "string" } },
      required: ["day"],
    },
  },
  isLast: false,
  run: async (args) => ({ kind: "result", text: `${String(args["day"])}: 9 to 6` }),
};

interface Rig extends Disposable {
  readonly rig: TurnRig;
  /** What was done with the call. */
  readonly done: string[];
}

function toolRig(options: TurnRigOptions & { readonly fails?: string } = {}): Rig {
  const done: string[] = [];
  const act = async (what: string): Promise<void> => {
    done.push(what);
    if (options.fails !== undefined) throw new Error(options.fails);
  };
  const actions = {
    hangUp: async () => await act("hang up"),
    transfer: async (target: string) => await act(`transfer ${target}`),
    sendDigits: async (digits: string) => await act(`digits ${digits}`),
  };
  const tools = new ToolBox([...callTools({ actions, destinations: { sales: "200" } }), hours]);
  const rig = new TurnRig({ tools, ...options });
  return { rig, done, [Symbol.dispose]: () => rig[Symbol.dispose]() };
}

describe("a tool", () => {
  test("is run, and its result is told to the model, which tells the caller", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(calls("hours", { day: "Monday" }, "Let me see. "), says(["From nine."]));
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    expect(rig.said).toEqual(["1: Let me see. From nine.", "finish 1"]);
    const second = await rig.asked(1);
    expect(second.tools).toEqual(["hang_up", "send_digits", "transfer", "hours"]);
    expect(second.contents("tool")).toEqual(["Monday: 9 to 6"]);
    expect(rig.reports.map((report) => report.round)).toEqual([0, 1]);
  });

  test.each([
    ["hours", {}, 'error: the argument "day" is missing'],
    ["hours", { day: 7 }, 'error: the argument "day" must be of type string'],
    ["transfer", { to: "+1 900 1234" }, 'error: the argument "to" must be one of "sales"'],
    ["send_digits", { digits: "call me" }, 'error: "CALLME" are no keys of a telephone'],
    ["format_disk", {}, /^error: there is no tool "format_disk"; there are: hang_up, /],
  ])("%s%j is answered with what is wrong", async (name, args, reason) => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(calls(name, args), says(["Sorry."]));
    rig.machine.transcript("Please.");
    await rig.reaches("speaking");
    expect((await rig.asked(1)).contents("tool")).toEqual([expect.stringMatching(reason)]);
    expect(each.done).toEqual([]);
  });

  test("is called at most four times in a turn; then the model has to use words", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script((answer) => {
      const script = answer.tools.length > 0 ? calls("hours", { day: "Monday" }) : says(["Nine."]);
      return script(answer);
    });
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    expect(rig.server.answers.map((answer) => answer.tools.length)).toEqual([4, 4, 4, 4, 0]);
    expect(rig.said).toEqual(["1: Nine.", "finish 1"]);
  });

  test("a model that calls all the same is not heeded, and the turn ends", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(calls("hours", { day: "Monday" }));
    rig.machine.transcript("When?");
    await rig.reaches("idle");
    expect(rig.server.answers).toHaveLength(5);
  });

  test("more than four at once are refused, and said to be", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(
      (answer) => {
        answer.head();
        const tool_calls = Array.from({ length: 6 }, (_, index) => ({
          index,
          id: `c${index}`,
          function: { name: "hours", arguments: `{"day":"${index}"}` },
        }));
        answer.delta({ tool_calls });
        answer.finish("tool_calls");
        answer.done();
      },
      says(["Nine."]),
    );
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    const results = (await rig.asked(1)).contents("tool");
    expect(results[3]).toBe("3: 9 to 6");
    expect(results.slice(4)).toEqual([
      "error: too many calls at once",
      "error: too many calls at once",
    ]);
  });

  test("that is at work when the caller speaks is told, and its result is void", async () => {
    let stopped = 0;
    const slow: Tool = {
      ...hours,
      run: async (_args, signal) => {
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            stopped += 1;
            resolve();
          });
        });
        return { kind: "failed", text: "given up" };
      },
    };
    using rig = new TurnRig({ tools: new ToolBox([slow]) });
    rig.server.script(calls("hours", { day: "Monday" }), says(["Nine."]));
    rig.machine.transcript("When?");
    await rig.reaches("acting");
    rig.machine.speech();
    await until(() => stopped === 1, "the end of the tool");
    rig.machine.transcript("Never mind.");
    rig.machine.silence();
    await rig.reaches("speaking");
    expect((await rig.asked(1)).contents("user")).toEqual(["When? Never mind."]);
    expect((await rig.asked(1)).contents("tool")).toEqual([]);
  });
});

describe("what takes the caller away", () => {
  test("waits until they have heard the answer", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(calls("transfer", { to: "sales" }, "One moment."));
    rig.machine.transcript("Sales, please.");
    await rig.reaches("speaking");
    rig.playAll();
    rig.clock.advance(partingMs - 1);
    rig.playAll();
    expect(each.done).toEqual([]);
    rig.clock.advance(1);
    await rig.reaches("idle");
    expect(each.done).toEqual(["transfer 200"]);
    rig.clock.advance(partingMs);
    expect(each.done).toEqual(["transfer 200"]);
  });

  test("does not happen to a caller who speaks in the moment behind the last word", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(calls("hang_up", {}, "Good-bye."), says(["Yes?"]));
    rig.machine.transcript("That is all.");
    await rig.reaches("speaking");
    rig.playAll();
    rig.clock.advance(partingMs - 1);
    rig.machine.speech();
    rig.clock.advance(partingMs);
    rig.machine.transcript("No, wait.");
    rig.machine.silence();
    await rig.reaches("speaking");
    expect(rig.said.slice(-2)).toEqual(["2: Yes?", "finish 2"]);
    rig.playAll();
    rig.clock.advance(partingMs);
    expect(rig.machine.state).toBe("idle");
    expect(each.done).toEqual([]);
  });

  test("does not happen when the call ends in that moment", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(calls("hang_up", {}, "Good-bye."));
    rig.machine.transcript("That is all.");
    await rig.reaches("speaking");
    rig.playAll();
    rig.machine.close();
    expect(rig.clock.timers).toBe(0);
    expect(each.done).toEqual([]);
  });

  test("happens at once where nothing is said", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(calls("hang_up", {}));
    rig.machine.transcript("Good-bye.");
    await until(() => each.done.length > 0, "the end of the call");
    await rig.reaches("idle");
    expect(rig.said).toEqual([]);
  });

  test("does not happen when the caller interrupts", async () => {
    using each = toolRig();
    const { rig } = each;
    rig.server.script(calls("hang_up", {}, "Good-bye."), says(["Yes?"]));
    rig.machine.transcript("That is all.");
    await rig.reaches("speaking");
    rig.machine.speech();
    rig.playAll();
    rig.machine.silence();
    rig.machine.transcript("No, wait.");
    await rig.reaches("speaking");
    rig.playAll();
    expect(rig.machine.state).toBe("idle");
    expect(each.done).toEqual([]);
  });

  test("when it fails is told to the model, which tells the caller", async () => {
    using each = toolRig({ fails: "nobody answers at 200" });
    const { rig } = each;
    rig.server.script(calls("transfer", { to: "sales" }, "One moment."), says(["They are busy."]));
    rig.machine.transcript("Sales, please.");
    await rig.reaches("speaking");
    rig.playAll();
    rig.clock.advance(partingMs);
    await until(() => rig.said.length > 2, "more words");
    expect((await rig.asked(1)).contents("tool")).toEqual(["error: nobody answers at 200"]);
    await rig.reaches("speaking");
    expect(rig.said.at(-2)).toBe("2: They are busy.");
    expect(rig.memory.text()).not.toContain("200");
  });
});

describe("a model without tools of its own", () => {
  test("writes marks, which are not spoken", async () => {
    using each = toolRig({ toolStyle: "text" });
    const { rig } = each;
    rig.server.script(
      says(["Let me see.\n", "[[hou", "rs Monday]]"]),
      says(["From nine. ", '[[transfer {"to":"sales"}]]']),
    );
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    expect(rig.said).toEqual(["1: Let me see.\nFrom nine. ", "finish 1"]);
    const second = await rig.asked(1);
    expect(second.tools).toEqual([]);
    expect(second.contents("user").at(-1)).toBe("[[result of hours]] Monday: 9 to 6");
    rig.playAll();
    rig.clock.advance(partingMs);
    await rig.reaches("idle");
    expect(each.done).toEqual(["transfer 200"]);
  });

  test("a wrong mark is answered, and a failure is apologised for", async () => {
    using each = toolRig({ toolStyle: "text" });
    const { rig } = each;
    rig.server.script(says(["[[hours]]"]), says([]), says([]));
    rig.machine.transcript("When?");
    await rig.reaches("idle");
    expect((await rig.asked(1)).contents("user").at(-1)).toBe(
      '[[result of hours]] error: the argument "day" is missing',
    );
    rig.machine.transcript("Hello?");
    await rig.reaches("speaking");
    expect(rig.said).toEqual([`2: ${apology}`, "finish 2"]);
  });

  test("is told how to write them", () => {
    const text = textToolInstructions([hours.declaration]);
    expect(text).toEndWith("\n[[hours day]] Opening hours of a day.");
    expect(textToolInstructions([])).toBe("");
  });
});
