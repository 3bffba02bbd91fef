import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import { Access } from "../../src/web/access.ts";
import { ApiTokens } from "../../src/web/api-tokens.ts";
import { makeSelfSigned } from "../../src/web/certificate/self-signed.ts";
import { PasswordCheck } from "../../src/web/password-check.ts";
import { safePath } from "../../src/web/request-origin.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { cheapHash, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
});

afterEach(async () => {
  await rig.stop();
});

const dayMs = 24 * 3600 * 1000;
const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const json = { "content-type": "application/json" };

test("a login ends the session that the browser had before", async () => {
  await rig.start({}, await cheapHash());
  const before = await rig.browser(password);
  const csrf =
    /name="csrf" value="([^"]+)"/.exec(await (await rig.get("/login")).text())?.[1] ?? "";
  const form = new URLSearchParams({ csrf, password });
  const again = await rig.post("/login", { cookie: before.cookie }, form);
  expect(again.status).toBe(303);
  expect(again.headers.get("set-cookie")).not.toContain(before.cookie);
  expect((await rig.get("/api/v1/session", { cookie: before.cookie })).status).toBe(401);
});

test("a cookie of the same name that another port of this host has set shadows nobody's session", async () => {
  await rig.start({}, await cheapHash());
  const { cookie } = await rig.browser(password);
  const both = { cookie: `wildfire-session=planted; ${cookie}` };
  expect((await rig.get("/api/v1/session", both)).status).toBe(200);
  const flood = Array.from({ length: 50 }, () => "wildfire-session=x").join("; ");
  expect((await rig.get("/api/v1/session", { cookie: flood })).status).toBe(401);
});

test.each([
  ["http://evil.example", 403],
  ["null", 403],
])(
  "a web socket that a page of %p asks for is refused, also without a password",
  async (origin, status) => {
    await rig.start();
    const { port } = new URL(rig.url);
    const lines = [
      "GET / HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      `Origin: ${origin}`,
    ];
    expect(await firstLine(Number(port), `${lines.join("\r\n")}\r\n\r\n`)).toContain(` ${status} `);
  },
);

async function firstLine(port: number, request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.on("data", (data) => resolve(data.toString().split("\r\n")[0] ?? ""));
  socket.on("error", reject);
  socket.on("close", () => resolve("closed"));
  socket.write(request);
  const line = await promise;
  socket.destroy();
  return line;
}

test("where the page is served by https, a page of http on the same host is another site", async () => {
  const nowMs = new Date().getTime();
  const pair = makeSelfSigned({
    names: ["127.0.0.1"],
    notBeforeMs: nowMs - dayMs,
    notAfterMs: nowMs + dayMs,
    serial: Uint8Array.of(1),
  });
  const [cert, key] = [join(rig.stateFolder, "c.pem"), join(rig.stateFolder, "k.pem")];
  await Bun.write(cert, pair.cert);
  await Bun.write(key, pair.key);
  await rig.start({ "tls-cert": cert, "tls-key": key });
  const { host } = new URL(rig.url);
  const tls = { ca: pair.cert };
  const session: unknown = await (await fetch(`${rig.url}api/v1/session`, { tls })).json();
  const csrf = String(fieldsOf(session)["csrf"]);
  const make = async (origin: string): Promise<number> => {
    const body = JSON.stringify({ name: "x", role: "viewer" });
    const headers = { ...json, origin, "x-csrf-token": csrf };
    return (await fetch(`${rig.url}api/v1/tokens`, { method: "POST", headers, body, tls })).status;
  };
  expect(await make(`http://${host}`)).toBe(403);
  expect(await make(`https://${host}`)).toBe(201);
});

test.each(["DELETE", "POST", "PUT", "PATCH"])(
  "%s changes nothing without the CSRF token",
  async (method) => {
    await rig.start();
    const csrf = await rig.csrf();
    const body = JSON.stringify({ name: "x", role: "viewer" });
    await rig.post("/api/v1/tokens", { ...json, "x-csrf-token": csrf }, body);
    const { tokens } = await rig.json("/api/v1/tokens");
    const id = Array.isArray(tokens) ? String(fieldsOf(tokens[0])["id"]) : "";
    const response = await fetch(`${rig.url}api/v1/tokens/${id}`, { method });
    expect([403, 405]).toContain(response.status);
    expect((await rig.json("/api/v1/tokens"))["tokens"]).toHaveLength(1);
  },
);

