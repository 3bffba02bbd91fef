import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
});

afterEach(async () => {
  await rig.stop();
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
  expect([...seen].toSorted()).toEqual([
    "fields.js",
    "live-source.js",
    "morph.js",
    "notice.js",
    "server-request.js",
    "steer.js",
  ]);
});
