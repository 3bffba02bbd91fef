import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { until } from "../fakes/until.ts";
import { cheapHash, EventReading, fieldsOf, hashOf, password, WebRig } from "./web-rig.ts";
import { playSupervisor, restart } from "./access-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
});

afterEach(async () => {
  await rig.stop();
});

describe("with a password", () => {
  beforeEach(async () => {
    playSupervisor(rig);
    await rig.start({}, await cheapHash());
  });

  test("every address but the login, the assets and /healthz asks who one is", async () => {
    const admin = await rig.browser(password);
    const document = await rig.json("/api/v1/openapi.json", admin);
    const open: string[] = [];
    for (const [path, methods] of Object.entries(fieldsOf(document["paths"]))) {
      for (const method of Object.keys(fieldsOf(methods))) {
        const address = path.replaceAll(/\{\w+\}/g, "x");
        const response = await fetch(rig.url + address.slice(1), { method: method.toUpperCase() });
        await response.body?.cancel();
        if (response.status !== 401) open.push(`${path} ${response.status}`);
      }
    }
    expect(open).toEqual(["/healthz 200"]);
  });

  test("a page leads to the login and back, an address of the API says 401", async () => {
    const page = await rig.get("/?a=b");
    expect([page.status, page.headers.get("location")]).toEqual([303, "/login?next=%2F%3Fa%3Db"]);
    const api = await rig.get("/api/v1/calls");
    expect([api.status, api.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await api.json()).toMatchObject({ error: "log in first" });
  });

  test("the right password opens a session by a cookie that no script and no other site can use", async () => {
    const response = await rig.logIn(password);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    expect(response.headers.get("set-cookie")).toMatch(
      /^wildfire-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    expect((await rig.get("/", { cookie })).status).toBe(200);
  });

  test("a token that was pasted with blanks around it opens a session", async () => {
    const { secret } = await newToken(await rig.browser(password), "viewer");
    expect((await rig.logIn(` ${secret} `)).status).toBe(303);
  });

  test("each login gets another id", async () => {
    const cookies = [await rig.browser(password), await rig.browser(password)].map(
      ({ cookie }) => cookie,
    );
    expect(new Set(cookies).size).toBe(2);
  });

  test("the wrong password opens nothing, and neither is in the log", async () => {
    const response = await rig.logIn("password-that-is-wrong");
    expect([response.status, response.headers.get("set-cookie")]).toEqual([401, null]);
    await rig.logIn(password);
    expect(rig.logText).toContain('action="log in"');
    expect(rig.logText).not.toContain("password-that-is-wrong");
    expect(rig.logText).not.toContain(password);
  });

  test("the login needs the token of its form and its own origin", async () => {
    const body = new URLSearchParams({ csrf: "guess", password });
    expect((await rig.post("/login", {}, body)).status).toBe(403);
    const page = await (await rig.get("/login")).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
    const good = new URLSearchParams({ csrf, password });
    expect((await rig.post("/login", { origin: "https://evil.example" }, good)).status).toBe(403);
    expect((await rig.post("/login", { origin: rig.url.slice(0, -1) }, good)).status).toBe(303);
  });

  test.each(["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])(
    "the login leads to no other host: %s",
    async (next) => {
      expect((await rig.logIn(password, { next })).headers.get("location")).toBe("/");
    },
  );

  test("after some failures one has to wait, also with the right password", async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 6; tries += 1)
      statuses.push((await rig.logIn(`wrong ${tries}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    const response = await rig.logIn(password);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "2"]);
  });

  test("the CSRF token of one session is none of another", async () => {
    const [one, other] = [await rig.browser(password), await rig.browser(password)];
    await rig.get("/api/v1/services", one);
    expect(
      (await rig.post(restart, { ...one, "x-csrf-token": other["x-csrf-token"] })).status,
    ).toBe(403);
    expect((await rig.post(restart, one)).status).toBe(202);
  });

  test("logging out ends the session, and needs its token", async () => {
    const browser = await rig.browser(password);
    const { cookie } = browser;
    const bad = await rig.post("/logout", { cookie }, new URLSearchParams({ csrf: "guess" }));
    expect(bad.status).toBe(403);
    const form = new URLSearchParams({ csrf: browser["x-csrf-token"] });
    const good = await rig.post("/logout", { cookie }, form);
    expect([good.status, good.headers.get("location")]).toEqual([303, "/login"]);
    expect((await rig.get("/api/v1/session", { cookie })).status).toBe(401);
  });

  test("roles: a viewer reads, an operator steers, an admin makes tokens", async () => {
    const admin = await rig.browser(password);
    const [viewer, operator] = [await newToken(admin, "viewer"), await newToken(admin, "operator")];
    await rig.get("/api/v1/services", viewer.headers);
    expect((await rig.post(restart, viewer.headers)).status).toBe(403);
    expect((await rig.post(restart, operator.headers)).status).toBe(202);
    expect((await rig.get("/api/v1/tokens", operator.headers)).status).toBe(403);
    expect((await rig.get("/api/v1/tokens", admin)).status).toBe(200);
  });

  test("whoever only looks gets no buttons", async () => {
    const admin = await rig.browser(password);
    await rig.get("/api/v1/services", admin);
    const { secret } = await newToken(admin, "viewer");
    const viewer = await rig.browser(secret);
    expect(await (await rig.get("/", admin)).text()).toContain("data-steer");
    expect(await (await rig.get("/", viewer)).text()).not.toContain("data-steer");
    expect((await rig.post(restart, viewer)).status).toBe(403);
  });

  test("a token that is deleted opens nothing any more, and ends the sessions that it opened", async () => {
    const admin = await rig.browser(password);
    const { id, secret, headers } = await newToken(admin, "operator");
    const session = await rig.browser(secret);
    expect((await rig.get("/api/v1/calls", headers)).status).toBe(200);
    const gone = await fetch(`${rig.url}api/v1/tokens/${id}`, { method: "DELETE", headers: admin });
    expect(gone.status).toBe(200);
    expect((await rig.get("/api/v1/calls", headers)).status).toBe(401);
    expect((await rig.get("/api/v1/calls", { cookie: session.cookie })).status).toBe(401);
  });

  test("whoever is logged out reads on no stream, and the others do", async () => {
    const admin = await rig.browser(password);
    const { id, headers } = await newToken(admin, "viewer");
    const [mine, theirs] = [
      await EventReading.open(`${rig.url}api/v1/events`, headers),
      await EventReading.open(`${rig.url}live/now`, { cookie: admin.cookie }),
    ];
    await until(() => rig.status["eventStreams"] === 2, "two streams");
    await fetch(`${rig.url}api/v1/tokens/${id}`, { method: "DELETE", headers: admin });
    await until(() => rig.status["eventStreams"] === 1, "the end of one");
    await rig.post("/logout", admin, new URLSearchParams({ csrf: admin["x-csrf-token"] }));
    await until(() => rig.status["eventStreams"] === 0, "the end of the other");
    for (const reading of [mine, theirs]) reading.close();
  });

  test("the file of the tokens is private and holds no secret", async () => {
    const admin = await rig.browser(password);
    const { secret } = await newToken(admin, "viewer");
    const file = Bun.file(join(rig.stateFolder, "web", "tokens.json"));
    expect((await file.stat()).mode & 0o777).toBe(0o600);
    expect(await file.text()).not.toContain(secret.slice(3));
    expect(rig.logText).not.toContain(secret.slice(3));
  });

  test("a token that nobody made opens nothing, however it looks", async () => {
    for (const text of ["wf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "x".repeat(5000)]) {
      const { status } = await rig.get("/api/v1/calls", { authorization: `Bearer ${text}` });
      expect(status).toBe(401);
    }
  });

  test("the audit log says who did what, also when it was refused", async () => {
    const admin = await rig.browser(password);
    const { headers } = await newToken(admin, "viewer");
    await rig.get("/api/v1/services", headers);
    await rig.post(restart, headers);
    await rig.post(restart, admin);
    const audit = rig.records
      .filter(({ message }) => message === "audit")
      .map(({ fields }) => fields);
    const facts = { action: "service restart", target: "whisper", from: "127.0.0.1" };
    expect(audit).toContainEqual({
      ...facts,
      who: "test",
      role: "viewer",
      by: "token",
      status: 403,
    });
    expect(audit).toContainEqual({
      ...facts,
      who: "password",
      role: "admin",
      by: "session",
      status: 202,
    });
  });
});

test("a password is compared as it was typed, with its blanks", async () => {
  const typed = " with blanks around ";
  await rig.start({}, await hashOf(typed));
  expect((await rig.logIn(typed.trim())).status).toBe(401);
  expect((await rig.logIn(typed)).status).toBe(303);
});

interface MadeToken {
  readonly id: string;
  readonly secret: string;
  readonly headers: { readonly authorization: string };
}

async function newToken(admin: Readonly<Record<string, string>>, role: string): Promise<MadeToken> {
  const response = await rig.post(
    "/api/v1/tokens",
    { ...admin, "content-type": "application/json" },
    JSON.stringify({ name: "test", role }),
  );
  expect(response.status).toBe(201);
  const { id, secret } = fieldsOf(await response.json());
  return {
    id: String(id),
    secret: String(secret),
    headers: { authorization: `Bearer ${String(secret)}` },
  };
}
