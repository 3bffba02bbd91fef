import type { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { describeError } from "../../src/core/errors.ts";
import { nextReceiverState } from "../../src/webhooks/receiver-states.ts";
import {
  giveUpAfterMs,
  messagePace,
  pauseMs,
  receiverPace,
} from "../../src/webhooks/retry-pace.ts";
import { openSpoolFile } from "../../src/webhooks/spool-file.ts";
import {
  newWebhookSecret,
  readWebhookSecret,
  signWebhook,
} from "../../src/webhooks/webhook-signature.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { until } from "../fakes/until.ts";
import { ok, secret as rigSecret, WebhookRig } from "./webhook-rig.ts";

setDefaultTimeout(20_000);

const middle = (): number => 0.5;

test("pauses double up to five minutes for a receiver and an hour for a message", () => {
  const pauses = [1, 2, 3, 4, 20, 1000].map((count) => pauseMs(count, receiverPace, middle));
  expect(pauses).toEqual([2000, 4000, 8000, 16_000, 300_000, 300_000]);
  expect(pauseMs(100, messagePace, middle)).toBe(3_600_000);
  expect(pauseMs(1, receiverPace, () => 0)).toBe(1600);
  expect(pauseMs(1, receiverPace, () => 1)).toBe(2400);
  expect(giveUpAfterMs).toBeGreaterThan(24 * 3600_000);
});

test.each([
  ["open", "failed", "pausing"],
  ["pausing", "due", "probing"],
  ["probing", "failed", "pausing"],
  ["probing", "delivered", "open"],
  ["pausing", "delivered", "open"],
  ["open", "gone", "gone"],
  ["gone", "failed", "gone"],
  ["gone", "delivered", "gone"],
  ["gone", "revived", "open"],
] as const)("a receiver that is %s and gets %s is %s", (state, input, next) => {
  expect(nextReceiverState(state, input)).toBe(next);
});

test("the signature is that of the Standard Webhooks convention", () => {
  // The example of the convention's reference libraries.
  const key = readWebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
  const body = '{"test": 2432232314}';
  expect(signWebhook(key, { id, timestampS: 1_614_265_330, body })).toBe(
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  );
});

test("a new secret can be read, and what is none is refused without being shown", () => {
  const secret = newWebhookSecret((length) => new Uint8Array(length).fill(7));
  expect(readWebhookSecret(secret)).toHaveLength(32);
  for (const wrong of ["hunter2", "whsec_c2hvcnQ=", "whsec_!!", `whsec_${"A".repeat(200)}`]) {
    expect(() => readWebhookSecret(wrong)).toThrow("webhook-secret");
    expect(() => readWebhookSecret(wrong)).not.toThrow(wrong);
  }
});

/** Lets time pass, and gives real connections their time between, until `condition` holds. */
async function passUntil(clock: FakeClock, condition: () => boolean, what: string): Promise<void> {
  for (let steps = 0; !condition(); steps += 1) {
    if (steps > 2000) throw new Error(`did not happen: ${what}`);
    clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a dead receiver is asked ever less, gets everything once it is back, and is found within minutes", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const receiver = rig.receiver();
  receiver.answer = () => new Response(null, { status: 503 });
  const webhooks = rig.open({ urls: [receiver.url] });
  for (const call of ["a", "b", "c"]) {
    rig.phone(webhooks, call, { kind: "ringing" });
    rig.phone(webhooks, call, { kind: "ended" });
  }
  clock.advance(60);
  await until(() => receiver.received.length === 3, "each call is tried once");
  await until(() => webhooks.view().receivers[0]?.state === "pausing", "it is left alone");
  for (let tries = 4; tries <= 12; tries += 1) {
    const waitMs = webhooks.view().receivers[0]?.nextInMs ?? 0;
    clock.advance(waitMs - 1);
    expect(webhooks.view().receivers[0]?.state).toBe("pausing");
    clock.advance(2);
    await until(() => receiver.received.length === tries, `try ${tries}`);
    await until(() => webhooks.view().receivers[0]?.state === "pausing", "it is left alone");
  }
  expect(webhooks.view().receivers[0]?.nextInMs).toBe(300_000);
  receiver.answer = ok;
  clock.advance(300_001);
  await until(() => webhooks.view().spooled === 0, "everything is taken");
  expect(webhooks.view().receivers[0]).toMatchObject({ delivered: 6, waiting: 0, state: "open" });
  expect(rig.memory.text()).toContain("takes messages again");
  await rig.close();
});

test("a message that nobody takes for three days is given up, and counted", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const receiver = rig.receiver();
  receiver.answer = () => new Response(null, { status: 400 });
  const webhooks = rig.open({ urls: [receiver.url] });
  rig.phone(webhooks, "a", { kind: "ringing" });
  clock.advance(60);
  await until(() => webhooks.view().receivers[0]?.state === "pausing", "it is refused");
  const dayMs = 24 * 3600_000;
  const firstMs = webhooks.view().receivers[0]?.last?.atMs ?? 0;
  clock.advance(dayMs);
  const lastMs = (): number => webhooks.view().receivers[0]?.last?.atMs ?? 0;
  await until(() => lastMs() > firstMs, "it is tried again after a day");
  expect(webhooks.view().receivers[0]).toMatchObject({ waiting: 1, dropped: 0 });
  await until(() => webhooks.view().receivers[0]?.state === "pausing", "it is refused again");
  clock.advance(2.1 * dayMs);
  await until(() => webhooks.view().receivers[0]?.dropped === 1, "it is given up");
  expect(webhooks.view()).toMatchObject({ spooled: 0 });
  expect(rig.memory.text()).toContain("given up");
  await rig.close();
});

