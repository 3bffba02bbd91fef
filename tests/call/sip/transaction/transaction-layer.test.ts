import { describe, expect, test } from "bun:test";
import { nothingLeft, request, respond, Rig } from "./sip-rig.ts";

describe("1,000 in a row leave no timer and no entry", () => {
  test.each(["udp", "tcp"] as const)(
    "calls out over %s: INVITE refused, accepted, cancelled",
    (transport) => {
      const rig = new Rig();
      const flow = rig.flow(transport);
      for (let call = 0; call < 1000; call += 1) {
        const client = rig.client();
        const invite = rig.layer.request(request("INVITE"), flow, client.handlers);
        rig.layer.receive(respond(invite.request, 180), flow);
        if (call % 3 === 2) rig.layer.cancel(invite);
        rig.layer.receive(respond(invite.request, [486, 200, 487][call % 3] ?? 0), flow);
        expect(client.events).toHaveLength(2);
        rig.clock.advance(100);
      }
      rig.clock.advance(40_000);
      expect(rig.leftovers).toEqual(nothingLeft);
    },
  );

  test.each(["udp", "tcp"] as const)(
    "calls in over %s: answered or refused, then BYE",
    (transport) => {
      const rig = new Rig();
      const flow = rig.flow(transport);
      rig.onRequest = (transaction) => {
        const isRefused = transaction.request.callId.endsWith("7");
        transaction.respond(respond(transaction.request, isRefused ? 486 : 200));
      };
      for (let call = 0; call < 1000; call += 1) {
        const parts = { callId: `call-${call}` };
        const branch = `z9hG4bK${call}`;
        const isRefused = parts.callId.endsWith("7");
        rig.layer.receive(request("INVITE", { ...parts, branch }), flow);
        const ackBranch = isRefused ? branch : `${branch}a`;
        rig.layer.receive(request("ACK", { ...parts, branch: ackBranch, toTag: "to-tag" }), flow);
        rig.layer.receive(
          request("BYE", { ...parts, branch: `${branch}b`, toTag: "to-tag" }),
          flow,
        );
        rig.clock.advance(100);
      }
      expect(rig.acks).toHaveLength(900);
      rig.clock.advance(40_000);
      expect(rig.leftovers).toEqual(nothingLeft);
      expect(rig.layer.status()).toMatchObject({ taken: 2000, unacknowledged: 0, refused: 0 });
    },
  );
});

/** A layer whose three transactions are all taken by INVITEs that ring. */
function full() {
  const rig = new Rig({ serverTransactions: 3, retryAfterS: 7 });
  for (const number of [1, 2, 3]) {
    const parts = { branch: `z9hG4bK${number}`, callId: `call-${number}` };
    rig.layer.receive(request("INVITE", parts), rig.udp);
    rig.last.respond(respond(rig.last.request, 180));
  }
  rig.udp.sent.length = 0;
  return rig;
}

describe("the limit of transactions", () => {
  test("a request above it gets 503 with Retry-After, and nothing of it is kept", () => {
    const rig = full();
    const invite = request("INVITE", { branch: "z9hG4bK4", callId: "call-4" });
    rig.layer.receive(invite, rig.udp);
    rig.layer.receive(invite, rig.udp);
    expect(rig.udp.names).toEqual(["503", "503"]);
    const answers = rig.udp.sent.map(({ message }) => message);
    expect(answers[0]?.headers).toEqual([{ name: "Retry-After", value: "7" }]);
    expect(answers[0]?.to.parameters.get("tag")).toMatch(/^[0-9a-f]+$/);
    expect(answers[1]).toEqual(answers[0]);
    expect(rig.transactions).toHaveLength(3);
    expect(rig.layer.status()).toMatchObject({ servers: 3, refused: 2 });
  });

  test("copies, ACK and CANCEL of what is known get through", () => {
    const rig = full();
    const parts = { branch: "z9hG4bK1", callId: "call-1" };
    rig.layer.receive(request("INVITE", parts), rig.udp);
    rig.layer.receive(request("CANCEL", parts), rig.udp);
    rig.layer.receive(request("CANCEL", parts), rig.udp);
    rig.layer.receive(request("ACK", { branch: "z9hG4bK9", toTag: "to-tag" }), rig.udp);
    expect(rig.udp.names).toEqual(["180", "200", "200"]);
    expect(rig.events.slice(3)).toEqual(["0 cancelled INVITE", "0 ack"]);
    expect(rig.layer.status()).toMatchObject({ servers: 3, refused: 0 });
  });

  test("a 503 that the flow does not take is counted", () => {
    const rig = full();
    rig.udp.errno = "ENOBUFS";
    rig.layer.receive(request("OPTIONS", { branch: "z9hG4bK4", callId: "call-4" }), rig.udp);
    expect(rig.layer.status()).toMatchObject({ refused: 1, sendFailures: 1 });
  });

  test("is told once, and again only after it had eased", () => {
    const rig = full();
    const knock = (number: number): void => {
      const parts = { branch: `z9hG4bKx${number}`, callId: `other-${number}` };
      rig.layer.receive(request("OPTIONS", parts), rig.udp);
    };
    const warnings = (): number =>
      rig.memory.records.filter(({ level }) => level === "warn").length;
    for (let number = 0; number < 50; number += 1) knock(number);
    expect(warnings()).toBe(1);
    rig.layer.flowClosed(rig.udp, "ECONNRESET");
    for (let number = 50; number < 60; number += 1) knock(number);
    expect(warnings()).toBe(2);
    expect(rig.transactions).toHaveLength(6);
  });
});

