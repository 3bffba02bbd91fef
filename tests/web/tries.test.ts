import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { decodeWav } from "../../src/audio/wav.ts";
import { RequestError } from "../../src/web/answers.ts";
import { TryGate } from "../../src/web/try-gate.ts";
import { refuses, says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { scripts, ScriptedSpeechServer } from "../fakes/scripted-speech-server.ts";
import { until } from "../fakes/until.ts";
import { SmallRegistrar } from "../tries/small-registrar.ts";
import { cheapHash, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(30_000);

const chatKey = "sk-chat-secret";
const speechKey = "sk-speech-secret";
const linePassword = "line-secret";

let rig: WebRig;
let chat: ScriptedChatServer;
let speech: ScriptedSpeechServer;

beforeEach(() => {
  rig = new WebRig();
  chat = new ScriptedChatServer();
  speech = new ScriptedSpeechServer();
});

afterEach(async () => {
  await rig.stop();
  chat.stop();
  await speech.stop();
});

/** The web service with this configuration and all secrets. */
async function start(toml: string, hash?: string): Promise<void> {
  const config = join(rig.stateFolder, "wildfire.toml");
  const secrets = join(rig.stateFolder, "secrets.toml");
  await Bun.write(config, toml);
  const lines = `llama-key = "${chatKey}"\nspeech-key = "${speechKey}"\nline.200 = "${linePassword}"\n`;
  await Bun.write(secrets, lines);
  chmodSync(secrets, 0o600);
  await rig.start({ config }, hash);
}

type Headers = Readonly<Record<string, string>>;

async function ask(path: string, body: object, headers?: Headers): Promise<Response> {
  const own = headers ?? { "x-csrf-token": await rig.csrf() };
  const all = { ...own, "content-type": "application/json" };
  return await rig.post(`/api/v1/tries/${path}`, all, JSON.stringify(body));
}

/** An operator's token: no administrator. */
async function operator(): Promise<Headers> {
  const browser = await rig.browser(password);
  const wanted = JSON.stringify({ name: "desk", role: "operator" });
  const headers = { ...browser, "content-type": "application/json" };
  const made = fieldsOf(await (await rig.post("/api/v1/tokens", headers, wanted)).json());
  return { authorization: `Bearer ${String(made["secret"])}` };
}

interface Told {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function eventsOf(text: string): readonly Told[] {
  return text
    .trim()
    .split("\n\n")
    .map((block) => {
      const [, name = "", data = ""] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      return { name, data: fieldsOf(JSON.parse(data)) };
    });
}

const openai = (): string => `[llama]\nbackend = "openai"\nurl = "${chat.url}"\nmodel = "small"\n`;
const server = (): string => `[kokoro]\nengine = "openai-speech"\nurl = "${speech.url}"\n`;

describe("the chat server", () => {
  test("answers while one looks on, with the clauses that would be spoken", async () => {
    chat.script(says(["We are open **from** 9", " to 5. ", "Anything else?"]));
    await start(openai());
    const response = await ask("chat", { prompt: "When are you open?" });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const text = await response.text();
    const told = eventsOf(text);
    const all = (name: string) =>
      told.filter((one) => one.name === name).map(({ data }) => data["text"]);
    expect(all("text").join("")).toBe("We are open **from** 9 to 5. Anything else?");
    expect(all("clause").join(" ")).toBe("We are open from nine to five. Anything else?");
    expect(told.at(-1)).toMatchObject({
      name: "result",
      data: { level: "ok", verdict: "answered" },
    });
    expect(chat.answers[0]?.headers.get("authorization")).toBe(`Bearer ${chatKey}`);
    expect(chat.answers[0]?.contents("system")[0]).toContain("You answer the telephone");
    expect(text).not.toContain(chatKey);
  });

  test("the configured key goes to no other address", async () => {
    using other = new ScriptedChatServer();
    other.script(says(["Yes."]));
    await start(openai());
    await (await ask("chat", { prompt: "Hi", url: other.url })).text();
    expect(other.answers[0]?.headers.has("authorization")).toBeFalse();
    await (await ask("chat", { prompt: "Hi", url: other.url, key: "another" })).text();
    expect(other.answers[1]?.headers.get("authorization")).toBe("Bearer another");
  });

  test("a browser that goes away ends the work", async () => {
    chat.script((answer) => {
      answer.head();
      answer.delta({ content: "Once upon a time" });
    });
    await start(openai());
    const leaving = new AbortController();
    const response = await fetch(`${rig.url}api/v1/tries/chat`, {
      method: "POST",
      headers: { "x-csrf-token": await rig.csrf(), "content-type": "application/json" },
      body: JSON.stringify({ prompt: "A story" }),
      signal: leaving.signal,
    });
    await response.body?.getReader().read();
    expect(chat.openConnections).toBe(1);
    leaving.abort();
    await until(() => chat.openConnections === 0, "the end of the question");
  });

  test("what the server refuses is a result, and no error of this page", async () => {
    chat.script(refuses(401, { error: { message: `bad key ${chatKey}` } }));
    await start(openai());
    const text = await (await ask("chat", { prompt: "Hi" })).text();
    expect(eventsOf(text)).toMatchObject([{ name: "result", data: { verdict: "wrong-key" } }]);
    expect(text).not.toContain(chatKey);
  });
});

describe("the voice", () => {
  test("is heard as a WAV file, with its figures beside it", async () => {
    await start(server());
    const response = await ask("voice", { text: "Good morning.", voice: "af_bella" });
    expect(response.headers.get("content-type")).toBe("audio/wav");
    const figures = decodeURIComponent(response.headers.get("x-wildfire-trial") ?? "");
    expect(JSON.parse(figures)).toMatchObject({ level: "ok", verdict: "spoken" });
    expect(decodeWav(await response.bytes(), "answer").sampleRateHz).toBe(24_000);
    expect(speech.orders[0]).toMatchObject({ voice: "af_bella", input: "Good morning." });
    expect(speech.authorizations[0]).toBe(`Bearer ${speechKey}`);
  });

  test("that fails says why as JSON, without the key", async () => {
    speech.script = () => Response.json({ detail: `no voice ${speechKey}` }, { status: 400 });
    await start(server());
    const response = await ask("voice", { text: "Good morning." });
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ level: "fault", verdict: "failed" });
    expect(text).not.toContain(speechKey);
  });

  test("of the built-in engine needs no server, and is told its own speakers only", async () => {
    await start(`${server()}voice = "af_bella"\n`);
    const response = await ask("voice", { text: "Good morning.", engine: "builtin" });
    expect(response.headers.get("content-type")).toBe("audio/wav");
  });

  test("falls silent when its browser goes away", async () => {
    speech.script = scripts.stalling;
    await start(server());
    const leaving = new AbortController();
    const response = fetch(`${rig.url}api/v1/tries/voice`, {
      method: "POST",
      headers: { "x-csrf-token": await rig.csrf(), "content-type": "application/json" },
      body: JSON.stringify({ text: "Good morning." }),
      signal: leaving.signal,
    });
    await until(() => speech.orders.length > 0, "the request");
    leaving.abort();
    await response.catch(() => undefined);
    await until(() => speech.abandoned > 0, "the end of the request");
  });
});

describe("a line", () => {
  test("is tried with its configured password, which is in no answer", async () => {
    using pbx = await SmallRegistrar.open({ "200": linePassword });
    await start(`[sip]\nline = ["200@${pbx.address}"]\n`);
    const text = await (await ask("line", {})).text();
    expect(JSON.parse(text)).toMatchObject({ level: "ok", verdict: "registered" });
    expect(text).not.toContain(linePassword);
    expect(rig.logText).not.toContain(linePassword);
  });

  test("the configured password goes to no other PBX", async () => {
    using other = await SmallRegistrar.open({ "200": linePassword });
    await start('[sip]\nline = "200@192.0.2.1"\n');
    const trial = await (await ask("line", { line: `200@${other.address}` })).json();
    expect(trial).toMatchObject({ verdict: "no-password" });
    const right = { line: `200@${other.address}`, password: linePassword };
    expect(await (await ask("line", right)).json()).toMatchObject({ verdict: "registered" });
  });

  test("where none is configured one must be given", async () => {
    await start("");
    const response = await ask("line", {});
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: "no line is configured", hint: "give one to try" },
    ]);
  });
});

