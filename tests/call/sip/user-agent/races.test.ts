import { describe, expect, test } from "bun:test";
import { parseUri } from "../../../../src/call/sip/message/uri.ts";
import { ends, expectNextCallWorks, nothing } from "./settled-world.ts";
import { addressOf, TwoAgents } from "./two-agents.ts";

const upMs = 100;

describe("hanging up at every moment", () => {
  const moments = Array.from({ length: 26 }, (_, index) => index);

  test.each(moments)("by the caller, %i ms after the INVITE", async (ms) => {
    const world = new TwoAgents();
    const calling = world.alice.call("bob");
    await fine(world, ms);
    calling.call.hangUp();
    expect(ends(calling)).toBe(1);
    await world.run(2000);
    for (const diary of world.bob.diaries) expect(ends(diary)).toBe(1);
    await expectNextCallWorks(world);
    expect(await world.settled()).toEqual(nothing);
  });

  test.each(moments)("by the called side, %i ms after the INVITE", async (ms) => {
    const world = new TwoAgents();
    const calling = world.alice.call("bob");
    await fine(world, ms);
    world.bob.diaries[0]?.call.hangUp();
    await world.run(2000);
    if (world.bob.diaries.length > 0 && ms > 5) {
      expect(ends(calling)).toBe(1);
      expect(ends(world.bob.last)).toBe(1);
    }
    await expectNextCallWorks(world);
    for (const { call } of world.alice.diaries) call.hangUp();
    expect(await world.settled()).toEqual(nothing);
  });

  test.each(moments)("by both, %i ms after the INVITE", async (ms) => {
    const world = new TwoAgents();
    const calling = world.alice.call("bob");
    await fine(world, ms);
    world.bob.diaries[0]?.call.hangUp();
    calling.call.hangUp();
    await world.run(2000);
    expect(ends(calling)).toBe(1);
    await expectNextCallWorks(world);
    expect(await world.settled()).toEqual(nothing);
  });

  test.each(moments)("with a connection that breaks %i ms after the INVITE", async (ms) => {
    const world = new TwoAgents(true);
    const calling = world.alice.call("bob");
    await fine(world, ms);
    world.breaks();
    await world.run(40_000);
    await expectNextCallWorks(world);
    for (const { call } of [...world.alice.diaries, ...world.bob.diaries]) call.hangUp();
    await world.run(2000);
    expect(ends(calling)).toBe(1);
    for (const diary of world.bob.diaries) expect(ends(diary)).toBe(1);
    expect(await world.settled()).toEqual(nothing);
  });
});

async function fine(world: TwoAgents, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1) {
    await world.run(1);
  }
}

