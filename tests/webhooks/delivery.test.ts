import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { until } from "../fakes/until.ts";
import { ok, type ReceivedHook, WebhookRig } from "./webhook-rig.ts";

setDefaultTimeout(30_000);

let rig: WebhookRig;

beforeEach(() => {
  rig = new WebhookRig(systemClock);
});

afterEach(async () => {
  await rig.close();
});

const byCall = (hooks: readonly ReceivedHook[], call: string): readonly string[] =>
  hooks.filter(({ data }) => data["call"] === `s1/${call}`).map(({ type }) => type);

test("a call is told to its receiver, signed so that others can verify it", async () => {
  const receiver = rig.receiver();
  const webhooks = rig.open({ urls: [receiver.url] });
  rig.phone(webhooks, "a", { kind: "ringing", remote: "sip:+4930123@pbx" });
  rig.phone(webhooks, "a", { kind: "established", callId: "7", codec: "PCMA" });
  rig.phone(webhooks, "a", { kind: "ended", by: "caller", reason: "BYE", durationMs: 4200 });
  await until(() => receiver.received.length === 2, "both messages arrive");
  const [started, ended] = receiver.received;
  expect([started?.type, ended?.type]).toEqual(["call.started", "call.ended"]);
  expect(receiver.received.every(({ isSigned }) => isSigned)).toBe(true);
  expect(ended?.data).toMatchObject({ call: "s1/a", by: "caller", durationMs: 4200 });
  expect(started?.headers.get("content-type")).toBe("application/json");
  await until(() => webhooks.view().spooled === 0, "nothing waits any more");
  expect(webhooks.view().receivers[0]).toMatchObject({ delivered: 2, waiting: 0, state: "open" });
});

test("numbers of callers are sent only where they are asked for", async () => {
  const receiver = rig.receiver();
  const webhooks = rig.open({ urls: [receiver.url] });
  rig.phone(webhooks, "a", { kind: "ringing", remote: "sip:+4930123@pbx" });
  await until(() => receiver.received.length === 1, "the message arrives");
  expect(receiver.received[0]?.body).not.toContain("4930123");
  await until(() => webhooks.view().spooled === 0, "nothing waits");
  webhooks.close();
  const telling = rig.open({ urls: [receiver.url], details: ["numbers"] });
  rig.phone(telling, "b", { kind: "ringing", remote: "sip:+4930123@pbx" });
  await until(() => receiver.received.length === 2, "the other message arrives");
  expect(receiver.received[1]?.data["remote"]).toBe("+4930123");
});

test("a login in the address is sent along, also when a % in it escapes nothing", async () => {
  const receiver = rig.receiver();
  const login = (text: string): string => receiver.url.replace("://", `://${text}@`);
  const webhooks = rig.open({ urls: [login("robot:50%off"), login("robot:a%40b")] });
  rig.phone(webhooks, "a", { kind: "ringing" });
  await until(() => receiver.received.length === 2, "both arrive");
  const told = receiver.received.map(({ headers }) => headers.get("authorization") ?? "");
  const plain = told.map((text) => Buffer.from(text.replace("Basic ", ""), "base64").toString());
  expect(plain.toSorted()).toEqual(["robot:50%off", "robot:a@b"]);
});

test("messages of one call go in order, also when the receiver is slow and calls are many", async () => {
  const receiver = rig.receiver();
  let underWay = 0;
  let most = 0;
  receiver.answer = async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 3));
    underWay -= 1;
    return new Response("thanks");
  };
  const webhooks = rig.open({ urls: [receiver.url] });
  const calls = Array.from({ length: 20 }, (_, index) => `c${index}`);
  for (const call of calls) rig.phone(webhooks, call, { kind: "ringing" });
  for (const call of calls) rig.phone(webhooks, call, { kind: "ended" });
  await until(() => receiver.received.length === 40, "all messages arrive");
  for (const call of calls) {
    expect(byCall(receiver.received, call)).toEqual(["call.started", "call.ended"]);
  }
  expect(most).toBeGreaterThan(1);
});