test("the ears are tried with the demo model", async () => {
  await start("");
  const told = eventsOf(await (await ask("hearing", {})).text());
  expect(told).toMatchObject([
    { name: "result", data: { verdict: "heard", model: "the demo model", audioMs: 3000 } },
  ]);
});

test("servers of this host are listed with the configured one in front, and its models", async () => {
  const list = { data: [{ id: "small" }, { id: "large" }] };
  chat.script(refuses(200, list));
  await start(openai());
  const found = await rig.json("/api/v1/tries/servers");
  expect(found["chat"]).toContainEqual({
    kind: "configured",
    url: chat.url,
    models: ["small", "large"],
  });
  expect(found["speech"]).toBeArray();
  expect(chat.answers[0]?.headers.get("authorization")).toBe(`Bearer ${chatKey}`);
});

describe("who may", () => {
  test.each([
    ["line", { line: "200@192.0.2.9" }],
    ["line", { password: "x" }],
    ["chat", { prompt: "Hi", url: "http://192.0.2.9" }],
    ["chat", { prompt: "Hi", key: "x" }],
    ["voice", { text: "Hi", url: "http://192.0.2.9" }],
    ["voice", { text: "Hi", key: "x" }],
    ["hearing", { model: "/etc/passwd" }],
  ])("only administrators try %s with %j", async (path, body) => {
    await start(`[sip]\nline = "200@127.0.0.1:1"\n${openai()}${server()}`, await cheapHash());
    const response = await ask(path, body, await operator());
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("administrator");
  });

  test("operators try what is configured, also when they say so", async () => {
    chat.script(says(["Yes."]));
    await start(openai(), await cheapHash());
    const headers = await operator();
    const response = await ask("chat", { prompt: "Hi", url: `${chat.url}/v1` }, headers);
    expect(eventsOf(await response.text()).at(-1)?.data["verdict"]).toBe("answered");
    expect(chat.answers[0]?.headers.get("authorization")).toBe(`Bearer ${chatKey}`);
  });
});

