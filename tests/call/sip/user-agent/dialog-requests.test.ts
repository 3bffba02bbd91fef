import { describe, expect, test } from "bun:test";
import { DigestSession } from "../../../../src/call/sip/digest/digest-session.ts";
import { createResponse } from "../../../../src/call/sip/message/create-response.ts";
import { parseUri } from "../../../../src/call/sip/message/uri.ts";
import {
  headerValue,
  type SipMessage,
  type SipRequest,
} from "../../../../src/call/sip/message/sip-message.ts";
import { addressOf, type Agent, TwoAgents } from "./two-agents.ts";

const upMs = 100;

async function connected(world = new TwoAgents()) {
  const calling = world.alice.call("bob");
  await world.run(upMs);
  world.sent.length = 0;
  world.messages.length = 0;
  return { world, calling, called: world.bob.last };
}

/** A proxy in the middle that wants credentials for each request, and never two nonces alike. */
function challenging(world: TwoAgents, methods: readonly string[]): void {
  let nonces = 0;
  const asked = new Set<string>();
  world.intercepts = (line, message) => {
    if (message.kind !== "request" || !methods.includes(message.method)) return undefined;
    if (
      !line.startsWith("alice") ||
      headerValue(message, "Proxy-Authorization")?.includes("last")
    ) {
      return undefined;
    }
    const isAgain = asked.has(message.method);
    asked.add(message.method);
    nonces += 1;
    const nonce = isAgain ? "last" : `first${nonces}`;
    const value = `Digest realm="proxy",nonce="${nonce}${nonces}",qop="auth",stale=true`;
    return createResponse(message, 407, { headers: [{ name: "Proxy-Authenticate", value }] });
  };
}

function withPassword(agent: Agent): void {
  let count = 0;
  agent.credentials = new DigestSession({
    user: agent.line.user,
    password: "secret",
    randomBytes: (length) => {
      count += 1;
      return new Uint8Array(length).fill(count);
    },
  });
}

const numbers = (messages: readonly SipMessage[], method: string) =>
  messages
    .filter((message): message is SipRequest => message.kind === "request")
    .filter((message) => message.method === method)
    .map(({ cseq }) => cseq.number);

describe("credentials", () => {
  test("are given for each request within a call, and its ACK repeats them", async () => {
    const world = new TwoAgents();
    withPassword(world.alice);
    challenging(world, ["INVITE", "BYE", "REFER"]);
    const calling = world.alice.call("bob");
    await world.run(upMs);
    expect(calling.call.state).toBe("up");
    expect(headerValue(world.last("alice ACK"), "Proxy-Authorization")).toContain("last");
    const held = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await held).toEqual({ ok: true });
    const target = parseUri("sip:300@test.example");
    if (target === undefined) throw new Error("no target");
    const outcome = calling.call.transfer(target);
    await world.run(upMs);
    expect(await outcome).toMatchObject({ status: 603 });
    calling.call.hangUp();
    await world.run(upMs);
    expect(world.bob.last.events.at(-1)).toBe("ended by peer: ");
    const sent = ["INVITE", "REFER", "BYE"].flatMap((method) => numbers(world.messages, method));
    expect(sent).toEqual(sent.toSorted((a, b) => a - b));
  });

  test("do not make a request go back behind one that was sent meanwhile", async () => {
    const { world, calling } = await connected();
    withPassword(world.alice);
    const hold = calling.call.setHeld(true);
    const target = parseUri("sip:300@test.example");
    if (target === undefined) throw new Error("no target");
    world.intercepts = (line, message) => {
      if (line !== "alice INVITE" || message.kind !== "request") return undefined;
      world.intercepts = () => undefined;
      const value = 'Digest realm="proxy",nonce="n"';
      return createResponse(message, 407, { headers: [{ name: "Proxy-Authenticate", value }] });
    };
    void calling.call.transfer(target);
    await world.run(upMs);
    expect(await hold).toEqual({ ok: true });
    const [refused, again] = numbers(world.messages, "INVITE");
    const [refer] = numbers(world.messages, "REFER");
    expect(refer).toBe((refused ?? 0) + 1);
    expect(again).toBe((refer ?? 0) + 1);
    expect(world.sent).not.toContain("bob 500 INVITE");
  });

  test("that nobody has leave a BYE unheard, and the call is over all the same", async () => {
    const { world, calling } = await connected();
    challenging(world, ["BYE"]);
    calling.call.hangUp();
    await world.run(upMs);
    expect(calling.call.state).toBe("ended");
    expect(world.alice.agent.status()).toMatchObject({ dialogs: 0 });
  });

  test("are not given for an INVITE that was taken back meanwhile", async () => {
    const world = new TwoAgents();
    withPassword(world.alice);
    challenging(world, ["INVITE"]);
    const calling = world.alice.call("bob");
    await world.run(2);
    calling.call.hangUp();
    await world.run(upMs);
    expect(world.sent).toEqual(["alice INVITE", "alice ACK"]);
    expect(calling.call.state).toBe("ended");
  });

  test("learn the next nonce from answers that are no challenge", async () => {
    const world = new TwoAgents();
    const observed: number[] = [];
    world.alice.credentials = {
      decorate: (request) => request,
      answer: () => ({ ok: false, problem: "no" }),
      observe: (_request, response) => observed.push(response.status),
    };
    const calling = world.alice.call("bob");
    await world.run(upMs);
    calling.call.hangUp();
    await world.run(upMs);
    expect(observed).toEqual([200, 200]);
  });
});

