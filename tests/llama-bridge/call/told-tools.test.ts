import { expect, test } from "bun:test";
import type { LlamaCallEvent } from "../../../src/llama-bridge/call/call-events.ts";
import { ToldTools } from "../../../src/llama-bridge/call/told-tools.ts";
import type { ToolCall } from "../../../src/llama-bridge/chat/chat-messages.ts";
import type { Tool, ToolOutcome } from "../../../src/llama-bridge/conversation/tool.ts";
import { ToolBox } from "../../../src/llama-bridge/conversation/tool-box.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";

const clock = new FakeClock();

function tool(name: string, outcome: ToolOutcome, isLast = false): Tool {
  return {
    declaration: { name, description: "Does it.", parameters: { type: "object", properties: {} } },
    isLast,
    async run() {
      clock.advance(40);
      return outcome;
    },
  };
}

function callOf(name: string, value: Readonly<Record<string, unknown>> = {}): ToolCall {
  return {
    id: "1",
    name,
    argumentsText: JSON.stringify(value),
    arguments: { kind: "object", value },
  };
}

function toldBy(...tools: readonly Tool[]) {
  const told: LlamaCallEvent[] = [];
  const box = new ToolBox(tools);
  const tell = (event: LlamaCallEvent) => void told.push(event);
  return { told, box, tools: new ToldTools({ tools: box, turn: () => 3, tell, clock }) };
}

test("each use is told with what came of it, and is what it was", async () => {
  const orders = tool("orders", { kind: "result", text: "two parcels" });
  const transfer = tool("transfer", { kind: "failed", text: "busy" }, true);
  const { told, tools, box } = toldBy(orders, transfer);
  expect(tools.declarations).toEqual(box.declarations);
  const { signal } = new AbortController();
  for (const [name, kind] of [
    ["orders", "now"],
    ["transfer", "last"],
  ] as const) {
    const plan = tools.plan(callOf(name));
    if (plan.kind === "refused") throw new Error(plan.reason);
    expect(plan.kind).toBe(kind);
    expect(told.filter((event) => event.kind === "tool" && event.name === name)).toEqual([]);
    await plan.run(signal);
  }
  const common = { kind: "tool", turn: 3, arguments: "{}", tookMs: 40 } as const;
  expect(told).toEqual([
    { ...common, name: "orders", outcome: "result", text: "two parcels" },
    { ...common, name: "transfer", outcome: "failed", text: "busy" },
  ]);
});

test("a tool that is done in a later turn is told under the one that called it", async () => {
  const told: LlamaCallEvent[] = [];
  let turn = 3;
  const tools = new ToldTools({
    tools: new ToolBox([tool("orders", { kind: "result", text: "two parcels" })]),
    turn: () => turn,
    tell: (event) => void told.push(event),
    clock,
  });
  const plan = tools.plan(callOf("orders"));
  if (plan.kind === "refused") throw new Error(plan.reason);
  turn = 4;
  await plan.run(new AbortController().signal);
  expect(told).toMatchObject([{ kind: "tool", turn: 3, outcome: "result" }]);
});

test("a wrong use is told at once", () => {
  const { told, tools } = toldBy();
  expect(tools.plan(callOf("dance", { steps: 2 })).kind).toBe("refused");
  expect(told).toMatchObject([
    { kind: "tool", name: "dance", arguments: '{"steps":2}', outcome: "refused", tookMs: 0 },
  ]);
});

test("what a model or an address may make long is cut", async () => {
  const { told, tools } = toldBy(tool("x", { kind: "result", text: "😀".repeat(5000) }));
  const plan = tools.plan(callOf("x", { text: "y".repeat(50_000) }));
  if (plan.kind === "refused") throw new Error(plan.reason);
  await plan.run(new AbortController().signal);
  expect(JSON.stringify(told).length).toBeLessThan(6000);
});
