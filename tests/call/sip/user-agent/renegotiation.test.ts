import { describe, expect, test } from "bun:test";
import { createResponse } from "../../../../src/call/sip/message/create-response.ts";
import {
  headerValue,
  type SipHeader,
  type SipMessage,
} from "../../../../src/call/sip/message/sip-message.ts";
import { TwoAgents } from "./two-agents.ts";

const upMs = 100;
const sdpType: SipHeader = { name: "Content-Type", value: "application/sdp" };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function connected(world = new TwoAgents()) {
  const calling = world.alice.call("bob");
  await world.run(upMs);
  world.sent.length = 0;
  calling.media.steps.length = 0;
  world.bob.last.media.steps.length = 0;
  return { world, calling, called: world.bob.last };
}

/** The wire answers what alice sends, as often as there are statuses. */
function answering(world: TwoAgents, method: string, answers: [number, SipHeader[]?][]): void {
  world.intercepts = (line, message) => {
    if (line !== `alice ${method}`) return undefined;
    const [status, headers = []] = answers.shift() ?? [];
    return status === undefined ? undefined : createResponse(message, status, { headers });
  };
}

const invites = (world: TwoAgents) => world.sent.filter((line) => line === "alice INVITE").length;

describe("a change that the peer does not take now", () => {
  test("is tried again after 491, five times in all", async () => {
    const { world, calling } = await connected();
    answering(world, "INVITE", [[491], [491], [491], [491], [491]]);
    const held = calling.call.setHeld(true);
    await world.run(30_000);
    expect(await held).toMatchObject({ ok: false, status: 491 });
    expect(invites(world)).toBe(5);
    const again = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await again).toEqual({ ok: true });
  });

  test("is tried again when Retry-After says, if that is soon", async () => {
    const { world, calling } = await connected();
    answering(world, "INVITE", [[500, [{ name: "Retry-After", value: "3" }]]]);
    const held = calling.call.setHeld(true);
    await world.run(2900);
    expect(invites(world)).toBe(1);
    await world.run(300);
    expect(await held).toEqual({ ok: true });
    answering(world, "INVITE", [[503, [{ name: "Retry-After", value: "3600" }]]]);
    const late = calling.call.setHeld(false);
    await world.run(upMs);
    expect(await late).toMatchObject({ ok: false, status: 503 });
  });

  test("waits with a longer session after 422", async () => {
    const { world, calling } = await connected();
    answering(world, "INVITE", [[422, [{ name: "Min-SE", value: "3000" }]]]);
    const held = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await held).toEqual({ ok: true });
    const again = world.last("alice INVITE");
    expect(headerValue(again, "Session-Expires")).toBe("3000;refresher=uac");
    expect(headerValue(again, "Min-SE")).toBe("3000");
  });

  test("and is refused leaves hold as it was", async () => {
    const { world, calling } = await connected();
    answering(world, "INVITE", [[488]]);
    const held = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await held).toMatchObject({ ok: false, status: 488 });
    const moved = calling.call.offerAgain();
    await world.run(upMs);
    expect(await moved).toEqual({ ok: true });
    expect(world.bob.last.media.steps.at(-1)).not.toContain("held");
  });

  test("gives way to one of the peer while it waits", async () => {
    const { world, calling, called } = await connected();
    answering(world, "INVITE", [[491]]);
    const own = calling.call.setHeld(true);
    await world.run(upMs);
    const theirs = called.call.setHeld(true);
    await world.run(10_000);
    expect([await own, await theirs]).toEqual([{ ok: true }, { ok: true }]);
    expect(invites(world)).toBe(2);
    expect(world.sent).not.toContain("bob 500 INVITE");
    expect(world.sent).not.toContain("bob 491 INVITE");
  });

  test("and says 100 for ever is taken back after a minute", async () => {
    const { world, calling } = await connected();
    world.intercepts = (line, message) =>
      line === "alice INVITE" ? createResponse(message, 100) : undefined;
    const held = calling.call.setHeld(true);
    await world.run(61_000);
    expect(world.sent).toContain("alice CANCEL");
    await world.run(40_000);
    expect(await held).toMatchObject({ ok: false });
    await world.run(100_000);
    expect(world.clock.timers).toBe(0);
  });
});

