import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "../fakes/until.ts";
import { ok, PlayedReceiver, secret } from "../webhooks/webhook-rig.ts";
import { fieldsOf, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;
let receiver: PlayedReceiver;
const variable = "WILDFIRE_WEBHOOK_SECRET";

beforeEach(() => {
  rig = new WebRig();
  receiver = new PlayedReceiver();
});

afterEach(async () => {
  delete process.env[variable];
  await rig.stop();
  await receiver.stop();
});

/** Without a secret where `key` is empty. */
async function start(lines: readonly string[] = [], key = secret): Promise<void> {
  const config = join(rig.stateFolder, "wildfire.toml");
  await Bun.write(config, ["[webhooks]", `url = ["${receiver.url}"]`, ...lines, ""].join("\n"));
  process.env[variable] = key;
  await rig.start({ config });
}

const about = { key: "k1", callId: "7", line: "200@pbx", direction: "incoming" };

/** One call as the telephone and the brain tell it. */
async function playCall(): Promise<void> {
  const sip = rig.play("sip");
  const llama = rig.play("llama");
  sip.stream.publish({ kind: "ringing", ...about, callId: "", remote: "sip:+4930123@pbx" });
  sip.stream.publish({ kind: "established", ...about, remote: "sip:+4930123@pbx", codec: "PCMA" });
  await until(() => rig.status["activeCalls"] === 1, "the call is up");
  const call = { key: "l9", callId: "7" };
  llama.stream.publish({ kind: "began", ...call });
  llama.stream.publish({ kind: "transcript", ...call, text: "my secret words" });
  llama.stream.publish({ kind: "asked", ...call, turn: 1, messages: 2 });
  llama.stream.publish({ kind: "clause", ...call, turn: 1, text: "I see." });
  llama.stream.publish({ kind: "answered", ...call, turn: 1, outcome: "complete" });
  llama.stream.publish({ kind: "turn", ...call, turn: 1, totalMs: 450 });
  llama.stream.publish({ kind: "heard", ...call, turn: 1, characters: 6, isAll: true });
  await until(() => receiver.received.some(({ type }) => type === "turn"), "the turn is told");
  sip.stream.publish({ kind: "ended", ...about, by: "caller", reason: "BYE", durationMs: 900 });
  await until(() => receiver.received.some(({ type }) => type === "call.ended"), "the end is told");
}

test("a call of the services is told with its turns under one name, without what was said", async () => {
  await start();
  await playCall();
  const { received } = receiver;
  expect(received.map(({ type }) => type)).toEqual(["call.started", "turn", "call.ended"]);
  expect(new Set(received.map(({ data }) => data["call"])).size).toBe(1);
  expect(received.every(({ isSigned }) => isSigned)).toBe(true);
  expect(received[0]?.data["remote"]).toBe("+4930123");
  expect(received[1]?.data).toMatchObject({ turn: 1, outcome: "complete", totalMs: 450 });
  expect(received.map(({ body }) => body).join("")).not.toContain("secret words");
  expect(rig.logText).not.toContain(receiver.url);
});

test("words are told where they are asked for, and kinds that are not named are not told", async () => {
  await start(['include = ["words"]', 'kinds = ["turn", "call.ended"]']);
  await playCall();
  expect(receiver.received.map(({ type }) => type)).toEqual(["turn", "call.ended"]);
  expect(receiver.received[0]?.data).toMatchObject({
    question: "my secret words",
    answer: "I see.",
  });
  expect(receiver.received.map(({ body }) => body).join("")).not.toContain("4930123");
});

test("where no telephone tells of a call, its name is that of the history", async () => {
  await start();
  const [whisper, llama] = [rig.play("whisper"), rig.play("llama")];
  whisper.stream.publish({ kind: "began", key: "w1", callId: "7" });
  await until(() => rig.status["activeCalls"] === 1, "the call is up");
  const call = { key: "l9", callId: "7" };
  llama.stream.publish({ kind: "began", ...call });
  llama.stream.publish({ kind: "asked", ...call, turn: 1, messages: 2 });
  llama.stream.publish({ kind: "answered", ...call, turn: 1, outcome: "complete" });
  llama.stream.publish({ kind: "heard", ...call, turn: 1, characters: 0, isAll: true });
  await until(() => receiver.received.length === 1, "the turn is told");
  const name = String(receiver.received[0]?.data["call"]);
  expect(name).toEndWith("/w1");
  const path = `/api/v1/history/${encodeURIComponent(name)}`;
  await until(() => fieldsOf(rig.status["history"])["written"] === 5, "the history has it");
  expect((await rig.get(path)).status).toBe(200);
});

test("what waits for an address is removed when it is taken out, and kept when it is misspelt", async () => {
  const file = join(rig.stateFolder, "web", "webhooks.sqlite");
  receiver.answer = () => new Response(null, { status: 503 });
  await start();
  rig.play("sip").stream.publish({ kind: "ringing", ...about });
  await until(() => fieldsOf(rig.status["webhooks"])["spooled"] === 1, "it waits");
  const config = join(rig.stateFolder, "wildfire.toml");
  for (const [text, isKept] of [
    ['[webhooks]\nurl = ["ftp://pbx/hook"]\n', true],
    ["[webhooks]\nurl = []\n", false],
  ] as const) {
    await rig.halt();
    await Bun.write(config, text);
    await rig.start({ config });
    expect(existsSync(file)).toBe(isKept);
  }
});

test("a service that fails is told, without the last lines of its log", async () => {
  await start();
  const { stream } = rig.play("supervisor");
  const crash = { kind: "crash", service: "whisper", reason: "ended by SIGSEGV", restartInMs: 500 };
  stream.publish({ ...crash, lines: ["+4930123 said hello"] });
  await until(() => receiver.received.length === 1, "the failure is told");
  expect(receiver.received[0]).toMatchObject({
    type: "service.failed",
    data: { service: "whisper" },
  });
  expect(receiver.received[0]?.body).not.toContain("4930123");
});

test("the page lists receivers, a test goes out at once, and what is wrong is said in words", async () => {
  await start();
  const headers = { "x-csrf-token": await rig.csrf() };
  const { receivers } = await rig.json("/api/v1/webhooks");
  const [first] = Array.isArray(receivers) ? receivers.map(fieldsOf) : [];
  const path = `/api/v1/webhooks/${String(first?.["id"])}/test`;
  expect((await rig.post(path)).status).toBe(403);
  const taken: unknown = await (await rig.post(path, headers)).json();
  expect(fieldsOf(taken)["message"]).toContain("took the test");
  expect(receiver.received).toMatchObject([{ type: "test", isSigned: true }]);
  receiver.answer = () => new Response(null, { status: 401 });
  const refused = await rig.post(path, headers);
  expect(refused.status).toBe(502);
  expect(await refused.text()).toContain("compare the secret");
  const page = await (await rig.get("/access")).text();
  expect(page).toContain(receiver.url);
  expect(page).toContain("compare the secret");
  expect((await rig.post("/api/v1/webhooks/99/test", headers)).status).toBe(409);
});

test("without a secret they wait; one that is made on the page is shown once, kept, and counts at once", async () => {
  await start([], "");
  const { stream } = rig.play("supervisor");
  stream.publish({ kind: "crash", service: "llama", reason: "ended with 1" });
  await until(() => fieldsOf(rig.status["webhooks"])["spooled"] === 1, "it waits");
  expect(await (await rig.get("/access")).text()).toContain("webhooks wait until you make one");
  const headers = { "x-csrf-token": await rig.csrf() };
  const made = fieldsOf(await (await rig.post("/api/v1/webhooks/secret", headers)).json());
  expect(made["secret"]).toMatch(/^whsec_[\w+/=]{40,}$/);
  await until(() => receiver.received.length === 1, "it is told");
  expect(await Bun.file(join(rig.stateFolder, "secrets.toml")).text()).toContain(
    String(made["secret"]),
  );
  const { secret: shownAgain } = await rig.json("/api/v1/webhooks");
  expect(shownAgain).toBeUndefined();
  expect(rig.logText).not.toContain(String(made["secret"]));
});

test("who makes a new secret is told that the page starts again for it", async () => {
  await start([], "");
  rig.play("supervisor", { command: async () => ({}) });
  const headers = { "x-csrf-token": await rig.csrf() };
  const made = fieldsOf(await (await rig.post("/api/v1/webhooks/secret", headers)).json());
  expect(String(made["message"])).toEndWith("The page starts again: reload it in a moment.");
});

test("the web service that is started again tells what was missed, and nothing twice", async () => {
  await start();
  const sip = rig.play("sip");
  sip.stream.publish({ kind: "ringing", ...about });
  await until(
    () => fieldsOf(rig.status["webhooks"])["spooled"] === 0 && receiver.received.length === 1,
    "it is told",
  );
  await rig.halt();
  sip.stream.publish({ kind: "ended", ...about, by: "caller" });
  receiver.answer = ok;
  await start();
  await until(() => receiver.received.length === 2, "the end is told");
  await until(() => fieldsOf(rig.status["webhooks"])["spooled"] === 0, "nothing waits");
  expect(receiver.received.map(({ type }) => type)).toEqual(["call.started", "call.ended"]);
  expect(receiver.received[0]?.data["call"]).toBe(receiver.received[1]?.data["call"] ?? "");
});

test.each([
  ["ftp://pbx/hook", "is not spoken here"],
  ["not an address", "no address"],
])("the address %p keeps webhooks off and nothing else from working", async (url, words) => {
  const config = join(rig.stateFolder, "wildfire.toml");
  await Bun.write(config, `[webhooks]\nurl = ["${url}"]\n`);
  await rig.start({ config });
  expect((await rig.get("/")).status).toBe(200);
  expect(rig.logText).toContain("webhooks are off");
  expect(rig.logText).toContain(words);
});