test.each([
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["https://evil.example", "/"],
  ["/\t/evil.example", "/"],
  ["/%0d%0aset-cookie:x", "/%0d%0aset-cookie:x"],
  ["/\r\nset-cookie: x", "/"],
  ["javascript:alert(1)", "/"],
  ["/calls?who=200", "/calls?who=200"],
  [null, "/"],
])("after the login %p leads to %p", (next, expected) => {
  const path = safePath(next);
  expect(path).toBe(expected);
  expect(new URL(path, "http://pbx:8081").host).toBe("pbx:8081");
});

test.each([
  '{"__proto__":{"role":"admin"},"name":"x","role":"viewer"}',
  '{"constructor":1,"name":"x","role":"viewer"}',
])("the body %s makes a viewer and nothing else", async (body) => {
  await rig.start();
  const headers = { ...json, "x-csrf-token": await rig.csrf() };
  const made: unknown = await (await rig.post("/api/v1/tokens", headers, body)).json();
  expect(fieldsOf(made)["role"]).toBe("viewer");
  expect(Object.hasOwn(Object.prototype, "role")).toBe(false);
});

test.each(["a\r\nset-cookie: x", "<script>", "x".repeat(61), "", "\u202Eevil"])(
  "a token cannot be named %p",
  async (name) => {
    await rig.start();
    const headers = { ...json, "x-csrf-token": await rig.csrf() };
    const body = JSON.stringify({ name, role: "viewer" });
    expect((await rig.post("/api/v1/tokens", headers, body)).status).toBe(400);
  },
);

test("headers beyond all measure are refused, and the next request is answered", async () => {
  await rig.start();
  const { port } = new URL(rig.url);
  const huge = `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${"a".repeat(60_000)}\r\n\r\n`;
  expect(await firstLine(Number(port), huge)).toMatch(/ 431 |closed/);
  const both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  const smuggled = `POST /login HTTP/1.1\r\nHost: localhost\r\n${both}GET / HTTP/1.1\r\nHost: x\r\n\r\n`;
  expect(await firstLine(Number(port), smuggled)).toContain(" 400 ");
  expect((await rig.get("/healthz")).status).toBe(200);
});

test("a token that is over opens nothing, and ends the sessions that it opened", async () => {
  const clock = new FakeClock();
  const path = join(rig.stateFolder, "tokens.json");
  const options = { path, clock, randomBytes };
  const tokens = await ApiTokens.open(options);
  const { secret } = await tokens.create({ name: "till", role: "viewer", days: 30 });
  const access = new Access({
    bind: "0.0.0.0",
    isSecure: false,
    password: PasswordCheck.from(await cheapHash()),
    tokens: await ApiTokens.open(options),
    clock,
    randomBytes,
  });
  const bearer = new Headers({ authorization: `Bearer ${secret}` });
  clock.advance(30 * dayMs - 1000);
  expect(access.identify(bearer)).toMatchObject({ name: "till", by: "token" });
  const login = await access.logIn(secret, "10.0.0.9");
  const id = login.kind === "open" ? login.sessionId : "";
  const browser = new Headers({ cookie: `wildfire-session=${id}` });
  expect(access.identify(browser)).toMatchObject({ name: "till", by: "session" });
  expect(access.mayStay(browser)).toBe(true);
  clock.advance(1000);
  expect(access.identify(bearer)).toBeUndefined();
  expect(access.identify(browser)).toBeUndefined();
  expect(access.mayStay(browser)).toBe(false);
  expect((await access.logIn(secret, "10.0.0.9")).kind).toBe("wrong");
});

test.each([0, -1, 4000, Number.NaN])("a token cannot be valid for %p days", async (days) => {
  const clock = new FakeClock();
  const tokens = await ApiTokens.open({
    path: join(rig.stateFolder, "t.json"),
    clock,
    randomBytes,
  });
  const made = tokens.create({ name: "x", role: "viewer", days }).catch(describeError);
  expect(await made).toContain("cannot be valid");
});

