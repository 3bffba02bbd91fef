import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import {
  type Certificate,
  hasOpenssl,
  makeCertificates,
} from "../call/sip/transport/certificates.ts";
import { until } from "../fakes/until.ts";
import { cheapHash, EventReading, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
});

afterEach(async () => {
  await rig.stop();
});

const restart = "/api/v1/services/whisper/restart";

/** A supervisor that has whisper. */
function playSupervisor(): string[] {
  const asked: string[] = [];
  rig.play("supervisor", {
    describe: () => ({ services: [{ name: "whisper", state: "ready", health: "good", pid: 7 }] }),
    async command(name, fields) {
      asked.push(`${name} ${String(fields["service"])}`);
      return { name: fields["service"], state: "stopping" };
    },
  });
  return asked;
}

describe("on loopback without a password", () => {
  test.each(["localhost", "localhost:8081", "127.0.0.1:9000", "[::1]:8081"])(
    "the host %s is served",
    async (host) => {
      await rig.start();
      expect((await rig.get("/", { host })).status).toBe(200);
    },
  );

  test.each(["evil.example", "127.0.0.1.evil.example:8081", "localhost.evil", "10.0.0.1", ""])(
    "the host %p is refused, so that no name of a stranger makes their page one of ours",
    async (host) => {
      await rig.start();
      expect(await statusWithHost(rig.url, host)).toMatch(/^HTTP\/1\.1 4(00|21) /);
    },
  );

  test("everybody on this machine is admin", async () => {
    await rig.start();
    expect(await rig.json("/api/v1/session")).toMatchObject({ name: "local", role: "admin" });
  });

  test("a change needs the CSRF token", async () => {
    const asked = playSupervisor();
    await rig.start();
    await rig.get("/api/v1/services");
    expect((await rig.post(restart)).status).toBe(403);
    expect((await rig.post(restart, { "x-csrf-token": "guess" })).status).toBe(403);
    expect(asked).toEqual([]);
    expect((await rig.post(restart, { "x-csrf-token": await rig.csrf() })).status).toBe(202);
    expect(asked).toEqual(["restart whisper"]);
  });

  test.each([
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:1" },
    { origin: "chrome-extension://abc" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("a change that says %p is refused even with the CSRF token", async (headers) => {
    const asked = playSupervisor();
    await rig.start();
    await rig.get("/api/v1/services");
    const response = await rig.post(restart, { "x-csrf-token": await rig.csrf(), ...headers });
    expect(response.status).toBe(403);
    expect(asked).toEqual([]);
  });

  test("a change from a page of ours is taken", async () => {
    playSupervisor();
    await rig.start();
    await rig.get("/api/v1/services");
    const origin = rig.url.slice(0, -1);
    const response = await rig.post(restart, { "x-csrf-token": await rig.csrf(), origin });
    expect(response.status).toBe(202);
  });

  test("the login leads to the first page", async () => {
    await rig.start();
    expect((await rig.get("/login")).headers.get("location")).toBe("/");
  });
});

describe("with a password", () => {
  beforeEach(async () => {
    playSupervisor();
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

describe("elsewhere than on loopback", () => {
  test("it does not start without a password, and says what to do", async () => {
    const error = await rig.start({ bind: "0.0.0.0" }).catch((reason: unknown) => reason);
    expect(describeError(error)).toContain('--bind "0.0.0.0" shows the page to others');
    expect(describeError(error)).toContain("set a password with `wildfire setup`");
  });

  test.each([
    "secret",
    "$2b$10$abcdefghijklmnopqrstuv",
    "$argon2id$v=19$m=99999999,t=1,p=1$aaaa$bbbb",
  ])(
    "it does not start with %s in place of an argon2id hash, and does not show it",
    async (hash) => {
      const error = await rig.start({ bind: "0.0.0.0" }, hash).catch((reason: unknown) => reason);
      expect(String(error)).toContain("holds no argon2id hash");
      expect(String(error)).not.toContain(hash);
    },
  );

  test("with one it starts, warns where there is no TLS, and serves any name", async () => {
    await rig.start({ bind: "0.0.0.0" }, await cheapHash());
    expect(rig.logText).toContain("served without TLS");
    expect(await statusWithHost(rig.url.replace("0.0.0.0", "127.0.0.1"), "pbx.example")).toContain(
      "303",
    );
  });
});

describe.skipIf(!hasOpenssl)("by TLS", () => {
  test("the page is served, and the cookie goes by TLS only", async () => {
    const { good } = makeCertificates();
    const [cert, key] = [join(rig.stateFolder, "cert.pem"), join(rig.stateFolder, "key.pem")];
    await Promise.all([Bun.write(cert, good.cert), Bun.write(key, good.key)]);
    await rig.start({ "tls-cert": cert, "tls-key": key }, await cheapHash());
    expect(rig.url).toStartWith("https://");
    const tls = { rejectUnauthorized: false };
    const page = await (await fetch(`${rig.url}login`, { tls })).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
    const body = new URLSearchParams({ csrf, password });
    const response = await fetch(`${rig.url}login`, {
      method: "POST",
      body,
      tls,
      redirect: "manual",
    });
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-wildfire-session=.*; Secure$/);
  });

  test.each([
    ["no key", (good: Certificate) => ({ "tls-cert": good.cert }), "--tls-key is missing"],
    [
      "no PEM",
      (good: Certificate) => ({ "tls-cert": "hello", "tls-key": good.key }),
      "holds no PEM text",
    ],
    [
      "another key",
      ({ cert }: Certificate, other: Certificate) => ({ "tls-cert": cert, "tls-key": other.key }),
      "cannot be used",
    ],
  ])("with %s it does not start, and says why", async (_name, given, message) => {
    const { good, other } = makeCertificates();
    const values: Record<string, string> = {};
    for (const [option, text] of Object.entries(given(good, other))) {
      values[option] = join(rig.stateFolder, `${option}.pem`);
      await Bun.write(values[option] ?? "", text);
    }
    const error = await rig.start(values).catch((reason: unknown) => reason);
    expect(describeError(error)).toContain(message);
  });
});

test("every answer carries the security headers, and only assets may be kept", async () => {
  await rig.start();
  const page = await (await rig.get("/")).text();
  const asset = /href="(\/assets\/[^"]+\.css)"/.exec(page)?.[1] ?? "";
  for (const path of ["/", "/nothing", "/api/v1/calls", "/healthz", asset]) {
    const { headers } = await rig.get(path);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("same-origin");
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("cache-control")).toContain(path === asset ? "immutable" : "no-store");
  }
});

test("pages need nothing from elsewhere and nothing inline", async () => {
  await rig.start();
  const page = await (await rig.get("/")).text();
  expect(page).not.toMatch(/https?:\/\//);
  expect(page).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/i);
  const links = [...page.matchAll(/(?:src|href)="(\/[^"#]*)"/g)].map(([, link]) => link ?? "");
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect((await rig.get(link)).status).toBe(200);
});

test("the scripts find what they import", async () => {
  await rig.start();
  const page = await (await rig.get("/")).text();
  const script = /src="(\/assets\/[^"]+\/)page\.js"/.exec(page)?.[1] ?? "";
  const seen = new Set<string>();
  const todo = ["page.js"];
  for (const name of todo) {
    const response = await rig.get(script + name);
    expect([name, response.status, response.headers.get("content-type")]).toEqual([
      name,
      200,
      "text/javascript; charset=utf-8",
    ]);
    for (const [, next = ""] of (await response.text()).matchAll(/from\s*"\.\/([^"]+)"/g)) {
      if (!seen.has(next)) todo.push(next);
      seen.add(next);
    }
  }
  expect([...seen].toSorted()).toEqual(["fields.js", "morph.js", "steer.js"]);
});

/** With exactly that Host header. */
function statusWithHost(url: string, host: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    socket.once("data", (data) => {
      resolve(String(data).split("\r\n")[0] ?? "");
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

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
