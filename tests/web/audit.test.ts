import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditTrail, type Deed } from "../../src/web/audit-trail.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { cheapHash, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

const deed: Deed = {
  action: "service restart",
  target: "whisper",
  who: "password",
  role: "admin",
  by: "session",
  address: "10.0.0.9",
  status: 202,
};

describe("the trail", () => {
  let folder: string;
  let clock: FakeClock;
  let trail: AuditTrail;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "wildfire-audit-"));
    clock = new FakeClock();
    trail = open();
  });

  afterEach(() => {
    trail.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(path = join(folder, "web", "audit.sqlite")): AuditTrail {
    return new AuditTrail({ path, clock, log: createMemoryLog(clock).log });
  }

  test("has the latest first, also after a restart, and nobody else may read its file", () => {
    trail.add(deed);
    clock.advance(1000);
    trail.add({ ...deed, who: "till", action: "call end" });
    trail.close();
    trail = open();
    expect(trail.list({ limit: 10 }).map(({ who }) => who)).toEqual(["till", "password"]);
    expect(trail.list({ limit: 10 })[1]).toMatchObject({ ...deed, times: 1 });
    expect(statSync(join(folder, "web", "audit.sqlite")).mode & 0o777).toBe(0o600);
  });

  test("is filtered by who and what, and read on from an entry", () => {
    for (let count = 0; count < 5; count += 1) {
      trail.add(deed);
      trail.add({ ...deed, who: "till", action: "call end" });
    }
    expect(trail.list({ who: "till", limit: 10 })).toHaveLength(5);
    expect(trail.list({ action: "service restart", limit: 10 })).toHaveLength(5);
    expect(trail.list({ who: "till", action: "service restart", limit: 10 })).toEqual([]);
    const [first] = trail.list({ limit: 1 });
    expect(trail.list({ before: first?.id, limit: 20 })).toHaveLength(9);
    expect(trail.names("who")).toEqual(["password", "till"]);
  });

  test("counts the same refused try of a minute in one entry, and each deed in one of its own", () => {
    const refused = { ...deed, action: "log in", who: "nobody", status: 401 };
    for (let tries = 0; tries < 100; tries += 1) trail.add(refused);
    trail.add({ ...refused, address: "10.0.0.10" });
    trail.add(deed);
    trail.add(deed);
    expect(trail.list({ limit: 10 }).map(({ times }) => times)).toEqual([1, 1, 1, 100]);
    clock.advance(61_000);
    trail.add(refused);
    expect(trail.list({ limit: 10 })).toHaveLength(5);
  });

  test("is bounded, and refused tries wash no deed out", () => {
    trail.add(deed);
    for (let tries = 0; tries < 6000; tries += 1) {
      trail.add({
        ...deed,
        action: "log in",
        status: 401,
        address: `10.1.${tries >> 8}.${tries & 255}`,
      });
    }
    expect(trail.list({ limit: 10_000 }).length).toBeLessThanOrEqual(5052);
    expect(trail.list({ action: "service restart", limit: 1 })).toHaveLength(1);
  });

  test("what any viewer may do has a share of its own, and counts again within a minute", () => {
    const heard = { ...deed, action: "history audio", status: 206, isForViewers: true };
    trail.add(deed);
    for (let times = 0; times < 100; times += 1) trail.add(heard);
    expect(trail.list({ limit: 10 }).map(({ times }) => times)).toEqual([100, 1]);
    for (let call = 0; call < 6000; call += 1) trail.add({ ...heard, target: String(call) });
    expect(trail.list({ limit: 10_000 }).length).toBeLessThanOrEqual(5052);
    expect(trail.list({ action: "service restart", limit: 1 })).toHaveLength(1);
  });

  test("that cannot be written keeps nothing from working", () => {
    const broken = open("/proc/nowhere/audit.sqlite");
    broken.add(deed);
    expect(broken.isKept).toBe(false);
    expect(broken.list({ limit: 1 })).toEqual([]);
    broken.close();
  });
});

describe("the page", () => {
  let rig: WebRig;

  beforeEach(() => {
    rig = new WebRig();
  });

  afterEach(async () => {
    await rig.stop();
  });

  test("shows who did what from where, also what was refused, and no secret", async () => {
    await rig.start({}, await cheapHash());
    await rig.logIn("a wrong guess");
    const admin = await rig.browser(password);
    const body = JSON.stringify({ name: "till", role: "viewer" });
    const headers = { ...admin, "content-type": "application/json" };
    const made = fieldsOf(await (await rig.post("/api/v1/tokens", headers, body)).json());
    const { entries } = await rig.json("/api/v1/audit?action=token%20create", admin);
    expect(entries).toMatchObject([{ who: "password", role: "admin", by: "session", status: 201 }]);
    const logins = await rig.json("/api/v1/audit?action=log%20in", admin);
    expect(logins["entries"]).toMatchObject([
      { who: "password", role: "admin", status: 303 },
      { who: "nobody", status: 401 },
    ]);
    const page = await (await rig.get("/access", admin)).text();
    expect(page).toContain("refused (401)");
    expect(page).toContain("127.0.0.1");
    expect(page).not.toContain("a wrong guess");
    expect(page).not.toContain(String(made["secret"]));
    const filtered = await (await rig.get("/access?who=nobody", admin)).text();
    expect(filtered).toContain("refused (401)");
    expect(filtered).not.toContain("<td>token create");
    expect((await rig.get("/api/v1/audit?limit=x", admin)).status).toBe(400);
  });

  test("has nothing of strangers who did nothing, and one entry for each who logs in again and again", async () => {
    await rig.start({}, await cheapHash());
    for (let times = 0; times < 3; times += 1) {
      expect((await rig.post("/logout")).status).toBe(303);
      expect((await rig.logIn(password)).status).toBe(303);
    }
    const { entries } = await rig.json("/api/v1/audit", await rig.browser(password));
    expect(entries).toMatchObject([{ action: "log in", who: "password", status: 303, times: 4 }]);
    expect(rig.logText).not.toContain("log out");
  });

  test("names the secrets of a long change first, and says that the rest is cut", async () => {
    const config = join(rig.stateFolder, "wildfire.toml");
    await Bun.write(config, "");
    await rig.start({ config });
    const headers = { "x-csrf-token": await rig.csrf(), "content-type": "application/json" };
    const changes = Array.from({ length: 90 }, (_, count) => ({
      section: "llama",
      key: `there-is-no-${count}`,
      value: "x",
    }));
    const secrets = [{ name: "llama-key", value: null }];
    await rig.post("/api/v1/settings", headers, JSON.stringify({ changes, secrets }));
    const { entries } = await rig.json("/api/v1/audit");
    const [target = ""] = Array.isArray(entries)
      ? entries.map((entry) => String(fieldsOf(entry)["target"]))
      : [];
    expect(target).toStartWith("secret.llama-key llama.there-is-no-0 llama.there-is-no-1 ");
    expect([target.length, target.at(-1)]).toEqual([1000, "…"]);
  });
});
