import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../fakes/until.ts";
import { SettingsRig } from "./settings-rig.ts";
import { EventReading } from "./web-rig.ts";

setDefaultTimeout(20_000);

const config = '[services]\nrun = ["sip", "web"]\n[sip]\nline = ["200@pbx", "300@pbx;auth=me"]\n';

let rig: SettingsRig;
let isRefused: boolean;

beforeEach(async () => {
  rig = new SettingsRig();
  isRefused = false;
  rig.web.play("sip", { describe: () => ({ lines: [line("200"), line("300")] }) });
  await rig.start(config);
});

afterEach(async () => await rig.free());

function line(user: string): Readonly<Record<string, unknown>> {
  const isFailing = isRefused && user === "300";
  return {
    line: `${user}@pbx`,
    state: isFailing ? "refused" : "registered",
    isRegistered: !isFailing,
    registrar: "pbx:5060 over UDP",
    grantedSeconds: 120,
    nextInMs: 240_000,
    lastProblem: isFailing ? "the PBX answers 403 <Forbidden>" : null,
    attempts: 4,
    registeredSinceWallMs: isFailing ? null : 1_700_000_000_000,
  };
}

test("the page shows each line with its state, its parts, and never its password", async () => {
  await rig.post({ secrets: [{ name: "line.300@pbx", value: "geheim" }] });
  const page = await (await rig.web.get("/lines")).text();
  expect(page).toContain("Registered");
  expect(page).toContain("at pbx:5060 over UDP");
  expect(page).toContain('data-line="300@pbx;auth=me"');
  expect(page).toMatch(/id="line-form-1-auth"[^>]*value="me"/);
  expect(page).toMatch(/id="line-form-0-password"[^>]*placeholder="not set"/);
  expect(page).toMatch(/id="line-form-1-password"[^>]*placeholder="kept as it is"/);
  expect(page).not.toContain("geheim");
  expect(page).not.toMatch(/ style="| onclick="|<script>/);
});

test("a line that fails says why and what to do, escaped, on the page and live", async () => {
  const reading = await EventReading.open(`${rig.web.url}live/lines`);
  try {
    await until(() => reading.events.length >= 2, "the states of both lines");
    isRefused = true;
    await until(() => reading.events.length >= 3, "the state that has changed");
    const { id, html } = reading.events[2]?.data ?? {};
    expect(id).toBe("line-state-300-pbx-1");
    expect(String(html)).toContain('data-tone="bad"');
    expect(String(html)).toContain("403 &lt;Forbidden&gt;");
    expect(String(html)).toContain("Compare user and password");
    expect(String(html)).toContain("the next one in about 4 min");
    expect(await (await rig.web.get("/lines")).text()).toContain("403 &lt;Forbidden&gt;");
  } finally {
    reading.close();
  }
});

test("programs read the states without knowing the configuration", async () => {
  expect(await rig.web.json("/api/v1/lines")).toMatchObject({
    lines: [
      { name: "200@pbx", state: { tone: "good", word: "Registered" } },
      { name: "300@pbx", state: { tone: "good" } },
    ],
  });
});

test("lines that come from the environment are shown, and not to be changed here", async () => {
  process.env["WILDFIRE_SIP_LINE"] = "200@pbx";
  try {
    const page = await (await rig.web.get("/lines")).text();
    expect(page).toContain("The lines come from the environment");
    expect(page).not.toContain("data-remove");
    expect(page).not.toContain("A new line");
    const answer = await rig.change("sip", "line", ["200@pbx", "400@pbx"]);
    expect(answer).toMatchObject({ status: 422, problems: [{ field: "sip.line" }] });
  } finally {
    delete process.env["WILDFIRE_SIP_LINE"];
  }
});
