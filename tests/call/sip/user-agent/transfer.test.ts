import { describe, expect, test } from "bun:test";
import { createResponse } from "../../../../src/call/sip/message/create-response.ts";
import { headerValue, type SipHeader } from "../../../../src/call/sip/message/sip-message.ts";
import { parseUri } from "../../../../src/call/sip/message/uri.ts";
import type { TransferOutcome } from "../../../../src/call/sip/user-agent/transfer.ts";
import { addressOf, TwoAgents } from "./two-agents.ts";

const upMs = 100;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const target = addressOf("300", "test.example", undefined).uri;

/** alice hands bob to 300; the wire answers her REFER. */
async function transferring(status = 202, headers: SipHeader[] = []) {
  const world = new TwoAgents();
  const calling = world.alice.call("bob");
  await world.run(upMs);
  world.intercepts = (line, message) =>
    line === "alice REFER" ? createResponse(message, status, { headers }) : undefined;
  const outcomes: TransferOutcome[] = [];
  void calling.call.transfer(target).then((outcome) => outcomes.push(outcome));
  const notify = async (body: string, state = "active", event = "refer"): Promise<void> => {
    const lines = [
      { name: "Event", value: event },
      { name: "Subscription-State", value: state },
      { name: "Content-Type", value: "message/sipfrag;version=2.0" },
    ];
    world.injectRequest({ method: "NOTIFY", headers: lines, body: encode(body) }, world.alice);
    await world.run(upMs);
  };
  return { world, calling, outcomes, notify };
}

describe("a transfer", () => {
  test("that the peer reports as done ends our call with a BYE", async () => {
    const { world, calling, outcomes, notify } = await transferring();
    await world.run(20);
    await notify("SIP/2.0 100 Trying");
    await notify("SIP/2.0 180 Ringing\r\n");
    expect(outcomes).toEqual([]);
    await notify("SIP/2.0 200 OK\r\n", "terminated;reason=noresource", "refer;id=93809824");
    expect(outcomes).toEqual([{ ok: true }]);
    expect(calling.events.at(-1)).toBe("ended by us: transferred");
    expect(world.sent).toContain("alice BYE");
  });

  test("may be reported before its 202 is there", async () => {
    const { world, outcomes, notify } = await transferring();
    world.delayMs = () => 50;
    await notify("SIP/2.0 200 OK", "terminated");
    expect(world.sent).toContain("alice 200 NOTIFY");
    expect(outcomes).toEqual([{ ok: true }]);
  });

  test.each([
    ["SIP/2.0 486 Busy Here", "terminated", 486],
    ["sip/2.0 404 Not Found\r\nServer: x", "active", 404],
    ["", "terminated;reason=timeout", 500],
    ["SIP/2.0 100 Trying", "terminated;reason=giveup", 500],
    ["nonsense", "terminated", 500],
  ])("reported with %j (%s) has failed, and the call goes on", async (body, state, status) => {
    const { world, calling, outcomes, notify } = await transferring();
    await world.run(20);
    await notify(body, state);
    expect(outcomes).toMatchObject([{ ok: false, status }]);
    expect(calling.call.state).toBe("up");
    expect(world.sent).not.toContain("alice BYE");
  });

  test("reported with what is no report goes on", async () => {
    const { world, outcomes, notify } = await transferring();
    await world.run(20);
    await notify("nonsense");
    await notify("SIP/2.0 200 OK", "terminated", "presence");
    expect(world.sent.at(-1)).toBe("alice 481 NOTIFY");
    expect(outcomes).toEqual([]);
  });

  test("of which the peer will not report counts as done when it is accepted", async () => {
    const unreported = [{ name: "Refer-Sub", value: "false" }];
    const { world, calling, outcomes } = await transferring(202, unreported);
    await world.run(upMs);
    expect(outcomes).toEqual([{ ok: true }]);
    expect(calling.call.state).toBe("ended");
  });

  test("counts as done when the peer hangs up behind its 202", async () => {
    const { world, outcomes } = await transferring();
    await world.run(20);
    world.bob.last.call.hangUp();
    await world.run(upMs);
    expect(outcomes).toEqual([{ ok: true }]);
  });

  test("has failed when the peer hangs up before it", async () => {
    const { world, outcomes } = await transferring();
    world.loses = (line) => line === "alice REFER";
    world.bob.last.call.hangUp();
    await world.run(upMs);
    expect(outcomes).toMatchObject([{ ok: false, status: 481 }]);
  });

  test("has failed when we hang up meanwhile", async () => {
    const { world, calling, outcomes } = await transferring();
    await world.run(20);
    calling.call.hangUp();
    await world.run(upMs);
    expect(outcomes).toMatchObject([{ ok: false, status: 481 }]);
  });

  test("is one at a time, and the next may follow a failed one", async () => {
    const { world, calling, outcomes, notify } = await transferring();
    await world.run(20);
    expect(await calling.call.transfer(target)).toMatchObject({ ok: false, status: 491 });
    await notify("SIP/2.0 486 Busy Here", "terminated");
    void calling.call.transfer(target).then((outcome) => outcomes.push(outcome));
    await world.run(20);
    await notify("SIP/2.0 200 OK", "terminated");
    expect(outcomes.at(-1)).toEqual({ ok: true });
  });
});

test("an attended transfer names the other call as its peer sees it (RFC 3891)", async () => {
  const { world, calling } = await transferring();
  await world.run(20);
  const invite = world.last("alice INVITE");
  const { localTag, callId } = world.bob.last.call;
  const fromTag = invite.from.parameters.get("tag");
  const replaces = calling.call.replaces;
  expect(replaces).toBe(`${callId};to-tag=${localTag};from-tag=${fromTag}`);
  const other = new TwoAgents();
  const consulting = other.alice.call("bob");
  await other.run(upMs);
  void consulting.call.transfer(target, replaces);
  await other.run(20);
  const referTo = headerValue(other.last("alice REFER"), "Refer-To") ?? "";
  const uri = parseUri(referTo.slice(1, -1));
  const headers = uri !== undefined && "headers" in uri ? uri.headers : undefined;
  expect(decodeURIComponent(headers ?? "")).toBe(`Replaces=${replaces}`);
});
