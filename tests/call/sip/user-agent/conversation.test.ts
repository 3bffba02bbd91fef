import { describe, expect, test } from "bun:test";
import { parseUri } from "../../../../src/call/sip/message/uri.ts";
import type { SipHeader, SipMessage } from "../../../../src/call/sip/message/sip-message.ts";
import { headerValue } from "../../../../src/call/sip/message/sip-message.ts";
import { Dialog } from "../../../../src/call/sip/dialog/dialog.ts";
import { addressOf, TwoAgents } from "./two-agents.ts";

const upMs = 100;

async function connected(world = new TwoAgents()) {
  const calling = world.alice.call("bob");
  await world.run(upMs);
  world.sent.length = 0;
  calling.media.steps.length = 0;
  world.bob.last.media.steps.length = 0;
  return { world, calling, called: world.bob.last };
}

function withHeader(message: SipMessage, header: SipHeader): SipMessage {
  const others = message.headers.filter(({ name }) => name !== header.name);
  return { ...message, headers: [...others, header] };
}

function require100rel(message: SipMessage): SipMessage {
  return message.kind === "request" && message.method === "INVITE"
    ? withHeader(message, { name: "Require", value: "100rel" })
    : message;
}

async function inDialog(method: string, headers: SipHeader[] = [], body = "") {
  const fresh = await connected();
  const seen: SipMessage[] = [];
  fresh.world.loses = (line, message) => {
    seen.push(message);
    return line === "alice BYE";
  };
  fresh.calling.call.hangUp();
  await fresh.world.run(1);
  const model = seen[0];
  if (model?.kind !== "request") throw new Error("no BYE");
  fresh.world.inject(
    {
      ...model,
      method,
      cseq: { number: model.cseq.number + 1, method },
      via: model.via.map((via) => ({ ...via, parameters: new Map([["branch", "z9hG4bKx"]]) })),
      headers,
      body: new TextEncoder().encode(body),
    },
    fresh.world.bob,
  );
  await fresh.world.run(20);
  return fresh;
}

describe("changes of a call", () => {
  test("hold and resume are offers that the other side answers", async () => {
    const { world, calling, called } = await connected();
    const held = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await held).toEqual({ ok: true });
    const resumed = called.call.setHeld(false);
    await world.run(upMs);
    expect(await resumed).toEqual({ ok: true });
    expect(called.media.steps).toEqual(["answers offer 2 held", "accepts answer to offer 1"]);
    expect(calling.media.steps).toEqual(["accepts answer to offer 2 held", "answers offer 1"]);
    expect(world.sent).toEqual([
      "alice INVITE",
      "bob 200 INVITE",
      "alice ACK",
      "bob INVITE",
      "alice 200 INVITE",
      "bob ACK",
    ]);
    expect(calling.call.state).toBe("up");
  });

  test("asked by both at once are both refused with 491, and both succeed later", async () => {
    const { world, calling, called } = await connected();
    const first = calling.call.setHeld(true);
    const second = called.call.setHeld(true);
    await world.run(upMs);
    expect(world.sent).toContain("bob 491 INVITE");
    expect(world.sent).toContain("alice 491 INVITE");
    expect(calling.media.steps).toEqual(["reverts"]);
    await world.run(5000);
    expect(await first).toEqual({ ok: true });
    expect(await second).toEqual({ ok: true });
  });

  test("that the other side's media refuse leave the call as it was", async () => {
    const { world, calling, called } = await connected();
    called.media.refusal = "no";
    const held = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await held).toEqual({ ok: false, status: 488, reason: "Not Acceptable Here" });
    expect(calling.media.steps).toEqual(["reverts"]);
    expect(calling.call.state).toBe("up");
    called.media.refusal = undefined;
    const again = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await again).toEqual({ ok: true });
  });

  test("asked while one is under way wait for their turn", async () => {
    const { world, calling, called } = await connected();
    const outcomes = [calling.call.setHeld(true), calling.call.setHeld(false)];
    await world.run(upMs);
    expect(await Promise.all(outcomes)).toEqual([{ ok: true }, { ok: true }]);
    expect(called.media.steps.at(-1)).toBe("answers offer 3");
  });

  test("whose ACK never comes end the call", async () => {
    const { world, calling, called } = await connected();
    world.loses = (line) => line === "alice ACK";
    void calling.call.setHeld(true);
    await world.run(33_000);
    expect(called.events.at(-1)).toBe("ended by network: no ACK came for a change of the call");
  });

  test("that nobody answers end the call, and every waiting one is told", async () => {
    const { world, calling } = await connected();
    world.loses = (line) => line.startsWith("bob");
    const held = calling.call.setHeld(true);
    await world.run(33_000);
    expect(calling.events.at(-1)).toBe("ended by network: nobody answered a change of the call");
    expect(await held).toMatchObject({ ok: false });
    expect(await calling.call.setHeld(false)).toMatchObject({ ok: false, status: 481 });
    await world.run(70_000);
    expect(world.clock.timers).toBe(0);
  });

  test("to a peer that has forgotten the call end it", async () => {
    const { world, calling, called } = await connected();
    world.loses = (line) => line === "bob BYE" || line.endsWith("200 BYE");
    called.call.hangUp();
    await world.run(33_000);
    expect(called.call.state).toBe("ended");
    const held = calling.call.setHeld(true);
    await world.run(upMs);
    expect(world.sent).toContain("bob 481 INVITE");
    expect(await held).toMatchObject({ ok: false });
    expect(calling.events.at(-1)).toStartWith("ended by network: the peer does not know the call");
  });
});