describe("who is logged in", () => {
  test("is listed, and ended by an admin and by nobody else", async () => {
    await rig.start({}, await cheapHash());
    const admin = await rig.browser(password);
    const made = await rig.post(
      "/api/v1/tokens",
      { ...admin, ...json },
      JSON.stringify({ name: "till", role: "operator" }),
    );
    const operator = await rig.browser(String(fieldsOf(await made.json())["secret"]));
    const { sessions, own } = await rig.json("/api/v1/sessions", admin);
    const list = Array.isArray(sessions) ? sessions.map(fieldsOf) : [];
    expect(new Set(list.map(({ name, role }) => `${String(name)} ${String(role)}`))).toEqual(
      new Set(["password admin", "till operator"]),
    );
    const till = list.find(({ name }) => name === "till")?.["id"];
    expect(own).not.toBe(till);
    const url = `${rig.url}api/v1/sessions/${String(till)}`;
    const method = "DELETE";
    expect((await fetch(url, { method, headers: operator })).status).toBe(403);
    expect((await fetch(url, { method, headers: admin })).status).toBe(200);
    expect((await rig.get("/api/v1/session", operator)).status).toBe(401);
    expect((await fetch(url, { method, headers: admin })).status).toBe(404);
  });

  test("sees the page Access as admin only, and it is not in the navigation of others", async () => {
    await rig.start({}, await cheapHash());
    const admin = await rig.browser(password);
    const body = JSON.stringify({ name: "<b>till</b>".replaceAll(/[<>/]/g, ""), role: "viewer" });
    const made = await rig.post("/api/v1/tokens", { ...admin, ...json }, body);
    const viewer = await rig.browser(String(fieldsOf(await made.json())["secret"]));
    expect((await rig.get("/access", admin)).status).toBe(200);
    expect((await rig.get("/access", viewer)).status).toBe(403);
    expect(await (await rig.get("/", viewer)).text()).not.toContain('href="/access"');
    for (const path of ["sessions", "tokens", "audit", "webhooks"]) {
      expect((await rig.get(`/api/v1/${path}`, viewer)).status).toBe(403);
    }
  });
});

async function started() {
  const config = join(rig.stateFolder, "wildfire.toml");
  await Bun.write(config, "[web]\nport = 8081\n");
  await rig.start({ config }, await cheapHash());
  return { config, admin: await rig.browser(password), other: await rig.browser(password) };
}

const change = async (
  headers: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, string>>,
): Promise<Response> =>
  await rig.post("/api/v1/password", { ...headers, ...json }, JSON.stringify(fields));

test("the old password opens nothing when it is changed while it is compared", async () => {
  const clock = new FakeClock();
  const tokens = await ApiTokens.open({
    path: join(rig.stateFolder, "t.json"),
    clock,
    randomBytes,
  });
  const [old, next] = [await cheapHash(), await cheapHash()].map((hash) =>
    PasswordCheck.from(hash),
  );
  const options = { bind: "0.0.0.0", isSecure: false, tokens, clock, randomBytes };
  const access = new Access({ ...options, password: old });
  const login = access.logIn(password, "10.0.0.9");
  const asked = access.checkPassword(password, "10.0.0.10");
  if (next !== undefined) access.usePassword(next, new Headers());
  expect(await login).toEqual({ kind: "wrong" });
  expect(await asked).toBe("wrong");
  expect(access.sessions).toBe(0);
});

describe("the password", () => {
  test("changes with the old one only; everybody else is logged out, and the old one opens nothing", async () => {
    const { admin, other } = await started();
    const next = "a much longer horse";
    expect((await change(admin, { new: next })).status).toBe(403);
    expect((await change(admin, { old: "guess", new: next })).status).toBe(403);
    expect((await change(admin, { old: password, new: "short" })).status).toBe(400);
    expect((await rig.get("/api/v1/session", other)).status).toBe(200);
    const done = await change(admin, { old: password, new: next });
    expect(await done.text()).toContain("The password was changed");
    expect((await rig.get("/api/v1/session", admin)).status).toBe(200);
    expect((await rig.get("/api/v1/session", other)).status).toBe(401);
    expect((await rig.logIn(password)).status).toBe(401);
    expect((await rig.logIn(next)).status).toBe(303);
    const secrets = await Bun.file(join(rig.stateFolder, "secrets.toml")).text();
    expect(secrets).toContain("$argon2id$");
    expect(secrets + rig.logText).not.toContain(next);
  });

  test("cannot be guessed faster here than at the login", async () => {
    const { admin } = await started();
    const statuses: number[] = [];
    for (let tries = 0; tries < 8; tries += 1) {
      statuses.push((await change(admin, { old: `guess ${tries}`, new: "long enough" })).status);
    }
    expect(statuses.at(-1)).toBe(429);
  });
});