test("the spool is bounded by number: the oldest make room, and that is counted", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const receiver = rig.receiver();
  receiver.answer = () => new Response(null, { status: 500 });
  const webhooks = rig.open({ urls: [receiver.url], limits: { messages: 50, bytes: 1 << 20 } });
  for (let call = 0; call < 500; call += 1) rig.phone(webhooks, `c${call}`, { kind: "ringing" });
  await passUntil(clock, () => webhooks.view().waiting === 0, "all are read");
  const view = webhooks.view();
  expect(view.spooled).toBe(50);
  expect(view.receivers[0]?.dropped).toBe(450);
  expect(view.receivers[0]?.waiting).toBeLessThanOrEqual(54);
  receiver.answer = ok;
  const waiting = (): number => webhooks.view().receivers[0]?.waiting ?? 0;
  await passUntil(clock, () => waiting() === 0, "what is left arrives");
  expect(webhooks.view().receivers[0]).toMatchObject({ delivered: 50, dropped: 450, waiting: 0 });
  expect(receiver.received.some(({ data }) => data["call"] === "s1/c499")).toBe(true);
  await rig.close();
});

test("the spool is bounded by bytes", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const webhooks = rig.open({
    urls: ["http://127.0.0.1:1/"],
    details: ["words"],
    limits: { messages: 1000, bytes: 20_000 },
  });
  for (let call = 0; call < 200; call += 1) {
    rig.phone(webhooks, `c${call}`, { kind: "ended", reason: "x".repeat(1000) });
  }
  await passUntil(clock, () => webhooks.view().waiting === 0, "all are read");
  const { spooledBytes, spooled } = webhooks.view();
  expect(spooledBytes).toBeLessThanOrEqual(20_000);
  expect(spooled).toBeGreaterThan(5);
  await rig.close();
});

test("while the disk refuses, messages wait in memory and go out afterwards", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const receiver = rig.receiver();
  let isFull = true;
  const webhooks = rig.open({
    urls: [receiver.url],
    open() {
      if (isFull) throw new Error("disk I/O error");
      return openSpoolFile(rig.path, rig.memory.log);
    },
  });
  rig.phone(webhooks, "a", { kind: "ringing" });
  clock.advance(10_000);
  expect(webhooks.view()).toMatchObject({ waiting: 1, problem: "disk I/O error" });
  isFull = false;
  await passUntil(clock, () => webhooks.view().waiting === 0, "the disk takes it");
  await until(() => receiver.received.length === 1, "it arrives");
  expect(webhooks.view()).toMatchObject({ waiting: 0, lost: 0, problem: undefined });
  await rig.close();
});