describe("session timers", () => {
  test("are agreed, and the caller refreshes at half of the interval", async () => {
    const { world, calling, called } = await connected();
    await world.run(899_000);
    expect(world.sent).toEqual([]);
    await world.run(2000);
    expect(world.sent).toEqual(["alice UPDATE", "bob 200 UPDATE"]);
    await world.run(901_000);
    expect(world.sent).toHaveLength(4);
    expect([calling.call.state, called.call.state]).toEqual(["up", "up"]);
  });

  test("end the call when the peer neither refreshes nor answers a refresh of ours", async () => {
    const { world, called } = await connected();
    world.loses = (line) => line.startsWith("alice");
    await world.run(1_767_000);
    expect(world.sent).not.toContain("bob UPDATE");
    await world.run(2000);
    expect(world.sent).toContain("bob UPDATE");
    expect(called.call.state).toBe("up");
    await world.run(32_000);
    expect(called.events.at(-1)).toBe(
      "ended by network: the peer did not refresh the session in time",
    );
  });

  test("that are too short are refused with 422, and obeyed by the caller", async () => {
    const world = new TwoAgents();
    world.changes = (message) => {
      world.changes = (next) => next;
      return withHeader(message, { name: "Session-Expires", value: "60" });
    };
    const calling = world.alice.call("bob");
    await world.run(upMs);
    expect(world.sent.slice(0, 3)).toEqual(["alice INVITE", "bob 422 INVITE", "alice ACK"]);
    expect(calling.events).toEqual(["ended by peer: Session Interval Too Small"]);
  });

  test("a longer session is asked for when the peer wants that", async () => {
    const world = new TwoAgents();
    world.changes = (message) => {
      if (message.kind !== "response" || message.status !== 200) return message;
      world.changes = (next) => next;
      const minimum = { name: "Min-SE", value: "3600" };
      return { ...withHeader(message, minimum), status: 422, contacts: [] };
    };
    world.alice.call("bob");
    const wishes: (string | undefined)[] = [];
    const before = world.loses;
    world.loses = (line, message) => {
      if (line === "alice INVITE") wishes.push(headerValue(message, "Session-Expires"));
      return before(line, message);
    };
    await world.run(upMs);
    expect(wishes.at(-1)).toBe("3600");
  });
});

describe("reliable provisional answers", () => {
  test("are repeated until the INVITE is refused for want of a PRACK", async () => {
    const world = new TwoAgents();
    world.loses = (line) => line === "alice PRACK";
    world.changes = require100rel;
    world.bob.onCall = (call, media) => {
      call.ring();
      call.accept(media);
    };
    const calling = world.alice.call("bob");
    await world.run(3600);
    expect(world.sent.filter((line) => line === "bob 180 INVITE").length).toBeGreaterThan(3);
    expect(world.sent).not.toContain("bob 200 INVITE");
    await world.run(31_000);
    expect(calling.events.at(-1)).toBe("ended by peer: Server Time-out: no PRACK came");
    expect(world.bob.last.events).toEqual(["ended by us: no PRACK came"]);
    await world.run(70_000);
    expect(world.clock.timers).toBe(0);
  });

  test("hold the answer back until their PRACK", async () => {
    const world = new TwoAgents();
    world.changes = require100rel;
    let number = "";
    let invite: SipMessage | undefined;
    let ringing: SipMessage | undefined;
    world.loses = (line, message) => {
      if (line === "alice INVITE") invite = message;
      if (line === "bob 180 INVITE") {
        ringing = message;
        number = headerValue(message, "RSeq") ?? "";
      }
      return line === "alice PRACK";
    };
    world.alice.call("bob");
    await world.run(upMs);
    expect(world.sent).not.toContain("bob 200 INVITE");
    if (invite?.kind !== "request" || ringing?.kind !== "response") throw new Error("no INVITE");
    const dialog = Dialog.ofOutgoing(invite, ringing);
    const rack = (text: string): SipMessage => ({
      ...dialog.request({ method: "PRACK", headers: [{ name: "RAck", value: text }] }),
      maxForwards: 70,
      via:
        invite?.via.map((via) => ({
          ...via,
          parameters: new Map([["branch", `z9hG4bK${text.replaceAll(" ", "")}`]]),
        })) ?? [],
    });
    const { number: cseq } = invite.cseq;
    world.inject(rack(`1 ${cseq} INVITE`), world.bob);
    await world.run(upMs);
    expect(world.sent.at(-1)).toBe("bob 481 PRACK");
    world.inject(rack(`${number} ${cseq} INVITE`), world.bob);
    await world.run(upMs);
    expect(world.sent).toContain("bob 200 PRACK");
    expect(world.bob.last.events).toEqual(["established"]);
  });
});

