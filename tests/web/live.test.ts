import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { until } from "../fakes/until.ts";
import { EventReading, type PlayedService, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;
let sip: PlayedService;
let whisper: PlayedService;
let llama: PlayedService;
const readings: EventReading[] = [];

const phone = {
  key: "k1",
  line: "200@pbx",
  direction: "incoming",
  remote: '"Ada Lovelace" <sip:4711@pbx>',
};
const heard = { callId: "2", key: "2-1" };

beforeEach(() => {
  rig = new WebRig();
  sip = rig.play("sip", {
    describe: () => ({ current: [{ key: "k1" }], lines: [{ isRegistered: true }] }),
  });
  whisper = rig.play("whisper", {
    describe: () => ({ calls: [heard], model: { name: "base.en" } }),
  });
  llama = rig.play("llama", { describe: () => ({ calls: { up: [{ call: "2" }] } }) });
});

afterEach(async () => {
  for (const reading of readings.splice(0)) reading.close();
  await rig.stop();
});

async function read(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReading> {
  const reading = await EventReading.open(rig.url + path.slice(1), headers);
  readings.push(reading);
  return reading;
}

function beginCall(): void {
  sip.stream.publish({ kind: "ringing", ...phone });
  sip.stream.publish({ kind: "established", callId: "2", codec: "PCMA/8000", ...phone });
}

/** The last piece of the page with that id. */
function fragment(reading: EventReading, id: string): string {
  const found = reading.events.findLast(
    ({ name, data }) => name === "fragment" && data["id"] === id,
  );
  const markup = found?.data["html"];
  return typeof markup === "string" ? markup : "";
}

async function startListening(): Promise<void> {
  await rig.start();
  await until(
    () => sip.stream.status().listeners === 1 && whisper.stream.status().listeners === 1,
    "listening",
  );
  await until(() => llama.stream.status().listeners === 1, "listening to llama");
}

test("a call appears on the page with its words as they are said, and goes when it has ended", async () => {
  await startListening();
  const page = await read("/live/now");
  beginCall();
  await until(() => fragment(page, "call-c1").includes("Ada Lovelace, 4711"), "the caller");
  whisper.stream.publish({ kind: "speech-start", atMs: 10, ...heard });
  whisper.stream.publish({ kind: "partial", committed: "what time", tentative: "is", ...heard });
  await until(() => fragment(page, "call-c1").includes("The caller speaks"), "who speaks");
  expect(fragment(page, "call-c1")).toMatch(/what time\s+<span class="tentative">is …/);
  whisper.stream.publish({ kind: "final", text: "What time is it?", ...heard });
  llama.stream.publish({ kind: "asked", turn: 1, callId: "2", key: "2-1" });
  await until(() => fragment(page, "call-c1").includes("What time is it?"), "the final text");
  expect(fragment(page, "call-c1")).not.toContain("what time");
  llama.stream.publish({ kind: "clause", turn: 1, text: "It is noon.", callId: "2", key: "2-1" });
  llama.stream.publish({
    kind: "turn",
    turn: 1,
    silenceMs: 500,
    recognitionMs: 15,
    firstTokenMs: 40,
    clauseMs: 30,
    voiceMs: 20,
    lineMs: 7,
    totalMs: 612,
    callId: "2",
    key: "2-1",
  });
  await until(() => fragment(page, "call-c1").includes("612 ms"), "the last turn");
  expect(fragment(page, "call-c1")).toContain("It is noon.");
  expect(fragment(page, "call-c1")).toContain(
    'aria-label="Answer heard after 612 ms: silence 500 ms, ears 15 ms',
  );
  const statistics = { receivedPackets: 99, lostPackets: 1, jitterMs: 3, meanOpinionScore: 4.3 };
  sip.stream.publish({ kind: "ended", by: "peer", reason: "BYE", statistics, ...phone });
  await until(() => fragment(page, "call-c1").includes('data-ended="true"'), "the end");
  expect(fragment(page, "call-c1")).toContain("1.0 %");
  expect(fragment(page, "summary")).toContain("No call is up.");
});

test("what callers say and how they are named is text, never markup", async () => {
  await startListening();
  const evil = "<script>alert(1)</script><img src=x onerror=alert(2)>";
  const name = '"\\"><svg onload=alert(3)>" <sip:1@pbx>';
  const page = await read("/live/now");
  await until(() => whisper.stream.isWatched, "unfinished texts wanted");
  sip.stream.publish({
    kind: "established",
    callId: "2",
    codec: evil,
    ...phone,
    remote: name,
    line: evil,
  });
  whisper.stream.publish({ kind: "final", text: evil, ...heard });
  whisper.stream.publish({ kind: "partial", committed: evil, tentative: evil, ...heard });
  llama.stream.publish({ kind: "clause", turn: 1, text: evil, callId: evil, key: "2-1" });
  await until(() => fragment(page, "call-c1").includes("tentative"), "the words");
  const whole = await (await rig.get("/")).text();
  for (const text of [whole, fragment(page, "call-c1")]) {
    expect(text).toContain("&lt;script&gt;alert(1)");
    expect(text).not.toMatch(/<script>|<img src=x|<svg onload/);
  }
});

test("whoever opens the page in mid-call reads what was said before, also after this service started anew", async () => {
  beginCall();
  whisper.stream.publish({ kind: "final", text: "Said before.", ...heard });
  await startListening();
  await until(() => rig.status["activeCalls"] === 1, "the call");
  const page = await read("/live/now");
  await until(() => fragment(page, "call-c1").includes("Said before."), "the words");
  const calls = await rig.json("/api/v1/calls");
  expect(calls["calls"]).toMatchObject([
    { remote: "Ada Lovelace, 4711", callId: "2", ended: null },
  ]);
});

test("a call that its services do not know any more is over, though nobody said so", async () => {
  let current: readonly unknown[] = [heard];
  whisper.close();
  whisper = rig.play("whisper", { describe: () => ({ calls: current }) });
  await startListening();
  const page = await read("/live/now");
  whisper.stream.publish({ kind: "speech-start", atMs: 1, ...heard });
  await until(() => fragment(page, "call-c1") !== "", "the call");
  current = [];
  await until(() => fragment(page, "call-c1").includes('data-ended="true"'), "the end", 10_000);
});

test("whisper makes unfinished texts only while somebody looks", async () => {
  await startListening();
  expect(whisper.stream.status()).toMatchObject({ listeners: 1, watchers: 0 });
  const page = await read("/live/now");
  await until(() => whisper.stream.isWatched, "the page watching");
  page.close();
  await until(() => !whisper.stream.isWatched, "nobody watching");
  // Other pages and the history read events all the same.
  await read("/api/v1/calls");
  expect(whisper.stream.status()).toMatchObject({ listeners: 1, watchers: 0 });
});

test("events go on where a reader stopped, each once", async () => {
  await startListening();
  const first = await read("/api/v1/events");
  beginCall();
  await until(() => first.events.length === 2, "two events");
  first.close();
  await until(() => !whisper.stream.isWatched, "unfinished texts wanted by nobody");
  whisper.stream.publish({ kind: "final", text: "one", ...heard });
  whisper.stream.publish({ kind: "final", text: "two", ...heard });
  const last = first.events[1]?.id ?? "";
  const second = await read("/api/v1/events", { "last-event-id": last });
  await until(() => second.events.length === 2, "what was missed");
  expect(second.events.map(({ data }) => [data["service"], data["text"]])).toEqual([
    ["whisper", "one"],
    ["whisper", "two"],
  ]);
  await until(() => whisper.stream.isWatched, "unfinished texts wanted");
  whisper.stream.publish({ kind: "partial", committed: "th", tentative: "", ...heard });
  await until(() => second.events.length === 3, "an unfinished text");
  expect(second.events[2]).toMatchObject({ id: undefined, data: { kind: "partial" } });
});

test("events of one call come from all services that know it", async () => {
  await startListening();
  beginCall();
  await until(() => rig.status["activeCalls"] === 1, "the call");
  const reading = await read("/api/v1/events?call=c1&since=first");
  sip.stream.publish({ kind: "ringing", ...phone, key: "k2" });
  whisper.stream.publish({ kind: "final", text: "mine", ...heard });
  await until(() => reading.events.length === 3, "three events");
  expect(reading.events.map(({ data }) => data["kind"])).toEqual([
    "ringing",
    "established",
    "final",
  ]);
  expect(new Set(reading.events.map(({ data }) => data["key"]))).toEqual(new Set(["k1", "2-1"]));
});

test("a reader that takes nothing is let go, and costs no more than a bound", async () => {
  await startListening();
  const socket = connect(Number(new URL(rig.url).port), "127.0.0.1");
  socket.pause();
  socket.write("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(() => rig.status["eventStreams"] === 1, "the stream");
  const text = "x".repeat(3000);
  for (let round = 0; round < 400 && rig.status["eventStreams"] === 1; round += 1) {
    const before = whisper.stream.status().events;
    for (let count = 0; count < 50; count += 1)
      whisper.stream.publish({ kind: "final", text, ...heard });
    expect(whisper.stream.status().events).toBe(before + 50);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until(() => rig.status["eventStreams"] === 0, "its end", 10_000);
  socket.destroy();
});

test("a reader that keeps up is not let go, however much there is", async () => {
  await startListening();
  const reading = await read("/api/v1/events");
  const text = "x".repeat(3000);
  for (let round = 1; round <= 40; round += 1) {
    for (let count = 0; count < 50; count += 1)
      whisper.stream.publish({ kind: "final", text, ...heard });
    await until(() => reading.events.length === round * 50, "all events of the round");
  }
  expect(rig.status["eventStreams"]).toBe(1);
});

test("asking only for the head of a stream opens none", async () => {
  await startListening();
  const response = await fetch(`${rig.url}live/now`, { method: "HEAD" });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  expect(rig.status["eventStreams"]).toBe(0);
});

test("there are 64 streams at most, and one more is told so", async () => {
  await startListening();
  for (let count = 0; count < 64; count += 1) await read("/api/v1/events");
  expect((await rig.get("/live/now")).status).toBe(503);
});

test("a page that is closed is forgotten", async () => {
  await startListening();
  const page = await read("/live/now");
  await until(() => rig.status["pagesNow"] === 1, "the page");
  page.close();
  await until(() => rig.status["pagesNow"] === 0, "its end");
  expect(rig.status["eventStreams"]).toBe(0);
});