describe("close", () => {
  const statuses = [undefined, 180, 200, 486];
  const kinds = (["udp", "tcp"] as const).flatMap((transport) =>
    ["INVITE", "OPTIONS"].flatMap((method) =>
      statuses.map((status) => ({ transport, method, status })),
    ),
  );

  test("ends everything at once, leaves no timer and tells nobody", () => {
    const rig = new Rig();
    const client = rig.client();
    for (const [number, { transport, method, status }] of kinds.entries()) {
      const flow = rig.flow(transport);
      const parts = { branch: `z9hG4bK${number}`, callId: `call-${number}` };
      rig.layer.receive(request(method, parts), flow);
      const sent = rig.layer.request(request(method), flow, client.handlers).request;
      if (status === undefined) continue;
      rig.last.respond(respond(rig.last.request, status));
      rig.layer.receive(respond(sent, status), flow);
    }
    rig.udp.errno = "EPERM";
    rig.layer.request(request("REGISTER"), rig.udp, client.handlers);
    const before = [...client.events, ...rig.events];
    expect(rig.clock.timers).toBeGreaterThan(10);

    rig.layer.close();
    expect(rig.leftovers).toEqual(nothingLeft);
    rig.clock.advance(100_000);
    expect([...client.events, ...rig.events]).toEqual(before);
  });

  test("after it nothing is sent, taken or reported", () => {
    const rig = new Rig();
    rig.layer.close();
    const client = rig.client();
    const transaction = rig.layer.request(request("INVITE"), rig.udp, client.handlers);
    rig.layer.cancel(transaction);
    transaction.abandon();
    rig.layer.receive(request("INVITE", { branch: "z9hG4bK1" }), rig.udp);
    rig.layer.flowClosed(rig.udp, "ECONNRESET");
    expect(rig.layer.send(request("ACK"), rig.udp)).toEqual({ ok: false, errno: "ECANCELED" });
    rig.clock.advance(100_000);
    expect(rig.udp.sent).toEqual([]);
    expect([...client.events, ...rig.events]).toEqual([]);
    expect(rig.leftovers).toEqual(nothingLeft);
  });

  test("may be called by a handler, and by the user of a request", () => {
    const rig = new Rig();
    const client = rig.client();
    const { request: sent } = rig.layer.request(request("INVITE"), rig.udp, {
      ...client.handlers,
      final: () => rig.layer.close(),
    });
    rig.layer.receive(respond(sent, 486), rig.udp);
    expect(rig.leftovers).toEqual(nothingLeft);

    const other = new Rig();
    other.onRequest = () => other.layer.close();
    other.layer.receive(request("INVITE", { branch: "z9hG4bK1" }), other.udp);
    other.last.respond(respond(other.last.request, 200));
    expect(other.udp.sent).toEqual([]);
    expect(other.leftovers).toEqual(nothingLeft);
  });
});

test("records for people hold no number of a caller", () => {
  const rig = new Rig({ serverTransactions: 1 });
  rig.layer.receive(request("INVITE", { branch: "z9hG4bK1", callId: "call-4930" }), rig.udp);
  rig.layer.receive(request("INVITE", { branch: "z9hG4bK2", callId: "other-4930" }), rig.udp);
  rig.layer.receive(respond(request("INVITE", { branch: "z9hG4bK3" }), 200), rig.udp);
  expect(rig.memory.records.length).toBeGreaterThan(1);
  expect(rig.memory.text()).not.toMatch(/4930|sip:|example\.net/);
});
