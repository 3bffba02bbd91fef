/** Who may call from a browser: the request for it over raw HTTP, as any page could make it. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { ScriptedBrowser } from "../services/browser-call-rig.ts";
import { cheapHash, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
});

afterEach(async () => {
  await rig.stop();
});

type Headers = Readonly<Record<string, string>>;

const path = "/api/v1/talk";
const upgrade = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** The status of the answer, 101 when a call begins. */
async function ask(headers: Headers): Promise<number> {
  const { hostname, port, host } = new URL(rig.url);
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}`);
  const answered = Promise.withResolvers<string>();
  const socket = connect(Number(port), hostname, () =>
    socket.write([`GET ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n")),
  );
  socket.once("data", (bytes) => answered.resolve(bytes.toString("latin1")));
  socket.once("error", (error) => answered.reject(error));
  const answer = await answered.promise;
  socket.destroy();
  return Number(answer.split(" ")[1]);
}

function ownOrigin(): string {
  return new URL(rig.url).origin;
}

/** What is under that address once this is in it. */
async function eventually(address: string, words: string): Promise<string> {
  for (let tries = 0; tries < 500; tries += 1) {
    const text = await (await rig.get(address)).text();
    if (text.includes(words)) return text;
    await Bun.sleep(10);
  }
  throw new Error(`${address} never said ${words}`);
}

test("without a password whoever sits at this machine may call, from our own page only", async () => {
  await rig.start();
  expect(await ask({ ...upgrade, origin: ownOrigin() })).toBe(101);
  expect(await ask({ ...upgrade, origin: "http://evil.example" })).toBe(403);
  expect(await ask({ ...upgrade, origin: "null" })).toBe(403);
  expect(await ask(upgrade)).toBe(403);
  expect(await ask({ origin: ownOrigin() })).toBe(426);
  expect(await ask({ ...upgrade, origin: ownOrigin(), host: "evil.example" })).toBe(421);
});

test("a login is needed, and the role operator; a token needs no page", async () => {
  await rig.start({}, await cheapHash());
  expect(await ask({ ...upgrade, origin: ownOrigin() })).toBe(401);
  const admin = await rig.browser(password);
  expect(await ask({ ...upgrade, origin: ownOrigin(), cookie: admin.cookie })).toBe(101);
  expect(await ask({ ...upgrade, origin: "http://evil.example", cookie: admin.cookie })).toBe(403);
  for (const [role, status] of [
    ["viewer", 403],
    ["operator", 101],
  ] as const) {
    const json = { ...admin, "content-type": "application/json" };
    const made = await rig.post("/api/v1/tokens", json, JSON.stringify({ name: role, role }));
    const { secret } = fieldsOf(await made.json());
    expect(await ask({ ...upgrade, authorization: `Bearer ${String(secret)}` })).toBe(status);
  }
});

test("the page, its script and what that imports are served, all from this server", async () => {
  await rig.start();
  const page = await (await rig.get("/talk")).text();
  const [script = ""] = /\/assets\/\w+\/talk\.js/.exec(page) ?? [];
  const folder = script.replace("talk.js", "");
  const seen = new Set<string>();
  const load = async (name: string): Promise<void> => {
    if (seen.has(name)) return;
    seen.add(name);
    const response = await rig.get(folder + name);
    expect({ name, status: response.status }).toEqual({ name, status: 200 });
    expect(response.headers.get("content-type")).toStartWith("text/javascript");
    const text = await response.text();
    for (const [, file = ""] of text.matchAll(/(?:from\s*|import\s*)"\.\/([^"]+)"/g)) {
      await load(file);
    }
    expect(text).not.toMatch(/from\s*"[^"]*\.ts"/);
  };
  await load("talk.js");
  await load("talk-worklet.js");
  expect([...seen]).toContain("resample.js");
  expect([...seen]).toContain("turn-bar.js");
});

test("a call is up on the page Now under the name of the login, and its end ends it there", async () => {
  await rig.start({ "whisper-port": 9 });
  rig.serveSelf();
  using browser = new ScriptedBrowser(rig.url.replace("http", "ws") + path.slice(1), {
    origin: ownOrigin(),
  });
  await browser.event("answered");
  expect(await eventually("/api/v1/calls", "browser (local)")).toContain('"line":"browser"');
  browser.hangUp();
  await browser.closed();
  await eventually("/api/v1/calls", "by peer: hung up");
  expect(rig.status).toMatchObject({ current: [], browserCalls: { calls: 1, open: 0 } });
  expect(await (await rig.get("/metrics")).text()).toContain(
    'wildfire_calls_ended_total{by="peer"} 1',
  );
});
