import { describe, expect, test } from "bun:test";
import { createResponse } from "../../../../src/call/sip/message/create-response.ts";
import {
  headerValue,
  type SipHeader,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from "../../../../src/call/sip/message/sip-message.ts";
import { addressOf, TwoAgents } from "./two-agents.ts";

const upMs = 100;
const sdpType: SipHeader = { name: "Content-Type", value: "application/sdp" };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** alice calls somebody whose every word is injected. */
async function callingSilence() {
  const world = new TwoAgents();
  world.bob.onCall = () => undefined;
  world.loses = (line) => line.startsWith("bob");
  const calling = world.alice.call("bob");
  await world.run(20);
  const invite = (): SipRequest => {
    const message = world.last("alice INVITE");
    if (message.kind !== "request") throw new Error("no INVITE");
    return message;
  };
  const says = async (status: number, parts: Partial<SipResponse> = {}, tag = "b1") => {
    const contacts = [addressOf("bob", "10.0.0.2", 5060)];
    const response = createResponse(invite(), status, { toTag: tag, contacts });
    world.inject({ ...response, ...parts }, world.alice);
    await world.run(20);
  };
  return { world, calling, says };
}

const reliably = (number: number): readonly SipHeader[] => [
  { name: "Require", value: "100rel" },
  { name: "RSeq", value: String(number) },
];

function racks(messages: readonly SipMessage[]): string[] {
  return messages
    .filter((message) => message.kind === "request" && message.method === "PRACK")
    .map((message) => headerValue(message, "RAck") ?? "");
}

describe("provisional answers to a call of ours", () => {
  test("that are reliable get their PRACK in order, and copies get none", async () => {
    const { world, says, calling } = await callingSilence();
    await says(183, { headers: reliably(40) });
    await says(183, { headers: reliably(40) });
    await says(180, { headers: reliably(42) });
    await says(180, { headers: reliably(41) });
    await says(180, { headers: reliably(42) });
    const cseq = headerless(world).cseq.number;
    const numbers = racks(world.messages).map((rack) => rack.split(" ")[0]);
    expect([...new Set(numbers)]).toEqual(["40", "41", "42"]);
    expect(racks(world.messages)[0]).toBe(`40 ${cseq} INVITE`);
    await says(200, { headers: [sdpType], body: encode("answer") });
    expect(calling.call.state).toBe("up");
    const bye = world.sent.length;
    calling.call.hangUp();
    await world.run(20);
    const last = world.messages[bye];
    expect(last?.kind === "request" && last.cseq.number).toBeGreaterThan(cseq + 3 - 1);
  });

  test("that say nothing of reliability get no PRACK", async () => {
    const { world, says } = await callingSilence();
    await says(180);
    await says(183, { headers: [{ name: "RSeq", value: "7" }] });
    await says(183, { headers: [{ name: "Require", value: "100rel" }] });
    expect(world.sent).not.toContain("alice PRACK");
  });

  test("hold the description that the 200 leaves out", async () => {
    const { calling, says } = await callingSilence();
    await says(183, { headers: [sdpType], body: encode("early of another") }, "b2");
    await says(183, { headers: [sdpType], body: encode("early") });
    await says(200);
    expect(calling.media.steps).toEqual(["accepts early"]);
    expect(calling.call.state).toBe("up");
  });

  test("give way to the description of the 200", async () => {
    const { calling, says } = await callingSilence();
    await says(183, { headers: [sdpType], body: encode("early") });
    await says(200, { headers: [sdpType], body: encode("late") });
    expect(calling.media.steps).toEqual(["accepts late"]);
  });

  test.each([180, 181, 182, 183, 199])("of %i are told", async (status) => {
    const { calling, says } = await callingSilence();
    await says(status);
    expect(calling.events).toEqual([`progress ${status}`]);
    expect(calling.call.state).toBe("ringing");
  });

  test("of thousands of peers are bounded", async () => {
    const { world, says } = await callingSilence();
    for (let peer = 0; peer < 40; peer += 1) {
      await says(183, { headers: reliably(1) }, `peer${peer}`);
    }
    const peers = world.messages.filter(
      (message) => message.kind === "request" && message.method === "PRACK",
    );
    const tags = new Set(peers.map(({ to }) => to.parameters.get("tag")));
    expect(tags.size).toBe(32);
  });
});

function headerless(world: TwoAgents): SipRequest {
  const message = world.last("alice INVITE");
  if (message.kind !== "request") throw new Error("no INVITE");
  return message;
}

describe("requests before the call is up", () => {
  const cases: [string, Partial<SipRequest>, number, number][] = [
    ["UPDATE", {}, 200, 200],
    ["UPDATE", { headers: [sdpType], body: encode("offer") }, 491, 500],
    ["INVITE", { headers: [sdpType], body: encode("offer") }, 491, 500],
    ["INFO", {}, 200, 200],
    ["INFO", { headers: [{ name: "Content-Type", value: "text/x" }], body: encode("x") }, 415, 415],
    ["OPTIONS", {}, 200, 200],
    ["REFER", {}, 603, 603],
    ["NOTIFY", {}, 481, 481],
    ["PRACK", {}, 481, 481],
    ["MESSAGE", {}, 405, 405],
    ["UPDATE", { headers: [{ name: "Require", value: "precondition" }] }, 420, 420],
  ];

  test.each(cases)("%s %o is answered %i by the caller, %i by the called side", async (...row) => {
    const [method, parts, byCaller, byCalled] = row;
    const { headers = [], body } = parts;
    const request = { method, headers, ...(body === undefined ? {} : { body }) };
    const world = new TwoAgents();
    world.bob.onCall = (call) => call.ring();
    const calling = world.alice.call("bob");
    await world.run(upMs);
    world.injectRequest(request, world.alice);
    expect(world.sent.at(-1)).toBe(`alice ${byCaller} ${method}`);
    world.injectRequest(request, world.bob);
    expect(world.sent.at(-1)).toBe(`bob ${byCalled} ${method}`);
    const last = world.messages.at(-1);
    expect(last?.to.parameters.get("tag")).toBe(world.bob.last.call.localTag);
    expect([calling.call.state, world.bob.last.call.state]).toEqual(["ringing", "incoming"]);
    const { call, media } = world.bob.last;
    call.accept(media);
    await world.run(upMs);
    expect([calling.call.state, call.state]).toEqual(["up", "up"]);
  });

  test("INFO with a digit is told", async () => {
    const world = new TwoAgents();
    world.bob.onCall = (call) => call.ring();
    world.alice.call("bob");
    await world.run(upMs);
    const type = { name: "Content-Type", value: "application/dtmf-relay" };
    const info = { method: "INFO", headers: [type], body: encode("Signal=5\r\n") };
    world.injectRequest(info, world.bob);
    expect(world.bob.last.events).toEqual(["digit 5"]);
  });

  test("BYE of the caller refuses its INVITE", async () => {
    const world = new TwoAgents();
    world.bob.onCall = (call) => call.ring();
    world.alice.call("bob");
    await world.run(upMs);
    world.injectRequest({ method: "BYE" }, world.bob);
    expect(world.sent.slice(-2)).toEqual(["bob 200 BYE", "bob 487 INVITE"]);
    expect(world.bob.last.events).toEqual(["ended by peer: cancelled by the caller"]);
  });
});

function withoutOffer(headers: readonly SipHeader[] = []) {
  const world = new TwoAgents();
  world.changes = (message) => {
    if (message.kind !== "request") return message;
    if (message.method === "INVITE") {
      const others = message.headers.filter(({ name }) => name !== "Content-Type");
      return { ...message, headers: [...others, ...headers], body: new Uint8Array(0) };
    }
    if (message.method !== "ACK") return message;
    return { ...message, headers: [sdpType], body: encode("answer in ACK") };
  };
  return world;
}

describe("calls without an offer", () => {
  test("get ours in the 200, and theirs comes with the ACK", async () => {
    const world = withoutOffer();
    world.alice.call("bob");
    await world.run(upMs);
    expect(world.bob.last.media.steps).toEqual(["accepts answer in ACK"]);
    expect(world.bob.last.events).toEqual(["established"]);
  });

  test("and with an answer that is of no use are ended", async () => {
    const world = withoutOffer();
    world.bob.onCall = (call, media) => {
      media.problem = "no codec";
      call.accept(media);
    };
    world.alice.call("bob");
    await world.run(upMs);
    expect(world.bob.last.events).toEqual(["ended by network: no codec"]);
    expect(world.sent).toContain("bob BYE");
  });

  test("and hung up before their ACK do not touch the media any more", async () => {
    const world = withoutOffer();
    world.loses = (line) => line === "alice ACK";
    world.alice.call("bob");
    await world.run(upMs);
    const { call, media, events } = world.bob.last;
    call.hangUp();
    world.injectRequest({ method: "INFO" }, world.bob);
    expect(world.sent.at(-1)).toBe("bob 481 INFO");
    world.loses = () => false;
    await world.run(1000);
    expect(world.sent).toContain("bob BYE");
    expect(media.steps).toEqual([]);
    expect(events).toEqual(["ended by us: hung up"]);
  });

  test("that require reliable answers are not told that it rings, only that it is up", async () => {
    const world = withoutOffer([{ name: "Require", value: "100rel" }]);
    world.alice.call("bob");
    await world.run(upMs);
    expect(world.sent.filter((line) => line.startsWith("bob 1"))).toEqual([]);
    expect(world.bob.last.events).toEqual(["established"]);
  });

  test("take no further offer before theirs is answered", async () => {
    const world = withoutOffer();
    world.loses = (line) => line === "alice ACK";
    world.alice.call("bob");
    await world.run(upMs);
    const parts = { headers: [sdpType], body: encode("offer") };
    world.injectRequest({ method: "UPDATE", ...parts }, world.bob);
    expect(world.sent.at(-1)).toBe("bob 491 UPDATE");
    world.injectRequest({ method: "UPDATE" }, world.bob);
    expect(world.sent.at(-1)).toBe("bob 200 UPDATE");
  });
});

test("a re-INVITE before the ACK shows that our answer is there", async () => {
  const world = new TwoAgents();
  world.loses = (line) => line === "alice ACK";
  world.alice.call("bob");
  await world.run(upMs);
  expect(world.bob.last.call.state).toBe("accepting");
  world.injectRequest({ method: "INVITE", headers: [sdpType], body: encode("hold") }, world.bob);
  expect(world.bob.last.events).toEqual(["established"]);
  expect(world.bob.last.media.steps.at(-1)).toBe("answers hold");
  expect(world.sent.at(-1)).toBe("bob 200 INVITE");
});

function preferred(user: string, q: string, headers?: string) {
  const address = addressOf(user, "10.0.0.9", undefined);
  return { ...address, uri: { ...address.uri, headers }, parameters: new Map([["q", q]]) };
}

describe("a call that is sent elsewhere", () => {
  test("goes to the address that the peer prefers, with To as it was and without its headers", async () => {
    const { world, says } = await callingSilence();
    const contacts = [preferred("second", "0.3"), preferred("first", "0.9", "Replaces=x")];
    await says(302, { contacts });
    const again = headerless(world);
    expect(again.uri).toMatchObject({ user: "first", headers: undefined });
    expect(again.to.uri).toMatchObject({ user: "bob" });
  });

  test.each([305, 380, 399])("by %i is refused", async (status) => {
    const { calling, says } = await callingSilence();
    await says(status);
    expect(calling.call.state).toBe("ended");
  });

  test("in a circle ends after five rounds", async () => {
    const { world, calling, says } = await callingSilence();
    for (let round = 0; round < 6; round += 1) await says(302);
    expect(calling.call.state).toBe("ended");
    const numbers = world.messages.flatMap((message) =>
      message.kind === "request" && message.method === "INVITE" ? [message.cseq.number] : [],
    );
    expect(new Set(numbers).size).toBe(6);
  });

  test("by a peer that wants longer sessions says that it has understood", async () => {
    const { world, says, calling } = await callingSilence();
    await says(422, { headers: [{ name: "Min-SE", value: "2400" }] });
    const again = headerless(world);
    expect(headerValue(again, "Session-Expires")).toBe("2400");
    expect(headerValue(again, "Min-SE")).toBe("2400");
    await says(422, { headers: [{ name: "Min-SE", value: "2400" }] });
    expect(calling.call.state).toBe("ended");
  });

  test("by a peer that needs reliable answers offers them", async () => {
    const { world, says } = await callingSilence();
    expect(headerValue(headerless(world), "Supported")).toBe("timer");
    await says(421, { headers: [{ name: "Require", value: "100rel" }] });
    expect(headerValue(headerless(world), "Supported")).toBe("100rel, timer");
  });
});

test("a peer without a tag has its call like everybody else", async () => {
  const { world, calling, says } = await callingSilence();
  const to = addressOf("bob", "test.example", undefined);
  await says(200, { to, headers: [sdpType], body: encode("answer") });
  await says(200, { to, headers: [sdpType], body: encode("answer") });
  expect(world.sent.filter((line) => line === "alice ACK")).toHaveLength(2);
  expect(calling.call.state).toBe("up");
  calling.call.hangUp();
  await world.run(20);
  expect(world.last("alice BYE").to.parameters.size).toBe(0);
});