test("ten thousand events arrive once each, while another receiver is dead and a third says nothing", async () => {
  const healthy = rig.receiver();
  const silent = rig.receiver();
  silent.answer = () => new Promise<Response>(() => undefined);
  const dead = rig.receiver();
  const { url: deadUrl } = dead;
  await dead.stop();
  const webhooks = rig.open({ urls: [deadUrl, silent.url, healthy.url] });
  for (let call = 0; call < 5000; call += 1) {
    rig.phone(webhooks, `c${call}`, { kind: "ringing" });
    rig.phone(webhooks, `c${call}`, { kind: "ended" });
    // As events come: some at a time.
    if (call % 500 === 499) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until(() => healthy.received.length >= 10_000, "all messages arrive", 25_000);
  expect(new Set(healthy.received.map(({ id }) => id)).size).toBe(10_000);
  expect(healthy.received).toHaveLength(10_000);
  const [deadView, silentView] = webhooks.view().receivers;
  expect(deadView).toMatchObject({ delivered: 0, waiting: 10_000 });
  expect(deadView?.problem).toContain("nothing listens");
  expect(silentView).toMatchObject({ delivered: 0, waiting: 10_000 });
});

test("a message that one receiver refuses holds up its own call only", async () => {
  const receiver = rig.receiver();
  receiver.answer = ({ data }) =>
    new Response("no", { status: data["call"] === "s1/bad" ? 422 : 200 });
  const webhooks = rig.open({ urls: [receiver.url] });
  for (const call of ["bad", "one", "two"]) {
    rig.phone(webhooks, call, { kind: "ringing" });
    rig.phone(webhooks, call, { kind: "ended" });
  }
  await until(() => webhooks.view().receivers[0]?.delivered === 4, "the other calls arrive", 8000);
  expect(byCall(receiver.received, "bad")).not.toContain("call.ended");
  expect(webhooks.view().receivers[0]).toMatchObject({ delivered: 4, waiting: 2 });
});

test("what a receiver took that is told again later comes with the same id", async () => {
  const receiver = rig.receiver();
  const webhooks = rig.open({ urls: [receiver.url] });
  rig.phone(webhooks, "a", { kind: "ringing" });
  await until(() => webhooks.view().receivers[0]?.delivered === 1, "the message arrives");
  webhooks.close();
  // The file is lost, and the service tells its events from their beginning.
  const again = new WebhookRig(systemClock);
  const anew = again.open({ urls: [receiver.url] });
  again.phone(anew, "a", { kind: "ringing" });
  await until(() => receiver.received.length === 2, "it arrives again");
  await again.close();
  expect(receiver.received[1]?.id).toBe(receiver.received[0]?.id ?? "");
});

test("a service's events that were taken before give nothing again", async () => {
  const receiver = rig.receiver();
  const first = rig.open({ urls: [receiver.url] });
  const event = {
    service: "supervisor",
    pid: 1,
    stream: "v1",
    seq: 4,
    callKey: "",
    atMs: systemClock.wallMs() + 1000,
    fields: { kind: "crash", service: "whisper", reason: "ended by SIGSEGV", lines: ["private"] },
  };
  first.take(event);
  first.take(event);
  await until(() => first.view().receivers[0]?.delivered === 1, "the message arrives");
  first.close();
  const second = rig.open({ urls: [receiver.url] });
  second.take(event);
  second.take({ ...event, seq: 5 });
  await until(() => receiver.received.length === 2, "the new one arrives");
  await until(() => second.view().spooled === 0, "nothing waits");
  expect(receiver.received).toHaveLength(2);
  expect(receiver.received[0]?.data).toEqual({
    service: "whisper",
    reason: "ended by SIGSEGV",
    restartInMs: null,
  });
});

test("what happened before a receiver was named is not for it", async () => {
  const receiver = rig.receiver();
  const webhooks = rig.open({ urls: [receiver.url] });
  const old = { service: "sip", pid: 1, stream: "s9", callKey: "s9/a" };
  const fields = { kind: "ringing", key: "a" };
  webhooks.take({ ...old, seq: 1, atMs: systemClock.wallMs() - 60_000, fields });
  rig.phone(webhooks, "b", { kind: "ringing" });
  await until(() => receiver.received.length === 1, "the new one arrives");
  await until(() => webhooks.view().waiting === 0, "both are read");
  expect(receiver.received.map(({ data }) => data["call"])).toEqual(["s1/b"]);
});

const bytes = (length: number): Uint8Array => new Uint8Array(length);

describe("answers", () => {
  test.each([
    [301, "redirect"],
    [400, "does not understand"],
    [401, "compare the secret"],
    [404, "check its path"],
    [500, "look at its own log"],
  ])("%i is a failure that says what to do", async (status, words) => {
    const receiver = rig.receiver();
    receiver.answer = () =>
      new Response("x", { status, headers: { location: "http://127.0.0.1:1/elsewhere" } });
    const webhooks = rig.open({ urls: [receiver.url] });
    rig.phone(webhooks, "a", { kind: "ringing" });
    await until(() => webhooks.view().receivers[0]?.problem !== undefined, "it is refused");
    expect(webhooks.view().receivers[0]).toMatchObject({ state: "pausing", waiting: 1 });
    expect(webhooks.view().receivers[0]?.problem).toContain(words);
    expect(rig.memory.text()).toContain(words);
  });

  test("a redirect leads nowhere", async () => {
    const elsewhere = rig.receiver();
    const receiver = rig.receiver();
    receiver.answer = () => Response.redirect(elsewhere.url, 307);
    const webhooks = rig.open({ urls: [receiver.url] });
    rig.phone(webhooks, "a", { kind: "ringing" });
    await until(() => webhooks.view().receivers[0]?.problem !== undefined, "it is refused");
    expect(elsewhere.received).toEqual([]);
  });

  test("410 stops the receiver for good, and a test that it takes brings it back", async () => {
    const receiver = rig.receiver();
    const other = rig.receiver();
    receiver.answer = () => new Response(null, { status: 410 });
    const webhooks = rig.open({ urls: [receiver.url, other.url] });
    for (const call of ["a", "b", "c"]) rig.phone(webhooks, call, { kind: "ringing" });
    await until(() => webhooks.view().receivers[1]?.delivered === 3, "the other gets all");
    await until(() => webhooks.view().receivers[0]?.state === "gone", "it is stopped");
    expect(webhooks.view().receivers[0]).toMatchObject({ waiting: 0, delivered: 0 });
    webhooks.close();
    const next = rig.open({ urls: [receiver.url, other.url] });
    const before = receiver.received.length;
    rig.phone(next, "d", { kind: "ringing" });
    await until(() => other.received.length === 4, "the other gets the next");
    expect(receiver.received).toHaveLength(before);
    receiver.answer = ok;
    const id = next.view().receivers[0]?.id ?? 0;
    expect(await next.test(id, bytes)).toMatchObject({ kind: "delivered", status: 204 });
    rig.phone(next, "e", { kind: "ringing" });
    await until(() => receiver.received.at(-1)?.data["call"] === "s1/e", "it gets messages again");
    expect(receiver.received.at(-2)).toMatchObject({ type: "test", isSigned: true });
  });

  test("an answer without end is cut off", async () => {
    const receiver = rig.receiver();
    let sent = 0;
    receiver.answer = () =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            sent += 1;
            controller.enqueue(new Uint8Array(8192));
          },
        }),
      );
    const webhooks = rig.open({ urls: [receiver.url] });
    rig.phone(webhooks, "a", { kind: "ringing" });
    await until(() => webhooks.view().receivers[0]?.delivered === 1, "it counts as taken");
    expect(sent).toBeGreaterThan(0);
  });

  test("a login in the address goes into a header, and is not shown", async () => {
    const receiver = rig.receiver();
    const url = receiver.url.replace("//", "//user:p%40ss@");
    const webhooks = rig.open({ urls: [url] });
    rig.phone(webhooks, "a", { kind: "ringing" });
    await until(() => receiver.received.length === 1, "the message arrives");
    const login = receiver.received[0]?.headers.get("authorization");
    expect(login).toBe(`Basic ${Buffer.from("user:p@ss").toString("base64")}`);
    expect(JSON.stringify(webhooks.view())).not.toContain("p%40ss");
  });
});

test("a receiver that never answers is given up on after ten seconds, by the clock that is handed in", async () => {
  const clock = new FakeClock();
  const still = new WebhookRig(clock);
  const receiver = still.receiver();
  receiver.answer = () => new Promise<Response>(() => undefined);
  const webhooks = still.open({ urls: [receiver.url] });
  still.phone(webhooks, "a", { kind: "ringing" });
  clock.advance(60);
  await until(() => receiver.received.length === 1, "it is asked");
  clock.advance(9000);
  expect(webhooks.view().receivers[0]?.problem).toBeUndefined();
  clock.advance(2000);
  await until(() => webhooks.view().receivers[0]?.problem !== undefined, "it is given up on");
  expect(webhooks.view().receivers[0]?.problem).toContain("within 10 s");
  await still.close();
});