describe("a change of the peer", () => {
  const offer = { headers: [sdpType], body: encode("offer") };

  test("while its last one has no ACK takes the ACK for lost", async () => {
    const { world, called } = await connected();
    world.loses = (line) => line === "alice ACK";
    world.injectRequest({ method: "INVITE", ...offer }, world.bob);
    world.injectRequest({ method: "INVITE", ...offer }, world.bob);
    expect(world.sent).toEqual(["bob 200 INVITE", "bob 200 INVITE"]);
    expect(called.media.steps).toHaveLength(2);
  });

  test("while our own is under way is answered with 491, also by UPDATE", async () => {
    const { world, called } = await connected();
    world.loses = (line) => line === "bob INVITE";
    void called.call.setHeld(true);
    await world.run(20);
    world.injectRequest({ method: "INVITE", ...offer }, world.bob);
    expect(world.sent.at(-1)).toBe("bob 491 INVITE");
    world.injectRequest({ method: "UPDATE", ...offer }, world.bob);
    expect(world.sent.at(-1)).toBe("bob 491 UPDATE");
    world.injectRequest({ method: "UPDATE" }, world.bob);
    expect(world.sent.at(-1)).toBe("bob 200 UPDATE");
  });

  test("without an offer gets ours, and an ACK without answer changes nothing", async () => {
    const { world, called } = await connected();
    const invite = world.injectRequest({ method: "INVITE" }, world.bob);
    expect(world.last("bob 200 INVITE").body.length).toBeGreaterThan(0);
    world.injectRequest({ method: "UPDATE", ...offer }, world.bob);
    expect(world.sent.at(-1)).toBe("bob 491 UPDATE");
    called.media.problem = "no answer";
    world.injectRequest({ method: "ACK", cseq: invite.cseq.number }, world.bob);
    expect(called.media.steps.at(-1)).toBe("reverts");
    await world.run(40_000);
    expect(called.call.state).toBe("up");
  });

  test("with an offer among other parts is answered", async () => {
    const { world, called } = await connected();
    const type = { name: "Content-Type", value: "multipart/mixed;boundary=x" };
    const body = encode("--x\r\nContent-Type: application/sdp\r\n\r\nhidden\r\n--x--\r\n");
    world.injectRequest({ method: "INVITE", headers: [type], body }, world.bob);
    expect(called.media.steps).toEqual(["answers hidden"]);
  });

  test.each([
    [
      "INVITE",
      { headers: [{ name: "Content-Type", value: "text/plain" }], body: encode("x") },
      488,
    ],
    ["INVITE", { headers: [{ name: "Require", value: "precondition" }] }, 420],
    ["UPDATE", { headers: [{ name: "Require", value: "precondition" }] }, 420],
    ["INFO", { cseq: 1 }, 500],
  ])("%s that does not fit is refused, and the call goes on", async (method, parts, status) => {
    const { world, called } = await connected();
    world.injectRequest({ method, ...parts }, world.bob);
    expect(world.sent.at(-1)).toBe(`bob ${status} ${method}`);
    expect(called.call.state).toBe("up");
  });

  test.each(["INVITE", "UPDATE", "INFO", "REFER"])(
    "by %s behind our BYE is told that there is no call, and touches no media",
    async (method) => {
      const { world, called } = await connected();
      world.loses = (line) => line === "bob BYE";
      called.call.hangUp();
      await world.run(20);
      world.injectRequest({ method, ...offer }, world.bob);
      expect(world.sent.at(-1)).toBe(`bob 481 ${method}`);
      expect(called.media.steps).toEqual([]);
    },
  );
});

describe("a change of ours", () => {
  test("that is accepted without a description leaves the call as it was", async () => {
    const { world, calling } = await connected();
    world.intercepts = (line, message) =>
      line === "alice INVITE" ? createResponse(message, 200) : undefined;
    calling.media.problem = "the answer is empty";
    const held = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await held).toEqual({ ok: false, status: 488, reason: "the answer is empty" });
    expect(calling.media.steps).toEqual(["accepts ", "reverts"]);
    expect(world.sent).toContain("alice ACK");
    expect(calling.call.state).toBe("up");
  });

  test("that rings reliably gets its PRACK", async () => {
    const { world, calling } = await connected();
    const reliable = [
      { name: "Require", value: "100rel" },
      { name: "RSeq", value: "9" },
    ];
    answering(world, "INVITE", [[183, reliable]]);
    const held = calling.call.setHeld(true);
    await world.run(20);
    expect(headerValue(world.last("alice PRACK"), "RAck")).toStartWith("9 ");
    calling.call.hangUp();
    expect(await held).toMatchObject({ ok: false });
  });

  test("that is under way when the call ends is taken back, and a late 200 gets its ACK", async () => {
    const { world, calling } = await connected();
    world.loses = (line) => line === "bob 200 INVITE";
    const held = calling.call.setHeld(true);
    await world.run(20);
    calling.call.hangUp();
    expect(await held).toMatchObject({ ok: false, status: 481 });
    world.loses = () => false;
    await world.run(upMs);
    const accepted = world.last("bob 200 INVITE");
    world.inject(accepted, world.alice);
    await world.run(upMs);
    expect(world.sent.at(-1)).toBe("alice ACK");
    expect(calling.call.state).toBe("ended");
    await world.run(100_000);
    expect(world.clock.timers).toBe(0);
  });
});

