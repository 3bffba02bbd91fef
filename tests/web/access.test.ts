import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import {
  type Certificate,
  hasOpenssl,
  makeCertificates,
} from "../call/sip/transport/certificates.ts";
import { cheapHash, password, WebRig } from "./web-rig.ts";
import { playSupervisor, restart } from "./access-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
});

afterEach(async () => {
  await rig.stop();
});

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
    const asked = playSupervisor(rig);
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
    const asked = playSupervisor(rig);
    await rig.start();
    await rig.get("/api/v1/services");
    const response = await rig.post(restart, { "x-csrf-token": await rig.csrf(), ...headers });
    expect(response.status).toBe(403);
    expect(asked).toEqual([]);
  });

  test("a change from a page of ours is taken", async () => {
    playSupervisor(rig);
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
      expect(describeError(error)).not.toContain(`"${hash.slice(0, 4)}"`);
      expect(describeError(error)).not.toContain(hash);
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

test("files for https that are named by empty texts are none", async () => {
  await rig.start({ "tls-cert": "", "tls-key": "" });
  expect(rig.url).toStartWith("http://");
  expect((await rig.get("/")).status).toBe(200);
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
