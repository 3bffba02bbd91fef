import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import {
  type AllServices,
  newServices,
  scriptCall,
  startMs,
  streamsOf,
} from "../history/event-scripts.ts";
import { until } from "../fakes/until.ts";
import { CallsRig } from "./calls-rig.ts";
import { cheapHash, fieldsOf, password } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: CallsRig;

beforeEach(() => {
  rig = new CallsRig();
});

afterEach(async () => {
  await rig.stop();
});

const hourMs = 3_600_000;
const evil = "<img src=x onerror=alert(1)>\"'&";

/** Calls an hour after one another; `more` adds to the last one. */
function fill(calls: number, more: (services: AllServices) => void = () => undefined): void {
  const services = newServices();
  for (let number = 1; number <= calls; number += 1) {
    scriptCall(services, {
      number,
      callId: String(2 * number),
      atMs: startMs + number * hourMs,
      turns: 2,
      question: (turn) => `Where is the parcel ${number} of turn ${turn}?`,
      answer: () => "In Paris. It comes tomorrow.",
    });
  }
  more(services);
  rig.fill(streamsOf(services).flatMap(({ events }) => events));
}

const rowsIn = (page: string): number[] =>
  [...page.matchAll(/href="\/calls\/(\d+)/g)].map(([, id]) => Number(id));

describe("the list", () => {
  test("has the latest call first, and pages that lead there and back without a script", async () => {
    fill(60);
    await rig.start();
    const first = await rig.page("/calls");
    expect(rowsIn(first)).toHaveLength(25);
    expect(first).toContain("Caller 60, 5560");
    expect(first).not.toContain("Newer");
    const older = /href="([^"]+)" rel="next"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const second = await rig.page(older);
    expect(second).toContain("Caller 35, 5535");
    const last = /href="([^"]+)" rel="next"/.exec(second)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const third = await rig.page(last);
    expect(rowsIn(third)).toHaveLength(10);
    expect(third).not.toContain("Older");
    const newer = /href="([^"]+)" rel="prev"/.exec(third)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(rowsIn(await rig.page(newer))).toEqual(rowsIn(second));
  });

  test("keeps the search in its address, its form, its links and its exports, and marks the words", async () => {
    fill(60);
    await rig.start();
    const page = await rig.page(
      "/calls?text=parcel+tur&remote=Caller&line=200%40pbx&from=2026-01-01&to=2026-01-02",
    );
    expect(page).toContain('value="parcel tur"');
    expect(page).toContain('<option value="200@pbx" selected>');
    expect(page).toContain("the <mark>parcel</mark>");
    for (const part of ["text=parcel\\+tur", "remote=Caller", "line=200%40pbx", "from=2026-01-01"])
      expect(page).toMatch(new RegExp(`href="/calls\\?[^"]*${part}[^"]*" rel="next"`));
    const csv =
      /href="(\/api\/v1\/history\/export[^"]+csv)"/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const lines = (await rig.page(csv)).trimEnd().split("\r\n");
    expect(lines.length).toBeGreaterThan(25);
    expect(lines.length).toBeLessThan(50);
    expect(page).toMatch(/href="\/calls\/\d+\?text=parcel\+tur"/);
  });

  test.each([
    ["text", '" OR 1=1 --'],
    ["text", "NEAR(a b) AND * NOT :"],
    ["text", "search MATCH 'x'); DROP TABLE calls; --"],
    ["text", evil],
    ["text", "\u0000\uFFFF\u202E"],
    ["remote", "%' OR '1'='1"],
    ["remote", evil],
    ["line", `${evil}; --`],
    ["text", "a".repeat(200)],
  ])("takes a hostile %s for what it is: %s", async (name, value) => {
    fill(2);
    await rig.start();
    const response = await rig.get(`/calls?${String(new URLSearchParams({ [name]: value }))}`);
    expect(response.status).toBe(200);
    const page = await response.text();
    expect(page).not.toContain("<img src=x");
    expect(rowsIn(await rig.page("/calls"))).toHaveLength(2);
  });

  test.each([
    ["/calls?text=%ED%A0%80", 200],
    ["/calls?text=%", 200],
    [`/calls?text=${"x".repeat(201)}`, 400],
    ["/calls?from=yesterday", 400],
    ["/calls?from=2026-99-99", 200],
    ["/calls?after=1", 400],
    ["/calls?after=999999999999999-999999999999999", 200],
    ["/calls?newer=0-0", 200],
  ])("%s answers %i", async (path, status) => {
    fill(1);
    await rig.start();
    expect((await rig.get(path)).status).toBe(status);
  });

  test("says what to do when there is no call, and when none is found", async () => {
    await rig.start();
    expect(await rig.page("/calls")).toContain("No calls yet.");
    expect(await rig.page("/calls?text=parcel")).toContain("No call matches.");
  });
});

