/** Two layers that talk in real bytes over datagrams which are lost, doubled and late, as a seed decides. */
import { describe, expect, test } from "bun:test";
import { parseSipMessage } from "../../../../src/call/sip/message/parse-sip-message.ts";
import { serialiseSip } from "../../../../src/call/sip/message/serialise-sip.ts";
import type { SipMessage } from "../../../../src/call/sip/message/sip-message.ts";
import { TransactionLayer } from "../../../../src/call/sip/transaction/transaction-layer.ts";
import type { TransactionUser } from "../../../../src/call/sip/transaction/transaction-user.ts";
import type { FlowSendOutcome, SipFlow } from "../../../../src/call/sip/transport/sip-flow.ts";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { createMemoryLog } from "../../../fakes/memory-log.ts";
import { request, respond } from "./sip-rig.ts";

interface Link {
  readonly clock: FakeClock;
  readonly random: () => number;
  /** Share of datagrams that are lost. */
  readonly loss: number;
}

class LossyFlow implements SipFlow {
  readonly transport = "udp";
  readonly isReliable = false;
  readonly isOpen = true;
  readonly local: { address: string; port: number };
  readonly remote: { address: string; port: number };
  deliver: (message: SipMessage) => void = () => undefined;
  readonly #link: Link;

  constructor(link: Link, localPort: number, remotePort: number) {
    this.#link = link;
    this.local = { address: "192.0.2.1", port: localPort };
    this.remote = { address: "192.0.2.1", port: remotePort };
  }

  send(bytes: Uint8Array): FlowSendOutcome {
    const { clock, random, loss } = this.#link;
    const parsed = parseSipMessage(bytes);
    if (parsed.kind !== "message") throw new Error("what was sent is no SIP message");
    const copies = random() < 0.1 ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (random() < loss) continue;
      clock.after(1 + Math.floor(random() * 300), () => this.deliver(parsed.message));
    }
    return { ok: true };
  }
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function unexpected(): never {
  throw new Error("the caller was asked something");
}

function connect(seed: number, loss: number, user: TransactionUser) {
  const clock = new FakeClock();
  const random = seeded(seed);
  const link: Link = { clock, random, loss };
  const here = new LossyFlow(link, 5070, 5060);
  const there = new LossyFlow(link, 5060, 5070);
  const createLayer = (layerUser: TransactionUser): TransactionLayer =>
    new TransactionLayer({
      clock,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => random() * 256),
      log: createMemoryLog(clock).log,
      user: layerUser,
      serialise: serialiseSip,
    });
  const caller = createLayer({
    request: unexpected,
    cancelled: unexpected,
    ack: unexpected,
    unacknowledged: unexpected,
  });
  const callee = createLayer(user);
  here.deliver = (message) => callee.receive(message, there);
  there.deliver = (message) => caller.receive(message, here);
  return { clock, here, caller, callee };
}

const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

const calls = Array.from({ length: 20 }, (_, index) => `call-${index}`);

/** Sends 20 requests, which are all refused with 404, and waits until all is over. */
function ask(seed: number, loss: number, method: string) {
  const handedUp: string[] = [];
  const ends: string[] = [];
  let unacknowledged = 0;
  const { clock, here, caller, callee } = connect(seed, loss, {
    request: (transaction) => {
      handedUp.push(transaction.request.callId);
      transaction.respond(respond(transaction.request, 404));
    },
    cancelled: () => expect.unreachable(),
    ack: () => expect.unreachable(),
    unacknowledged: () => {
      unacknowledged += 1;
    },
  });
  for (const callId of calls) {
    caller.request(request(method, { callId }), here, {
      provisional: () => undefined,
      final: ({ status }) => ends.push(`${callId} ${status}`),
      timedOut: () => ends.push(`${callId} timed out`),
      failed: () => expect.unreachable(),
    });
  }
  clock.advance(100_000);
  const alive = [caller.status().clients, callee.status().servers, clock.timers];
  return { handedUp: handedUp.toSorted(), ends, unacknowledged, alive };
}

describe.each(["OPTIONS", "INVITE"])("%s over a bad line", (method) => {
  test.each([0, 0.2])("with %d lost: each is handed up once and refused once", (loss) => {
    for (const seed of seeds) {
      const { handedUp, ends, unacknowledged, alive } = ask(seed, loss, method);
      expect(handedUp).toEqual(calls.toSorted());
      expect(ends.toSorted()).toEqual(calls.map((callId) => `${callId} 404`).toSorted());
      expect(unacknowledged).toBe(0);
      expect(alive).toEqual([0, 0, 0]);
    }
  });

  test("with most lost: some time out, but none is handed up or ends twice", () => {
    const endings = new Set<string>();
    for (const seed of seeds) {
      const { handedUp, ends, alive } = ask(seed, 0.6, method);
      expect(new Set(handedUp).size).toBe(handedUp.length);
      const ended = ends.map((end) => end.slice(0, end.indexOf(" ")));
      expect(ended.toSorted()).toEqual(calls.toSorted());
      for (const end of ends) endings.add(end.replace(/^\S+ /, ""));
      expect(alive).toEqual([0, 0, 0]);
    }
    expect([...endings].toSorted()).toEqual(["404", "timed out"]);
  });
});

describe.each([0, 0.2])("CANCEL over a line with %d lost", (loss) => {
  test("an INVITE cancelled at any moment ends with 487, or with the 200 that was faster", () => {
    const outcomes = new Set<number>();
    for (const seed of seeds) {
      const random = seeded(seed + 1000);
      const finals = new Set<number>();
      let cancelled = 0;
      const { clock, here, caller, callee } = connect(seed, loss, {
        request: (transaction) => {
          transaction.respond(respond(transaction.request, 180));
          clock.after(random() * 4000, () => {
            if (!transaction.isAnswered) transaction.respond(respond(transaction.request, 200));
          });
        },
        cancelled: (transaction) => {
          cancelled += 1;
          transaction.respond(respond(transaction.request, 487));
        },
        ack: () => expect.unreachable(),
        unacknowledged: () => expect.unreachable(),
      });
      const invite = caller.request(request("INVITE"), here, {
        provisional: () => undefined,
        final: ({ status }) => finals.add(status),
        timedOut: () => finals.add(0),
        failed: () => expect.unreachable(),
      });
      clock.after(random() * 4000, () => caller.cancel(invite));
      clock.advance(200_000);
      expect(finals.size).toBe(1);
      for (const status of finals) outcomes.add(status);
      if (finals.has(487)) expect(cancelled).toBe(1);
      expect(clock.timers).toBe(0);
      expect([caller.status().clients, callee.status().servers]).toEqual([0, 0]);
    }
    expect(outcomes).toContain(487);
    expect(outcomes).toContain(200);
  });
});