test.each([
  { what: "many", name: "x", kept: 20_000, given: 20_003 },
  { what: "large ones", name: "x".repeat(8 << 20), kept: 3, given: 6 },
])("while the disk refuses, of $what the newest wait, within a bound", async (row) => {
  const rig = new WebhookRig(new FakeClock());
  const webhooks = rig.open({
    urls: ["http://127.0.0.1:1/"],
    open() {
      throw new Error("disk I/O error");
    },
  });
  for (let call = 0; call < row.given; call += 1) {
    rig.phone(webhooks, `${row.name}${call}`, { kind: "ended" });
  }
  expect(webhooks.view()).toMatchObject({ waiting: row.kept, lost: row.given - row.kept });
  await rig.close();
});

test("a spool that is broken is moved aside, and a new one begins", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const receiver = rig.receiver();
  await Bun.write(
    rig.path,
    "this is no database, and it is long enough to be taken for one".repeat(99),
  );
  const webhooks = rig.open({ urls: [receiver.url] });
  rig.phone(webhooks, "a", { kind: "ringing" });
  clock.advance(60);
  await until(() => receiver.received.length === 1, "it arrives");
  expect(await Bun.file(`${rig.path}.broken`).exists()).toBe(true);
  expect(rig.memory.text()).toContain("moved aside");
  await rig.close();
});

test("without a secret nothing is sent, and everything goes out once there is one", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const receiver = rig.receiver();
  const webhooks = rig.open({ urls: [receiver.url], key: undefined });
  rig.phone(webhooks, "a", { kind: "ringing" });
  await passUntil(clock, () => webhooks.view().spooled === 1, "it is written down");
  expect(receiver.received).toEqual([]);
  expect(webhooks.view()).toMatchObject({ hasKey: false, spooled: 1 });
  const refusal = webhooks.test(1, (length) => new Uint8Array(length)).catch(describeError);
  expect(await refusal).toContain("no secret");
  webhooks.useKey(readWebhookSecret(rigSecret));
  await until(() => receiver.received.length === 1, "it arrives");
  expect(receiver.received[0]?.isSigned).toBe(true);
  await rig.close();
});

test("a disk that breaks while a receiver is probed holds nothing up, and costs no message", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const receiver = rig.receiver();
  receiver.answer = () => new Response(null, { status: 503 });
  const db = openSpoolFile(rig.path, rig.memory.log);
  const webhooks = rig.open({ urls: [receiver.url], open: () => db });
  rig.phone(webhooks, "a", { kind: "ringing" });
  clock.advance(60);
  await until(() => webhooks.view().receivers[0]?.state === "pausing", "it is left alone");
  db.close();
  clock.advance(10_000);
  expect(webhooks.view().receivers[0]).toMatchObject({ state: "probing", waiting: 1 });
  expect(receiver.received).toHaveLength(1);
  await rig.close();
});

test("a spool that cannot be used is closed before it is opened again", async () => {
  const clock = new FakeClock();
  const rig = new WebhookRig(clock);
  const receiver = rig.receiver();
  const opened: Database[] = [];
  const webhooks = rig.open({
    urls: [receiver.url],
    open() {
      const db = openSpoolFile(rig.path, rig.memory.log);
      if (opened.length < 3) db.run("PRAGMA query_only = ON");
      opened.push(db);
      return db;
    },
  });
  rig.phone(webhooks, "a", { kind: "ringing" });
  await passUntil(clock, () => webhooks.view().waiting === 0, "the disk takes it");
  await until(() => receiver.received.length === 1, "it arrives");
  const states = opened.map((db) => {
    try {
      db.query("SELECT 1 AS one").get();
      return "open";
    } catch {
      return "closed";
    }
  });
  expect(states).toEqual(["closed", "closed", "closed", "open"]);
  await rig.close();
});