describe("the page of one call", () => {
  test("shows what was said, what of it was heard, and what happened between", async () => {
    fill(1, ({ llama, sip }) => {
      const name = { callId: "2", key: "2-1" };
      const atMs = startMs + hourMs;
      llama.tell(atMs + 9000, "heard", { ...name, turn: 1, characters: 9, isAll: false });
      llama.tell(atMs + 9001, "tool", {
        ...name,
        turn: 1,
        name: "find_parcel",
        arguments: "{}",
        outcome: "result",
        text: "Leipzig",
        tookMs: 84,
      });
      sip.tell(atMs + 9002, "digit", { key: "1", digit: "5" });
      sip.tell(atMs + 9003, "transfer", {
        key: "1",
        to: "310",
        ok: false,
        status: 486,
        reason: "Busy",
      });
    });
    await rig.start();
    const [id] = rowsIn(await rig.page("/calls"));
    const page = await rig.page(`/calls/${id}?text=parcel`);
    expect(page).toContain("<title>Call from Caller 1, 551 · Wildfire</title>");
    expect(page).toMatch(/In Paris\.<\/span\s*><span class="unheard"[\s\S]*It comes tomorrow\./);
    expect(page).toContain("<i>interrupted</i>");
    expect(page).toContain("Where is the <mark>parcel</mark> 1 of turn 1?");
    expect(page).toContain("Tool find_parcel: result, Leipzig (84 ms)");
    expect(page).toContain("The caller pressed 5");
    expect(page).toContain("The transfer to 310 failed: 486 Busy");
    expect(page).toContain('aria-label="Answer heard after 700 ms: silence 500 ms, ears 2 ms');
    expect(page).toContain("Mean probability of a word");
    expect(page).toContain(`/api/v1/history/${id}/export?format=text`);
    expect(page).not.toContain("<audio");
  });

  test("shows names, words and fields of strangers as text", async () => {
    fill(1, ({ llama, sip, whisper }) => {
      const name = { callId: "2", key: "2-1" };
      const atMs = startMs + hourMs + 3000;
      const phone = { key: "1", line: evil, remote: evil, name: evil, direction: evil };
      sip.tell(atMs, "ringing", phone);
      sip.tell(atMs, evil, { ...phone, [evil]: evil });
      whisper.tell(atMs, "final", {
        ...name,
        text: evil,
        language: evil,
        invention: { reason: evil, text: evil },
      });
      llama.tell(atMs, "clause", { ...name, turn: 7, text: evil });
      llama.tell(atMs, "answered", { ...name, turn: 7, outcome: `failed: ${evil}` });
      llama.tell(atMs, "tool", { ...name, name: evil, arguments: evil, outcome: evil, text: evil });
      sip.tell(atMs + 1, "ended", { ...phone, by: evil, reason: evil });
    });
    await rig.start();
    for (const path of ["/calls", `/calls/1`, "/calls?text=onerror"]) {
      const page = await rig.page(path);
      expect(page).toContain("&lt;img src=x");
      expect(page).not.toContain("<img src=x");
    }
  });

  test("of a call that nobody knows is not found", async () => {
    fill(1);
    await rig.start();
    for (const path of [
      "/calls/99",
      "/calls/none",
      "/calls/..%2f1",
      "/calls/%00",
      `/calls/${"9".repeat(400)}`,
    ]) {
      const response = await rig.get(path);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain("There is no such call");
    }
  });

  test("of a call that goes on leads to the page where it is watched", async () => {
    const sip = rig.play("sip", { describe: () => ({ current: [{ key: "k1" }] }) });
    await rig.start();
    await until(() => sip.stream.status().listeners > 0, "listening");
    sip.stream.publish({
      kind: "ringing",
      key: "k1",
      direction: "incoming",
      remote: "4711",
      name: "",
      line: "200@pbx",
    });
    let page = "";
    for (let tries = 0; tries < 200 && !page.includes("Still on"); tries += 1) {
      page = await rig.page("/calls");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [id] = rowsIn(page);
    expect(await rig.page(`/calls/${id}`)).toContain('<a href="/">Watch it on the page Now</a>');
  });
});

describe("removing a call", () => {
  test("takes its words and its recording, is for admins, and is in the audit log", async () => {
    const path = rig.addRecording(1, new Uint8Array(100));
    const other = rig.addRecording(2, new Uint8Array(100));
    fill(2, ({ sip }) => {
      sip.tell(startMs + hourMs, "recorded", { key: "1", path, bytes: 100 });
      sip.tell(startMs + hourMs, "recorded", { key: "2", path: other, bytes: 100 });
    });
    await rig.start({}, await cheapHash());
    const admin = await rig.browser(password);
    const created = await rig.post(
      "/api/v1/tokens",
      { ...admin, "content-type": "application/json" },
      JSON.stringify({ name: "op", role: "operator" }),
    );
    const { secret } = fieldsOf(await created.json());
    const operator = { authorization: `Bearer ${String(secret)}` };
    expect((await rig.remove("/api/v1/history/1", operator)).status).toBe(403);
    expect((await rig.remove("/api/v1/history/1", { cookie: admin.cookie })).status).toBe(403);
    expect(await rig.page("/calls/1", operator)).not.toContain("Remove this call");
    expect(await rig.page("/calls/1", admin)).toContain("Remove this call");
    expect((await rig.remove("/api/v1/history/1", admin)).status).toBe(200);
    expect((await rig.remove("/api/v1/history/1", admin)).status).toBe(404);
    expect((await rig.get("/calls/1", admin)).status).toBe(404);
    expect([existsSync(path), existsSync(other)]).toEqual([false, true]);
    const audit = rig.records.filter(({ fields }) => fields?.["action"] === "history remove");
    expect(audit.map(({ fields }) => fields?.["status"])).toEqual([403, 403, 200, 404]);
  });

  test("that goes on is refused", async () => {
    const services = newServices();
    const now = Date.now();
    scriptCall(services, { number: 1, callId: "2", atMs: now - 1000, turns: 1 });
    rig.fill(services.sip.events.slice(0, -1));
    await rig.start();
    const headers = { "x-csrf-token": await rig.csrf() };
    expect((await rig.remove("/api/v1/history/1", headers)).status).toBe(409);
  });
});

describe("a history that cannot be written", () => {
  test("is said on the page with the reason, since when, and that calls go on", async () => {
    mkdirSync(rig.historyFile, { recursive: true });
    await rig.start();
    const page = await rig.page("/calls");
    expect(page).toMatch(/History is not being written since \d\d:\d\d:\d\d: /);
    expect(page).toContain("Calls go on.");
    expect(page).toContain("the history cannot be read");
    rmSync(rig.historyFile, { recursive: true });
    await until(
      () => fieldsOf(rig.status["history"])["troubleSinceMs"] === null,
      "its end",
      15_000,
    );
    expect(await rig.page("/calls")).not.toContain("not being written");
  });

  test("and was broken is put aside, with a word about it", async () => {
    fill(1);
    writeFileSync(rig.historyFile, "x".repeat(50_000));
    await rig.start();
    const page = await rig.page("/calls");
    expect(page).toContain("The history was broken and begins anew");
    expect(page).toMatch(/calls\.sqlite\.broken-\d{8}T\d{9}Z/);
    expect(page).toContain("No calls yet.");
    const db = new Database(rig.historyFile, { readonly: true });
    expect(db.query("PRAGMA quick_check").values()).toEqual([["ok"]]);
    db.close();
  });
});
