import { describe, expect, test } from "bun:test";
import { TwoAgents } from "./two-agents.ts";

const upMs = 100;

async function connected(world: TwoAgents) {
  const calling = world.alice.call("bob");
  await world.run(upMs);
  const called = world.bob.last;
  expect(calling.call.state).toBe("up");
  expect(called.call.state).toBe("up");
  return { calling, called };
}

describe.each([
  ["datagrams", false],
  ["a stream", true],
])("a call over %s", (_name, isReliable) => {
  test("is offered, answered, acknowledged, and ended by the caller", async () => {
    const world = new TwoAgents(isReliable);
    const { calling, called } = await connected(world);
    expect(calling.events).toEqual(["progress 180", "established"]);
    expect(called.events).toEqual(["established"]);
    expect(called.media.steps).toEqual(["answers offer 1"]);
    expect(calling.media.steps).toEqual(["accepts answer to offer 1"]);
    calling.call.hangUp();
    await world.run(upMs);
    expect(calling.events.at(-1)).toBe("ended by us: hung up");
    expect(called.events.at(-1)).toBe("ended by peer: ");
    expect(world.alice.agent.aliveCalls + world.bob.agent.aliveCalls).toBe(0);
    expect(world.sent).toEqual([
      "alice INVITE",
      "bob 180 INVITE",
      "bob 200 INVITE",
      "alice ACK",
      "alice BYE",
      "bob 200 BYE",
    ]);
  });

  test("is ended by the called side", async () => {
    const world = new TwoAgents(isReliable);
    const { calling, called } = await connected(world);
    called.call.hangUp();
    await world.run(upMs);
    expect(calling.events.at(-1)).toBe("ended by peer: ");
    expect(called.events.at(-1)).toBe("ended by us: hung up");
  });

  test("leaves no timer and no entry behind, a thousand times in a row", async () => {
    const world = new TwoAgents(isReliable);
    for (let call = 0; call < 1000; call += 1) {
      const { calling, called } = await connected(world);
      (call % 2 === 0 ? calling : called).call.hangUp();
      await world.run(20);
      world.sent.length = 0;
      world.alice.diaries.length = 0;
      world.bob.diaries.length = 0;
    }
    await world.run(70_000);
    expect(world.clock.timers).toBe(0);
    expect(world.alice.agent.status()).toMatchObject({ calls: 0, outgoing: 1000 });
    expect(world.bob.agent.status()).toMatchObject({ calls: 0, incoming: 1000 });
  });
});

describe("an answer", () => {
  test("is sent again until its ACK comes, and each copy is acknowledged", async () => {
    const world = new TwoAgents();
    let lost = 0;
    world.loses = (line) => line === "alice ACK" && (lost += 1) <= 3;
    world.alice.call("bob");
    await world.run(6000);
    expect(world.sent.filter((line) => line === "bob 200 INVITE")).toHaveLength(4);
    expect(world.sent.filter((line) => line === "alice ACK")).toHaveLength(4);
    expect(world.bob.last.events).toEqual(["established"]);
  });

  test("whose ACK never comes ends the call with a BYE after 32 seconds", async () => {
    const world = new TwoAgents();
    world.loses = (line) => line === "alice ACK";
    world.alice.call("bob");
    await world.run(31_900);
    expect(world.bob.last.call.state).toBe("accepting");
    await world.run(400);
    expect(world.bob.last.events).toEqual(["ended by network: no ACK came for our answer"]);
    expect(world.sent).toContain("bob BYE");
    expect(world.alice.last.events.at(-1)).toBe("ended by peer: ");
    await world.run(70_000);
    expect(world.clock.timers).toBe(0);
  });

  test("may be hung up before its ACK: the BYE waits for that", async () => {
    const world = new TwoAgents();
    let lost = 0;
    world.loses = (line) => line === "alice ACK" && (lost += 1) <= 1;
    world.alice.call("bob");
    await world.run(upMs);
    world.bob.last.call.hangUp("Q.850;cause=31");
    expect(world.bob.last.events).toEqual(["ended by us: Q.850;cause=31"]);
    await world.run(100);
    expect(world.sent).not.toContain("bob BYE");
    await world.run(600);
    expect(world.sent).toContain("bob BYE");
    expect(world.alice.last.events.at(-1)).toBe("ended by peer: normal");
    expect(world.bob.last.call.state).toBe("ended");
  });

  test("of the media's refusal is 488 with the reason", async () => {
    const world = new TwoAgents();
    world.bob.onCall = (call, media) => {
      media.refusal = "no codec of theirs is one of ours";
      call.accept(media);
    };
    const calling = world.alice.call("bob");
    await world.run(upMs);
    const reason = "Not Acceptable Here: no codec of theirs is one of ours";
    expect(calling.events).toEqual([`ended by peer: ${reason}`]);
    expect(world.bob.last.events).toEqual(["ended by us: no codec of theirs is one of ours"]);
  });

  test("that the caller's media cannot use ends the call", async () => {
    const world = new TwoAgents();
    const calling = world.alice.call("bob");
    calling.media.problem = "the answer has no codec";
    await world.run(upMs);
    expect(calling.events).toEqual(["progress 180", "ended by network: the answer has no codec"]);
    expect(world.sent).toContain("alice BYE");
  });
});