describe("an INVITE that waits for its answer", () => {
  test("on a connection that breaks ends the call at once", async () => {
    const world = new TwoAgents(true);
    world.bob.onCall = (call) => call.ring();
    world.alice.call("bob");
    await world.run(upMs);
    world.breaks();
    expect(world.bob.last.events).toEqual([
      "ended by network: the connection to the caller broke: ECONNRESET",
    ]);
    expect(await world.settled()).toEqual(nothing);
  });

  test("is refused with 480 after three minutes, and its 180 was repeated each minute", async () => {
    const world = new TwoAgents();
    world.bob.onCall = (call) => call.ring();
    const calling = world.alice.call("bob");
    await world.run(179_000);
    expect(world.sent.filter((line) => line === "bob 180 INVITE")).toHaveLength(3);
    expect(calling.call.state).toBe("ringing");
    await world.run(2000);
    expect(world.bob.last.events).toEqual(["ended by us: nobody answered"]);
    expect(calling.events.at(-1)).toStartWith("ended by ");
    expect(await world.settled()).toEqual(nothing);
  });

  test("whose service never says a word gets 100, and 480 after three minutes", async () => {
    const world = new TwoAgents();
    world.bob.onCall = () => undefined;
    world.alice.call("bob");
    await world.run(1000);
    expect(world.sent).toEqual(["alice INVITE", "bob 100 INVITE"]);
    expect(await world.settled()).toEqual(nothing);
    expect(world.bob.last.events).toEqual(["ended by us: nobody answered"]);
  });

  test("of ours is given up after three minutes, with a CANCEL", async () => {
    const world = new TwoAgents();
    world.bob.onCall = (call) => call.ring();
    world.loses = (line) => line === "bob 480 INVITE";
    const calling = world.alice.call("bob");
    await world.run(185_000);
    expect(world.sent).toContain("alice CANCEL");
    expect(calling.events.at(-1)).toBe("ended by us: nobody answered in three minutes");
    expect(await world.settled()).toEqual(nothing);
  });

  test("of ours on a connection that is dead goes out once more, and no third time", async () => {
    const world = new TwoAgents(true);
    const calling = world.alice.call("bob");
    await world.run(2);
    world.breaks();
    await world.run(upMs);
    expect(calling.call.state).toBe("up");
    const second = world.alice.call("bob");
    await world.run(2);
    world.breaks();
    await world.run(2);
    world.breaks();
    await world.run(upMs);
    expect(second.events).toEqual(["ended by peer: the way to the PBX failed: ECONNRESET"]);
    calling.call.hangUp();
    expect(await world.settled()).toEqual(nothing);
  });

  test("whose service throws is refused with 500", async () => {
    const world = new TwoAgents();
    const answered = world.bob.agent;
    expect(answered.aliveCalls).toBe(0);
    world.bob.onIncoming = () => {
      throw new Error("out of ports");
    };
    const calling = world.alice.call("bob");
    await world.run(upMs);
    expect(calling.events).toEqual(["ended by peer: Server Internal Error"]);
    expect(world.bob.log.text()).toContain("out of ports");
    expect(await world.settled()).toEqual(nothing);
  });

  test("that is refused before anybody listens is told all the same", async () => {
    const world = new TwoAgents();
    world.bob.onIncoming = (call) => call.reject(486);
    world.alice.call("bob");
    await world.run(upMs);
    expect(world.bob.last.events).toEqual(["ended by us: refused"]);
  });
});

describe("a BYE", () => {
  test("that comes before the ACK ends the call", async () => {
    const world = new TwoAgents();
    world.loses = (line) => line === "alice ACK";
    const calling = world.alice.call("bob");
    await world.run(upMs);
    calling.call.hangUp();
    await world.run(upMs);
    expect(world.bob.last.events).toEqual(["ended by peer: "]);
    expect(await world.settled()).toEqual(nothing);
  });

  test("of a called side whose answers were all lost ends the call", async () => {
    const world = new TwoAgents();
    world.loses = (line) => line === "bob 200 INVITE";
    const calling = world.alice.call("bob");
    await world.run(40_000);
    expect(world.sent).toContain("bob BYE");
    expect(world.sent).toContain("alice 200 BYE");
    expect(calling.events.at(-1)).toBe("ended by peer: ");
    expect(await world.settled()).toEqual(nothing);
  });

  test("that nobody answers is given up, and the call is free long before", async () => {
    const world = new TwoAgents();
    const calling = world.alice.call("bob");
    await world.run(upMs);
    world.loses = (line) => line === "alice BYE";
    calling.call.hangUp();
    expect(world.alice.agent.aliveCalls).toBe(0);
    await expectNextCallWorks(world);
    world.bob.diaries[0]?.call.hangUp();
    expect(await world.settled()).toEqual(nothing);
  });

  test("with an older number than the last request still ends the call", async () => {
    const world = new TwoAgents();
    world.alice.call("bob");
    await world.run(upMs);
    world.injectRequest({ method: "BYE", cseq: 1 }, world.bob);
    expect(world.bob.last.events.at(-1)).toBe("ended by peer: ");
  });

  test("on a connection that breaks under it is said once more on another one", async () => {
    const world = new TwoAgents(true);
    const calling = world.alice.call("bob");
    await world.run(upMs);
    calling.call.hangUp();
    await world.run(2);
    world.breaks();
    await world.run(upMs);
    expect(world.bob.last.events.at(-1)).toBe("ended by peer: ");
    expect(await world.settled()).toEqual(nothing);
  });

  test("of a forked twin does not end the call", async () => {
    const world = new TwoAgents();
    const calling = world.alice.call("bob");
    await world.run(upMs);
    const bye = world.injectRequest({ method: "OPTIONS" }, world.alice);
    const from = addressOf("bob", "test.example", undefined);
    world.inject(
      {
        ...bye,
        method: "BYE",
        cseq: { number: 90_000, method: "BYE" },
        from: { ...from, parameters: new Map([["tag", "twin"]]) },
        via: bye.via.map((via) => ({ ...via, parameters: new Map([["branch", "z9hG4bKtwin"]]) })),
      },
      world.alice,
    );
    await world.run(20);
    expect(world.sent.at(-1)).toBe("alice 481 BYE");
    expect(calling.call.state).toBe("up");
  });
});

