import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { LiveCalls } from "../../src/web/live/live-calls.ts";
import { callCard } from "../../src/web/pages/call-card.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { ScriptedStream, startMs } from "../history/event-scripts.ts";
import { CallsRig } from "./calls-rig.ts";

setDefaultTimeout(20_000);

let rig: CallsRig;

beforeEach(() => {
  rig = new CallsRig();
});

afterEach(async () => await rig.stop());

const remote = "6ca881af-497c-4b1e-9a53-0c6f1f1f1f1f";
const phone = { key: `${remote}-1`, line: "AudioSocket", direction: "incoming", remote, name: "" };

function told(atMs: number): ScriptedStream {
  const stream = new ScriptedStream("audiosocket", 100);
  stream.tell(atMs, "ringing", phone);
  stream.tell(atMs + 5, "established", { ...phone, callId: "4", codec: "L16" });
  return stream;
}

const flat = (page: string): string => page.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");

test("a call by AudioSocket has a short name in titles and lists, and its UUID among the facts", async () => {
  const stream = told(startMs);
  stream.tell(startMs + 9000, "ended", { ...phone, callId: "4", by: "peer", reason: "" });
  rig.fill(stream.events);
  await rig.start();
  const list = await rig.page("/calls");
  expect(list).toContain('<a href="/calls/1">AudioSocket call 6ca881af</a>');
  expect(list).toContain('<option value="AudioSocket"');
  expect(list).not.toContain(remote);
  const page = await rig.page("/calls/1");
  expect(page).toContain("<h1>AudioSocket call 6ca881af</h1>");
  expect(page).toContain("<title>AudioSocket call 6ca881af");
  expect(flat(page)).toContain(`Line AudioSocket UUID ${remote}`);
  expect(await rig.page(`/calls?remote=${remote}`)).toContain("AudioSocket call 6ca881af");
});

test("on Now it has the same name, and its UUID among the facts", () => {
  const clock = new FakeClock();
  const calls = new LiveCalls({ clock, onChange: () => undefined });
  for (const { service, pid, fields } of told(clock.wallMs()).events)
    calls.take({ service, pid }, fields);
  const [call] = calls.list();
  const card = call === undefined ? "" : callCard(call).text;
  expect(card).toMatch(/<h3[^>]*>AudioSocket call 6ca881af<\/h3>/);
  expect(flat(card)).toContain(`incoming · on AudioSocket · L16 · UUID ${remote}`);
});