describe("giving up", () => {
  test("while it rings cancels the call on both sides", async () => {
    const world = new TwoAgents();
    world.bob.onCall = (call) => call.ring();
    const calling = world.alice.call("bob");
    await world.run(upMs);
    calling.call.hangUp();
    await world.run(upMs);
    expect(calling.events).toEqual(["progress 180", "ended by us: hung up"]);
    expect(world.bob.last.events).toEqual(["ended by peer: cancelled by the caller"]);
    expect(world.sent.slice(2)).toEqual([
      "alice CANCEL",
      "bob 200 CANCEL",
      "bob 487 INVITE",
      "alice ACK",
    ]);
    await world.run(70_000);
    expect(world.clock.timers).toBe(0);
  });

  test("when the answer is faster than the CANCEL is an ACK and a BYE", async () => {
    const world = new TwoAgents();
    world.bob.onCall = (call) => call.ring();
    const calling = world.alice.call("bob");
    await world.run(upMs);
    const called = world.bob.last;
    called.call.accept(called.media);
    calling.call.hangUp();
    await world.run(upMs);
    expect(calling.events).toEqual(["progress 180", "ended by us: hung up"]);
    expect(world.sent).toContain("alice BYE");
    expect(called.events.at(-1)).toBe("ended by peer: ");
    await world.run(70_000);
    expect(world.clock.timers).toBe(0);
  });

  test("before any sign of life waits with its CANCEL", async () => {
    const world = new TwoAgents();
    world.loses = (line) => line.startsWith("bob");
    const calling = world.alice.call("bob");
    await world.run(upMs);
    calling.call.hangUp();
    await world.run(upMs);
    expect(calling.events).toEqual(["ended by us: hung up"]);
    expect(world.sent).not.toContain("alice CANCEL");
    await world.run(100_000);
    expect(calling.call.state).toBe("ended");
    expect(world.clock.timers).toBe(0);
  });

  test("a peer that never answers ends the call", async () => {
    const world = new TwoAgents();
    world.loses = () => true;
    const calling = world.alice.call("bob");
    await world.run(33_000);
    expect(calling.events).toEqual(["ended by peer: nobody answered"]);
  });
});

test("the fifth call is refused as busy, and the place of an ended one is free again", async () => {
  const world = new TwoAgents();
  const calls = [1, 2, 3, 4].map(() => world.alice.call("bob"));
  await world.run(upMs);
  expect(() => world.alice.call("bob")).toThrow("busy");
  expect(world.bob.agent.aliveCalls).toBe(4);
  calls[0]?.call.hangUp();
  await world.run(upMs);
  const again = world.alice.call("bob");
  await world.run(upMs);
  expect(again.call.state).toBe("up");
});

test("a call for nobody here is answered 404 and counted", async () => {
  const world = new TwoAgents();
  const calling = world.alice.call("eve");
  await world.run(upMs);
  expect(calling.events).toEqual(["ended by peer: Not Found"]);
  expect(world.bob.agent.counters.unknownUser).toBe(1);
});
