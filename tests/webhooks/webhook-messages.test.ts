import { expect, test } from "bun:test";
import {
  type HookedEvent,
  WebhookMessages,
  webhookDetails,
  webhookKinds,
} from "../../src/webhooks/webhook-messages.ts";

const startedMs = Date.UTC(2026, 0, 1, 9);

function eventOf(
  service: string,
  pid: number,
  fields: Readonly<Record<string, unknown>>,
): HookedEvent {
  const callKey = "key" in fields ? `${service}-${pid}/${String(fields["key"])}` : "";
  const atMs = startedMs + 60_000;
  return { service, pid, stream: `${service}-${pid}`, callKey, atMs, fields };
}

const phone = { line: "200@pbx", direction: "incoming", remote: "<sip:557@pbx>" };
const crash = { kind: "crash", service: "sip", servicePid: 7, reason: "ended by SIGSEGV" };

function newMessages(): WebhookMessages {
  const messages = new WebhookMessages({ kinds: webhookKinds, details: webhookDetails });
  const ringing = { ...phone, kind: "ringing", key: "1" };
  messages.take({ ...eventOf("sip", 7, ringing), atMs: startedMs - 1000 });
  messages.take({
    ...eventOf("sip", 7, { ...ringing, kind: "established" }),
    atMs: startedMs,
  });
  messages.take(eventOf("sip", 7, { ...ringing, key: "2" }));
  return messages;
}

test("a telephone that fails ends its calls, each told once", () => {
  const messages = newMessages();
  const told = messages.take(eventOf("supervisor", 1, crash));
  expect(told.map(({ kind, order }) => `${kind} ${order}`)).toEqual([
    "service.failed service sip",
    "call.ended sip-7/1",
    "call.ended sip-7/2",
  ]);
  expect(told[1]?.data).toEqual({
    call: "sip-7/1",
    service: "sip",
    line: "200@pbx",
    direction: "incoming",
    remote: "557",
    name: "",
    by: "service",
    reason: "lost: the service has ended",
    status: null,
    answered: new Date(startedMs).toISOString(),
    durationMs: 60_000,
    meanOpinionScore: null,
  });
  expect(told[2]?.data).toMatchObject({ answered: null, durationMs: 0 });
  // What it had told before is read behind it.
  expect(messages.take(eventOf("sip", 7, { ...phone, kind: "ended", key: "1" }))).toEqual([]);
  expect(messages.take(eventOf("supervisor", 1, crash))).toHaveLength(1);
});

test.each([
  ["another life of it", { ...crash, servicePid: 6 }],
  ["another service", { ...crash, service: "whisper" }],
])("calls go on when %s fails", (_name, fields) => {
  const messages = newMessages();
  expect(messages.take(eventOf("supervisor", 1, fields))).toHaveLength(1);
  const ended = { ...phone, kind: "ended", key: "1", by: "peer" };
  expect(messages.take(eventOf("sip", 7, ended))).toMatchObject([
    { kind: "call.ended", data: { by: "peer" } },
  ]);
});