describe("an answer", () => {
  test("behind a refusal is acknowledged and let go", async () => {
    const world = new TwoAgents();
    world.bob.onCall = (call) => call.reject(486);
    const calling = world.alice.call("bob");
    await world.run(upMs);
    const refusal = world.last("bob 486 INVITE");
    if (refusal.kind !== "response") throw new Error("no refusal");
    world.sent.length = 0;
    const contacts = [addressOf("twin", "10.0.0.2", 5060)];
    world.inject({ ...refusal, status: 200, reason: "OK", contacts }, world.alice);
    await world.run(upMs);
    expect(world.sent.filter((line) => line.startsWith("alice"))).toEqual([
      "alice ACK",
      "alice BYE",
    ]);
    expect(calling.events).toEqual(["ended by peer: Busy Here"]);
    expect(await world.settled()).toEqual(nothing);
  });

  test("to a call that was given up does not touch its media", async () => {
    const world = new TwoAgents();
    world.loses = (line) => line === "alice CANCEL";
    world.bob.onCall = (call) => call.ring();
    const calling = world.alice.call("bob");
    await world.run(upMs);
    calling.call.hangUp();
    world.bob.last.call.accept(world.bob.last.media);
    await world.run(upMs);
    expect(calling.media.steps).toEqual([]);
    expect(world.bob.last.events.at(-1)).toBe("ended by peer: ");
    expect(await world.settled()).toEqual(nothing);
  });

  test.each([
    ["BYE of the caller", "bob 487 INVITE"],
    ["CANCEL of the caller", "bob 487 INVITE"],
    ["the called side", "bob 480 INVITE"],
    ["a broken connection", undefined],
  ])("held back for a PRACK can still be taken back by %s", async (who, answer) => {
    const world = new TwoAgents(who === "a broken connection");
    world.changes = (message) =>
      message.kind === "request" && message.method === "INVITE"
        ? { ...message, headers: [...message.headers, { name: "Require", value: "100rel" }] }
        : message;
    world.loses = (line) => line === "alice PRACK";
    const calling = world.alice.call("bob");
    await world.run(upMs);
    expect(world.bob.last.call.state).toBe("accepting");
    if (who === "BYE of the caller") world.injectRequest({ method: "BYE" }, world.bob);
    else if (who === "CANCEL of the caller") calling.call.hangUp();
    else if (who === "the called side") world.bob.last.call.hangUp();
    else world.breaks();
    await world.run(upMs);
    expect(world.sent.find((line) => /^bob [2-6]\d\d INVITE/.test(line))).toBe(answer);
    expect([ends(calling), ends(world.bob.last)]).toEqual([1, 1]);
    expect(await world.settled()).toEqual(nothing);
  });
});

describe("closing a user agent", () => {
  test("ends every call, in whatever state, and leaves no timer", async () => {
    const world = new TwoAgents();
    const transferring = world.alice.call("bob");
    await world.run(upMs);
    world.bob.onCall = (call) => call.ring();
    world.alice.call("bob");
    world.alice.call("nobody");
    await world.run(12);
    const target = parseUri("sip:300@test.example");
    if (target === undefined) throw new Error("no target");
    const outcome = transferring.call.transfer(target);
    world.alice.agent.close();
    world.bob.agent.close();
    for (const diary of [...world.alice.diaries, ...world.bob.diaries]) {
      expect(ends(diary)).toBe(1);
    }
    expect(await outcome).toMatchObject({ ok: false });
    await world.run(20_000);
    expect(world.clock.timers).toBe(0);
  });
});