function withHeader(message: SipMessage, name: string, value: string): SipMessage {
  const others = message.headers.filter((header) => header.name !== name);
  return { ...message, headers: [...others, { name, value }] };
}

describe("the refresh of a session", () => {
  test("is an offer where the peer's Allow has no UPDATE", async () => {
    const world = new TwoAgents();
    world.changes = (message) => withHeader(message, "Allow", "INVITE, ACK, BYE");
    await connected(world);
    await world.run(901_000);
    expect(world.sent).toEqual(["alice INVITE", "bob 200 INVITE", "alice ACK"]);
  });

  test("is an offer where the peer refuses UPDATE in spite of its Allow, from then on", async () => {
    const { world, calling } = await connected();
    answering(world, "UPDATE", [[501]]);
    await world.run(901_000);
    expect(world.sent).toEqual(["alice UPDATE", "alice INVITE", "bob 200 INVITE", "alice ACK"]);
    await world.run(900_000);
    expect(world.sent.slice(4)).toEqual(["alice INVITE", "bob 200 INVITE", "alice ACK"]);
    expect(calling.call.state).toBe("up");
  });

  test("says who refreshes, so that the roles stay", async () => {
    const { world, called } = await connected();
    await world.run(901_000);
    const refresh = world.last("alice UPDATE");
    expect(headerValue(refresh, "Session-Expires")).toBe("1800;refresher=uac");
    void called.call.setHeld(true);
    await world.run(upMs);
    const hold = world.last("bob INVITE");
    expect(headerValue(hold, "Session-Expires")).toBe("1800;refresher=uas");
    await world.run(901_000);
    expect(world.sent.at(-2)).toBe("alice UPDATE");
  });

  test.each([408, 481])("that is answered with %i ends the call", async (status) => {
    const { world, calling } = await connected();
    answering(world, "UPDATE", [[status]]);
    await world.run(901_000);
    expect(calling.events.at(-1)).toStartWith("ended by network: the peer does not know");
    expect(world.sent).toContain("alice BYE");
  });

  test("that is refused each time is repeated, and ends the call when the session is over", async () => {
    const { world, calling } = await connected();
    world.intercepts = (line, message) =>
      /^\w+ (UPDATE|INVITE)/.test(line) ? createResponse(message, 500) : undefined;
    await world.run(1_799_000);
    expect(calling.call.state).toBe("up");
    expect(invites(world)).toBeGreaterThan(10);
    await world.run(2000);
    expect(calling.events.at(-1)).toBe(
      "ended by network: the peer did not refresh the session in time",
    );
  });

  test("that the peer owes is done by us, and the call lives on", async () => {
    const world = new TwoAgents();
    const { calling, called } = await connected(world);
    world.intercepts = (line, message) =>
      /^alice (UPDATE|INVITE)/.test(line) ? createResponse(message, 500) : undefined;
    await world.run(1_767_000);
    expect(world.sent).not.toContain("bob UPDATE");
    await world.run(40_000);
    expect(world.sent).toContain("bob UPDATE");
    expect([calling.call.state, called.call.state]).toEqual(["up", "up"]);
  });

  test("is done on another connection where the first one is gone", async () => {
    const { world, calling, called } = await connected(new TwoAgents(true));
    world.breaks();
    await world.run(901_000);
    expect(world.sent).toEqual(["alice UPDATE", "bob 200 UPDATE"]);
    expect([calling.call.state, called.call.state]).toEqual(["up", "up"]);
  });

  test("of a session longer than any timer can count does not come at once", async () => {
    const world = new TwoAgents();
    world.changes = (message) =>
      message.kind === "request" && message.method === "INVITE"
        ? withHeader(message, "Session-Expires", "999999999;refresher=uas")
        : message;
    await connected(world);
    const agreed = world.messages.find(
      (message) => message.kind === "response" && message.status === 200,
    );
    expect(agreed && headerValue(agreed, "Session-Expires")).toBe("86400;refresher=uas");
    await world.run(60_000);
    expect(world.sent).toEqual([]);
  });
});