describe("the way of requests within a call", () => {
  test("that leads nowhere is replaced by the one the call began on", async () => {
    const world = new TwoAgents();
    world.changes = (message) => {
      const contacts = [addressOf("bob", "elsewhere.example", undefined)];
      return message.kind === "response" && message.status === 200
        ? { ...message, contacts }
        : message;
    };
    world.alice.findFlow = () => Promise.reject(new Error("no such host"));
    const calling = world.alice.call("bob");
    await world.run(upMs);
    expect(world.bob.last.events).toEqual(["established"]);
    expect(world.alice.log.text()).toContain("leads nowhere");
    calling.call.hangUp();
    await world.run(upMs);
    expect(world.bob.last.events.at(-1)).toBe("ended by peer: ");
  });

  test("that is never found is given up after 15 seconds, and requests keep their order", async () => {
    const world = new TwoAgents();
    world.changes = (message) => {
      const contacts = [addressOf("bob", "elsewhere.example", undefined)];
      return message.kind === "response" && message.status === 200
        ? { ...message, contacts }
        : message;
    };
    world.alice.findFlow = () => Promise.withResolvers<never>().promise;
    const calling = world.alice.call("bob");
    await world.run(upMs);
    expect(world.sent).not.toContain("alice ACK");
    calling.call.hangUp();
    await world.run(16_000);
    const own = world.sent.filter((line) => /^alice (ACK|BYE)/.test(line));
    expect(own.slice(0, 2)).toEqual(["alice ACK", "alice BYE"]);
    await world.run(70_000);
    expect(world.clock.timers).toBe(0);
  });

  test("is not looked for before anything has to be sent", async () => {
    const world = new TwoAgents();
    let searches = 0;
    world.bob.findFlow = () => {
      searches += 1;
      return Promise.reject(new Error("no"));
    };
    world.bob.onCall = (call) => call.reject(486);
    world.alice.call("bob");
    await world.run(upMs);
    expect(searches).toBe(0);
  });

  test("to a private address told from a public one stays on the flow", async () => {
    const world = new TwoAgents();
    world.addresses.bob = "203.0.113.7";
    world.changes = (message) => {
      const contacts = [addressOf("bob", "192.168.1.5", 5060)];
      return message.kind === "response" && message.status === 200
        ? { ...message, contacts }
        : message;
    };
    const searched: string[] = [];
    const find = world.alice.findFlow;
    world.alice.findFlow = (target) => {
      searched.push(target.host);
      return find(target);
    };
    const { calling } = await connected(world);
    expect(searched).toEqual([]);
    expect(calling.call.state).toBe("up");
  });

  test("is another connection where the first one broke", async () => {
    const { world, calling, called } = await connected(new TwoAgents(true));
    world.breaks();
    expect([calling.call.state, called.call.state]).toEqual(["up", "up"]);
    const held = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await held).toEqual({ ok: true });
    calling.call.hangUp();
    await world.run(upMs);
    expect(called.events.at(-1)).toBe("ended by peer: ");
  });

  test("that breaks under a change leaves the call as it was", async () => {
    const { world, calling } = await connected(new TwoAgents(true));
    const held = calling.call.setHeld(true);
    await world.run(2);
    world.breaks();
    await world.run(upMs);
    expect(await held).toMatchObject({ ok: false, status: 503 });
    expect(calling.call.state).toBe("up");
    const again = calling.call.setHeld(true);
    await world.run(upMs);
    expect(await again).toEqual({ ok: true });
  });

  test("that cannot be found any more still ends a call", async () => {
    const { world, calling } = await connected(new TwoAgents(true));
    world.breaks();
    world.isReachable = false;
    calling.call.hangUp();
    await world.run(upMs);
    expect(calling.call.state).toBe("ended");
    expect(world.alice.agent.status()).toMatchObject({ dialogs: 0 });
  });
});

test("a reason that no message can hold does not keep a call from ending", async () => {
  const { world, calling } = await connected();
  calling.call.hangUp("two\r\nlines");
  await world.run(upMs);
  expect(calling.call.state).toBe("ended");
  expect(world.alice.log.text()).toContain("not sent");
});

test("requests and answers name the product, once", async () => {
  const world = new TwoAgents();
  world.alice.call("bob");
  await world.run(upMs);
  const names = world.messages.map((message) =>
    message.headers.filter(({ name }) => name === "User-Agent" || name === "Server"),
  );
  expect(names[0]).toEqual([{ name: "User-Agent", value: "alice/1" }]);
  expect(names[1]).toEqual([{ name: "Server", value: "bob/1" }]);
  expect(names.every((found) => found.length === 1)).toBe(true);
});
