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
});