describe("transfers", () => {
  const target = parseUri("sip:300@test.example");

  test("a callers' wish that we call somebody is declined", async () => {
    const { world, calling, called } = await connected();
    if (target === undefined) throw new Error("no target");
    const outcome = calling.call.transfer(target);
    await world.run(upMs);
    expect(await outcome).toEqual({ ok: false, status: 603, reason: "Decline" });
    expect([calling.call.state, called.call.state]).toEqual(["up", "up"]);
    const again = calling.call.transfer(target);
    await world.run(upMs);
    expect(await again).toMatchObject({ ok: false, status: 603 });
  });

  test("a peer that hangs up after having accepted has taken the call over", async () => {
    const { world, calling, called } = await connected();
    if (target === undefined) throw new Error("no target");
    world.changes = (message) =>
      message.kind === "response" && message.status === 603
        ? { ...message, status: 202, reason: "Accepted" }
        : message;
    const outcome = calling.call.transfer(target);
    await world.run(upMs);
    called.call.hangUp();
    await world.run(upMs);
    expect(await outcome).toEqual({ ok: true });
    expect(calling.events.at(-1)).toBe("ended by peer: ");
  });

  test("nobody telling how it went is a failure after a minute", async () => {
    const { world, calling } = await connected();
    if (target === undefined) throw new Error("no target");
    world.changes = (message) =>
      message.kind === "response" && message.status === 603
        ? { ...message, status: 202, reason: "Accepted" }
        : message;
    const outcome = calling.call.transfer(target);
    await world.run(61_000);
    expect(await outcome).toMatchObject({ ok: false, status: 408 });
  });
});

describe("other requests within a call", () => {
  test("INFO with a digit is told", async () => {
    const type = { name: "Content-Type", value: "application/dtmf-relay" };
    const { world, called } = await inDialog("INFO", [type], "Signal=5\r\nDuration=160\r\n");
    expect(world.sent).toContain("bob 200 INFO");
    expect(called.events).toContain("digit 5");
  });

  test.each([
    ["INFO", 200],
    ["OPTIONS", 200],
    ["MESSAGE", 405],
    ["SUBSCRIBE", 405],
    ["constructor", 405],
    ["REFER", 603],
    ["NOTIFY", 481],
    ["PRACK", 481],
    ["UPDATE", 200],
  ])("%s is answered %i, and the call goes on", async (method, status) => {
    const { world, called } = await inDialog(method);
    expect(world.sent).toContain(`bob ${status} ${method}`);
    expect(called.call.state).toBe("up");
  });

  test("INFO with something unknown is answered 415", async () => {
    const type = { name: "Content-Type", value: "text/plain" };
    const { world } = await inDialog("INFO", [type], "hello");
    expect(world.sent).toContain("bob 415 INFO");
  });
});

test("a second peer that accepts a forked call is acknowledged and let go", async () => {
  const world = new TwoAgents();
  let twin: SipMessage | undefined;
  world.loses = (line, message) => {
    if (line === "bob 200 INVITE") twin = message;
    return false;
  };
  const calling = world.alice.call("bob");
  await world.run(upMs);
  if (twin === undefined) throw new Error("no answer");
  const to = addressOf("bob", "test.example", undefined);
  world.inject({ ...twin, to: { ...to, parameters: new Map([["tag", "twin"]]) } }, world.alice);
  world.sent.length = 0;
  await world.run(upMs);
  expect(world.sent.filter((line) => line.startsWith("alice"))).toEqual(["alice ACK", "alice BYE"]);
  expect(calling.call.state).toBe("up");
});
