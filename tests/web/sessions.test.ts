import { expect, test } from "bun:test";
import { readSessionCookies, sessionCookie } from "../../src/web/cookies.ts";
import { idleLimitMs, lifeLimitMs, Sessions } from "../../src/web/sessions.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

/** Each of its outputs is another one. */
function counting(): (length: number) => Uint8Array {
  let count = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    count += 1;
    new DataView(bytes.buffer).setUint32(0, count);
    return bytes;
  };
}

const who = { name: "password", role: "admin", tokenId: undefined, address: "10.0.0.9" } as const;

test("a session lasts as long as it is used, and twelve hours longer", () => {
  const clock = new FakeClock();
  const sessions = new Sessions({ clock, randomBytes: counting() });
  const id = sessions.open(who);
  for (let day = 0; day < 5; day += 1) {
    clock.advance(idleLimitMs);
    expect(sessions.find(id)).toMatchObject({ name: "password" });
  }
  clock.advance(idleLimitMs + 1);
  expect(sessions.find(id)).toBeUndefined();
  expect(sessions.count).toBe(0);
  expect(idleLimitMs).toBe(12 * 3600 * 1000);
});

test("there are a thousand at most: the longest unused make room", () => {
  const sessions = new Sessions({ clock: new FakeClock(), randomBytes: counting() });
  const [first, second] = [sessions.open(who), sessions.open(who)];
  for (let count = 0; count < 998; count += 1) sessions.open(who);
  expect(sessions.find(first)).toBeDefined();
  sessions.open(who);
  expect(sessions.count).toBe(1000);
  expect(sessions.find(first)).toBeDefined();
  expect(sessions.find(second)).toBeUndefined();
});

test("an id and its CSRF token hold 256 bits each and differ", () => {
  const sessions = new Sessions({ clock: new FakeClock(), randomBytes: counting() });
  const id = sessions.open(who);
  expect(id).toMatch(/^[\w-]{43}$/);
  expect(sessions.find(id)?.csrfToken).toMatch(/^[\w-]{43}$/);
  expect(sessions.find(id)?.csrfToken).not.toBe(id);
});

test("by TLS the cookie is for TLS and for this very host only", () => {
  expect(sessionCookie("abc", true)).toBe(
    "__Host-wildfire-session=abc; Path=/; HttpOnly; SameSite=Strict; Secure",
  );
  expect(sessionCookie(undefined, false)).toContain("Max-Age=0");
});

test.each([
  ["a=1; wildfire-session=xyz; b=2", "xyz"],
  ["wildfire-session=", ""],
  ["not-wildfire-session=xyz", undefined],
  ["wildfire-session", undefined],
  ["", undefined],
])("the cookie header %p holds %p", (cookie, expected) => {
  expect(readSessionCookies(new Headers({ cookie }), false)[0]).toBe(expected);
});

test("a session ends after a week, however much it is used", () => {
  const clock = new FakeClock();
  const sessions = new Sessions({ clock, randomBytes: counting() });
  const id = sessions.open(who);
  for (let passed = 0; passed < lifeLimitMs; passed += idleLimitMs) {
    expect(sessions.find(id)).toBeDefined();
    clock.advance(idleLimitMs);
  }
  clock.advance(1);
  expect(sessions.find(id)).toBeUndefined();
});

test("who is logged in is listed with where from and since when, and without what opens anything", () => {
  const clock = new FakeClock();
  const sessions = new Sessions({ clock, randomBytes: counting() });
  const first = sessions.open(who);
  clock.advance(60_000);
  const second = sessions.open({ ...who, name: "till", role: "viewer", address: "10.0.0.7" });
  sessions.find(first);
  const list = sessions.list();
  expect(list.map(({ name }) => name)).toEqual(["password", "till"]);
  expect(list[0]).toMatchObject({ address: "10.0.0.9", sinceMs: clock.wallMs() - 60_000 });
  expect(JSON.stringify(list)).not.toContain(first);
  expect(sessions.end(list[1]?.id ?? "")).toBe(true);
  expect(sessions.end(list[1]?.id ?? "")).toBe(false);
  expect(sessions.peek(second)).toBeUndefined();
  expect(sessions.peek(first)).toBeDefined();
});

test("all others can be ended at once", () => {
  const sessions = new Sessions({ clock: new FakeClock(), randomBytes: counting() });
  const [own] = [sessions.open(who), sessions.open(who), sessions.open(who)];
  expect(sessions.closeOthers(own)).toBe(2);
  expect(sessions.find(own ?? "")).toBeDefined();
  expect(sessions.count).toBe(1);
});
