import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { listenTcp } from "../../src/tcp.ts";
import { until } from "../fakes/until.ts";
import { fieldsOf, type PlayedService, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
});

afterEach(async () => {
  await rig.stop();
});

const phone = { key: "k1", line: "200@pbx", direction: "incoming", remote: "<sip:4711@pbx>" };
const child = {
  version: "0.1.0",
  commit: "abc1234",
  uptimeS: 60,
  memoryBytes: 5e7,
  restarts: 0,
  calls: 0,
};

function playSupervisor(service: Readonly<Record<string, unknown>>): PlayedService {
  return rig.play("supervisor", {
    describe: () => ({ services: [{ name: "whisper", ...child, ...service }] }),
    async command() {
      throw new Error("whisper is draining already");
    },
  });
}

test("services are listed with state, build and health, by the supervisor and by themselves", async () => {
  playSupervisor({
    state: "given-up",
    health: "failing",
    pid: 9,
    lastReason: "exit code 1",
    restarts: 5,
  });
  rig.play("llama");
  await rig.start();
  expect(await rig.json("/api/v1/services")).toMatchObject({
    hasSupervisor: true,
    services: [
      {
        name: "whisper",
        state: "given-up",
        isSupervised: true,
        lastReason: "exit code 1",
        restarts: 5,
      },
      { name: "llama", state: "ready", health: "good", isSupervised: false, commit: "abc1234" },
    ],
  });
  const page = await (await rig.get("/")).text();
  expect(page).toContain("Given up");
  expect(page).toContain("exit code 1");
  expect(page).toContain("(another than this page)");
});

test("a service that nobody knows is not found, and those that are there are named", async () => {
  rig.play("llama");
  await rig.start();
  const response = await rig.get("/api/v1/services/llma");
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    error: "there is no such service",
    hint: "there are llama",
  });
});

test("what the supervisor refuses is said in its own words", async () => {
  playSupervisor({ state: "draining", health: "good", pid: 9 });
  await rig.start();
  await rig.get("/api/v1/services");
  const headers = { "x-csrf-token": await rig.csrf() };
  const response = await rig.post("/api/v1/services/whisper/stop", headers);
  expect([response.status, await response.json()]).toEqual([
    409,
    { error: "whisper is draining already", hint: "" },
  ]);
});

test("without a supervisor nothing can be started, and it is said how to have one", async () => {
  rig.play("llama");
  await rig.start();
  await rig.get("/api/v1/services");
  const headers = { "x-csrf-token": await rig.csrf() };
  const response = await rig.post("/api/v1/services/llama/restart", headers);
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ hint: "start the services with `wildfire up`" });
  expect(await (await rig.get("/")).text()).toContain("wildfire up");
});

test.each([
  ["GET", "/api/v1/nothing", 404],
  ["GET", "/%", 404],
  ["GET", "/%2e%2e/etc/passwd", 404],
  ["GET", "/assets/x/page.js", 404],
  ["GET", "/api/v1/calls/none", 404],
  ["GET", "/api/v1/history/none", 404],
  ["DELETE", "/api/v1/calls", 405],
  ["PUT", "/api/v1/tokens", 405],
  ["OPTIONS", "/", 405],
  ["HEAD", "/", 200],
  ["GET", "/api/v1/history?limit=0", 400],
  ["GET", "/api/v1/history?from=yesterday", 400],
  ["GET", "/api/v1/history?after=x", 400],
  ["GET", "/api/v1/history/1/export?format=exe", 400],
  ["GET", `/api/v1/history?text=${"x".repeat(300)}`, 400],
] as const)("%s %s answers %d", async (method, path, status) => {
  await rig.start();
  // Where there is no history yet, none can be asked for.
  await until(() => Bun.file(`${rig.stateFolder}/history/calls.sqlite`).size > 0, "the history");
  const response = await fetch(rig.url + path.slice(1), { method, redirect: "manual" });
  expect(response.status).toBe(status);
  if (status >= 400) expect(await response.json()).toContainAllKeys(["error", "hint"]);
});

