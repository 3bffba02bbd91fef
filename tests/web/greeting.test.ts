import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { Metrics } from "../../src/web/metrics.ts";
import { turnTimingIn } from "../../src/web/live/turn-stages.ts";
import { turnBar } from "../../src/web/pages/turn-bar.ts";
import { newServices, scriptCall, stages, startMs, streamsOf } from "../history/event-scripts.ts";
import { CallsRig } from "./calls-rig.ts";
import { fieldsOf } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: CallsRig;

beforeEach(() => {
  rig = new CallsRig();
});

afterEach(async () => await rig.stop());

const greeting = { turn: 0, voiceMs: 60, lineMs: 20, totalMs: 80 };

/** Every call is greeted; answers are heard after 700 ms. */
function fill(turns: number): void {
  const services = newServices();
  const name = { callId: "2", key: "2-1" };
  scriptCall(services, { number: 1, callId: "2", atMs: startMs, turns });
  services.llama.tell(startMs + 60, "clause", { ...name, turn: 0, text: "Good morning." });
  services.llama.tell(startMs + 200, "turn", { ...name, ...greeting });
  for (const stream of streamsOf(services)) stream.renumber();
  rig.fill(streamsOf(services).flatMap(({ events }) => events));
}

const flat = (page: string): string => page.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");

test("the greeting is shown with a bar of its own, and is no answer in any figure", async () => {
  fill(2);
  await rig.start();
  const page = flat(await rig.page("/calls/1"));
  expect(page).toContain("Good morning.");
  expect(page).toContain("2 answers, heard after 700 ms on average, 700 ms at best and 700 ms");
  expect(page).toContain("Greeting after 80 ms");
  expect(page).toContain("Turn 1 after 700 ms");
  expect(page).toContain("Turns 2 Mean answer 700 ms");
  expect(flat(await rig.page("/calls"))).toContain("2 700 ms");
  const [call] = await calls();
  expect(call).toMatchObject({ turns: 2, answerMs: 700 });
  const csv = await rig.page("/api/v1/history/export?format=csv");
  const [head = "", row = ""] = csv.split("\r\n");
  const column = (name: string): string => row.split(",")[head.split(",").indexOf(name)] ?? "";
  expect([column("turns"), column("answerMs")]).toEqual(["2", "700"]);
});

test("a call that was only greeted has no answers", async () => {
  fill(0);
  await rig.start();
  const page = flat(await rig.page("/calls/1"));
  expect(page).toContain("Greeting after 80 ms");
  expect(page).not.toContain("Mean answer");
  expect(page).not.toContain("heard after");
  expect((await calls())[0]).toMatchObject({ turns: 0, answerMs: null });
});

async function calls(): Promise<readonly Record<string, unknown>[]> {
  const list = fieldsOf(await rig.json("/api/v1/history"))["calls"];
  return Array.isArray(list) ? list.map(fieldsOf) : [];
}

function bar(turn: number): string {
  const timing = turnTimingIn({ ...stages, turn });
  return timing === undefined ? "" : flat(turnBar(timing).text);
}

test("on Now the bar of a greeting says so, and that of an answer is the last answer", () => {
  expect(bar(0)).toContain("Greeting after 700 ms");
  expect(bar(1)).toContain("Last answer after 700 ms");
});

test("the figures for Prometheus count answers", () => {
  const metrics = new Metrics(0);
  for (const turn of [0, 1]) metrics.take("llama", { kind: "turn", ...stages, turn });
  const now = {
    build: { version: "1", commit: "c" },
    services: [],
    activeCalls: 0,
    lines: { configured: 0, registered: 0 },
    history: { written: 0, waiting: 0, dropped: 0 },
    eventReaders: 0,
    webhooks: { receivers: 3, failing: 1, waiting: 4, delivered: 5, dropped: 6 },
    browserCalls: { calls: 7, refused: 8 },
  };
  const lines = metrics.write(now).split("\n");
  expect(lines).toContain('wildfire_turn_stage_seconds_count{stage="total"} 1');
  const told = [
    ["wildfire_webhook_receivers", "gauge", 3],
    ["wildfire_webhook_receivers_not_open", "gauge", 1],
    ["wildfire_webhook_messages_waiting", "gauge", 4],
    ["wildfire_webhook_messages_delivered_total", "counter", 5],
    ["wildfire_webhook_messages_dropped_total", "counter", 6],
    ["wildfire_browser_calls_total", "counter", 7],
    ["wildfire_browser_calls_refused_total", "counter", 8],
  ] as const;
  for (const [name, type, value] of told) {
    const at = lines.indexOf(`${name} ${value}`);
    expect(lines[at - 1]).toBe(`# TYPE ${name} ${type}`);
    expect(lines[at - 2]).toStartWith(`# HELP ${name} `);
  }
});