test.each([
  ["chat", { prompt: " " }],
  ["chat", { prompt: "x".repeat(5000) }],
  ["voice", { text: "" }],
  ["voice", { text: "x".repeat(1001) }],
])("%s wants a text within bounds: case %#", async (path, body) => {
  await start("");
  expect((await ask(path, body)).status).toBe(400);
});

test("at most one heavy trial runs at a time, and few light ones", () => {
  const gate = new TryGate();
  const leave = gate.enter("heavy");
  expect(() => gate.enter("heavy")).toThrow(RequestError);
  leave();
  leave();
  gate.enter("heavy");
  expect(() => gate.enter("heavy")).toThrow("such a trial is running already");
  for (let index = 0; index < 4; index += 1) gate.enter("light");
  expect(() => gate.enter("light")).toThrow("4 trials are running already");
});

describe("the pages", () => {
  test("show settings and trials, without any secret", async () => {
    await start(`${openai()}${server()}`);
    const brain = await (await rig.get("/brain")).text();
    expect(brain).toContain("Try a prompt");
    expect(brain).toContain(chat.url);
    const voice = await (await rig.get("/voice")).text();
    expect(voice).toContain("Say this");
    expect(voice).toContain(speech.url);
    for (const secret of [chatKey, speechKey, linePassword]) {
      expect(brain + voice).not.toContain(secret);
    }
  });

  test("offer viewers no trials", async () => {
    await start(openai(), await cheapHash());
    const browser = await rig.browser(password);
    const headers = { ...browser, "content-type": "application/json" };
    const wanted = JSON.stringify({ name: "wall", role: "viewer" });
    const made = fieldsOf(await (await rig.post("/api/v1/tokens", headers, wanted)).json());
    const authorization = `Bearer ${String(made["secret"])}`;
    const page = await (await rig.get("/brain", { authorization })).text();
    expect(page).not.toContain("Try a prompt");
    expect(page).not.toContain(chat.url);
    expect((await ask("chat", { prompt: "Hi" }, { authorization })).status).toBe(403);
    expect((await rig.get("/api/v1/tries/servers", { authorization })).status).toBe(403);
  });
});