test("an address says which methods it takes", async () => {
  await rig.start();
  const response = await rig.post("/api/v1/calls");
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test.each([
  ["text/plain", "{}", 415],
  ["application/json", "{", 400],
  ["application/json", "[]", 400],
  ["application/json", '{"name":1,"role":"admin"}', 400],
  ["application/json", '{"name":"a","role":"king"}', 400],
  ["application/json", '{"name":"a<b>","role":"admin"}', 400],
  ["application/json", JSON.stringify({ name: "x".repeat(70_000), role: "admin" }), 413],
  ["application/json", "x".repeat(2 << 20), 413],
  ["application/json", '{"name":"a","role":"admin"}', 201],
] as const)("a body of %s is judged: case %#", async (type, body, status) => {
  await rig.start();
  const headers = { "x-csrf-token": await rig.csrf(), "content-type": type };
  expect((await rig.post("/api/v1/tokens", headers, body)).status).toBe(status);
});

test("the document describes every route of the API with its role, and nothing else", async () => {
  await rig.start();
  const document = await rig.json("/api/v1/openapi.json");
  const paths = fieldsOf(document["paths"]);
  expect(document["openapi"]).toBe("3.1.0");
  expect(Object.keys(paths)).toContain("/api/v1/openapi.json");
  expect(paths["/api/v1/services/{service}/restart"]).toMatchObject({
    post: {
      "x-least-role": "operator",
      parameters: [
        { name: "service", in: "path", required: true },
        { name: "x-csrf-token", in: "header", required: false },
      ],
    },
  });
  expect(paths["/api/v1/tokens"]).toMatchObject({
    post: {
      requestBody: {
        content: { "application/json": { schema: { required: ["name", "role"] } } },
      },
    },
  });
  const ids = Object.values(paths).flatMap((methods) =>
    Object.values(fieldsOf(methods)).map((operation) => String(fieldsOf(operation)["operationId"])),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test("a call that was held is in the history: searched, read, exported", async () => {
  const sip = rig.play("sip");
  const llama = rig.play("llama");
  const talk = { callId: "2", key: "2-1" };
  sip.stream.publish({ kind: "ringing", ...phone });
  sip.stream.publish({ kind: "established", callId: "2", codec: "PCMA", ...phone });
  llama.stream.publish({ kind: "began", ...talk });
  llama.stream.publish({ kind: "transcript", text: "=Where is my parcel?", ...talk });
  llama.stream.publish({ kind: "asked", turn: 1, messages: 2, ...talk });
  llama.stream.publish({ kind: "clause", turn: 1, text: "In Paris.", ...talk });
  llama.stream.publish({ kind: "ended", ...talk });
  sip.stream.publish({ kind: "ended", by: "peer", reason: "BYE", ...phone });
  await rig.start();
  let found: readonly Readonly<Record<string, unknown>>[] = [];
  const search = async (): Promise<void> => {
    const answer = await rig.json("/api/v1/history?remote=47&line=200@pbx");
    const calls = answer["calls"];
    found = Array.isArray(calls) ? calls : [];
  };
  // What services told before is written a moment later.
  for (let tries = 0; tries < 200 && found.length === 0; tries += 1) {
    await search();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(found).toMatchObject([{ remote: "4711", line: "200@pbx", turns: 1 }]);
  const id = String(found[0]?.["id"]);
  expect(await rig.json(`/api/v1/history/${id}`)).toMatchObject({
    said: [{ answer: "In Paris." }],
  });
  const csv = await rig.get(`/api/v1/history/${id}/export?format=csv`);
  expect(csv.headers.get("content-disposition")).toMatch(
    /^attachment; filename="call-[\w.-]+\.csv"$/,
  );
  expect(csv.headers.get("content-type")).toContain("text/csv");
  expect(await csv.text()).toContain("In Paris.");
});

test("figures for Prometheus are well formed and count turns, calls and services", async () => {
  const sip = rig.play("sip", {
    describe: () => ({ lines: [{ isRegistered: true }, { isRegistered: false }] }),
  });
  const llama = rig.play("llama");
  playSupervisor({ state: "ready", health: "good", pid: 9, restarts: 2 });
  await rig.start();
  await until(
    () => llama.stream.status().listeners > 0 && sip.stream.status().listeners > 0,
    "listening",
  );
  const statistics = { receivedPackets: 90, lostPackets: 10, jitterMs: 1 };
  sip.stream.publish({ kind: "ringing", ...phone });
  sip.stream.publish({ kind: "ended", by: 'a"b\\c', reason: "BYE", statistics, ...phone });
  llama.stream.publish({
    kind: "turn",
    turn: 1,
    silenceMs: 500,
    totalMs: 620,
    callId: "2",
    key: "2-1",
  });
  let text = "";
  for (let tries = 0; tries < 200 && !text.includes('stage="total"'); tries += 1) {
    text = await (await rig.get("/metrics")).text();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const lines = text.trimEnd().split("\n");
  for (const line of lines) {
    expect(line).toMatch(
      /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="([^"\\\n]|\\["\\n])*",?)*\})? -?[\d.e+-]+)$/,
    );
  }
  expect(lines).toContain('wildfire_turn_stage_seconds_bucket{stage="silence",le="0.3"} 0');
  expect(lines).toContain('wildfire_turn_stage_seconds_bucket{stage="silence",le="0.5"} 1');
  expect(lines).toContain('wildfire_turn_stage_seconds_bucket{stage="total",le="+Inf"} 1');
  expect(lines).toContain('wildfire_calls_started_total{direction="incoming"} 1');
  expect(lines).toContain('wildfire_calls_ended_total{by="a\\"b\\\\c"} 1');
  expect(lines).toContain("wildfire_rtp_packets_lost_total 10");
  expect(lines).toContain("wildfire_lines_registered 1");
  expect(lines).toContain("wildfire_webhook_receivers_not_open 0");
  expect(lines).toContain("wildfire_browser_calls_total 0");
  expect(lines).toContain('wildfire_service_up{service="whisper"} 1');
  expect(lines).toContain('wildfire_service_restarts_total{service="whisper"} 2');
});

test("a port that is taken is named, with what to do", async () => {
  const taken = listenTcp({
    hostname: "127.0.0.1",
    port: 0,
    maxPendingBytes: 1024,
    accept: () => ({ data: () => undefined, closed: () => undefined }),
  });
  const message = `the web page cannot listen on "127.0.0.1" port ${taken.port}: EADDRINUSE`;
  const error = await rig.start({ port: taken.port }).catch((reason: unknown) => reason);
  expect(String(error)).toContain(message);
  taken.stop(true);
});
