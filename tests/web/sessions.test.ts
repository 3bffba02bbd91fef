import { expect, test } from "bun:test";
import { readSessionCookie, sessionCookie } from "../../src/web/cookies.ts";
import { idleLimitMs, Sessions } from "../../src/web/sessions.ts";
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

const who = { name: "password", role: "admin", tokenId: undefined } as const;

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
  expect(readSessionCookie(new Headers({ cookie }), false)).toBe(expected);
});
