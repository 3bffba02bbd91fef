import { describe, expect, test } from "bun:test";
import { judgeRequest } from "../../../../src/call/sip/user-agent/request-admission.ts";
import {
  headerValue,
  type SipHeader,
  type SipRequest,
} from "../../../../src/call/sip/message/sip-message.ts";
import { parseUri } from "../../../../src/call/sip/message/uri.ts";
import { addressOf } from "./two-agents.ts";

interface Asked {
  readonly method: string;
  readonly uri?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly contacts?: SipRequest["contacts"];
  readonly maxForwards?: number;
}

function request(asked: Asked): SipRequest {
  const { method, uri = "sip:100@10.0.0.1:5060", headers = {}, body = "", maxForwards } = asked;
  const parsed = parseUri(uri);
  if (parsed === undefined) throw new Error("no URI");
  const party = addressOf("alice", "test.example", undefined);
  return {
    kind: "request",
    method,
    uri: parsed,
    via: [],
    routes: [],
    maxForwards,
    from: party,
    to: party,
    callId: "1",
    cseq: { number: 1, method },
    contacts: asked.contacts ?? [party],
    recordRoutes: [],
    headers: Object.entries(headers).map(([name, value]): SipHeader => ({ name, value })),
    body: new TextEncoder().encode(body),
  };
}

function verdict(asked: Asked, isForUs = true): number | "invite" {
  const judgement = judgeRequest(request(asked), isForUs);
  return judgement.kind === "invite" ? "invite" : judgement.status;
}

function headersOf(asked: Asked): Record<string, string> {
  const judgement = judgeRequest(request(asked), true);
  if (judgement.kind === "invite") return {};
  return Object.fromEntries(judgement.headers.map(({ name, value }) => [name, value]));
}

const sdp = { "Content-Type": "application/sdp" };

describe("an INVITE", () => {
  test.each<[string, Asked, number | "invite"]>([
    ["with an offer", { method: "INVITE", headers: sdp, body: "v=0" }, "invite"],
    ["without an offer", { method: "INVITE" }, "invite"],
    ["to a tel: URI", { method: "INVITE", uri: "tel:+4930123456" }, "invite"],
    ["to a URI of an unknown scheme", { method: "INVITE", uri: "nobody:x" }, 416],
    ["without Contact", { method: "INVITE", contacts: [] }, 400],
    ["with several Contacts", { method: "INVITE", contacts: twoContacts() }, "invite"],
    ["with a body that is no description", text("INVITE", "text/plain"), 415],
    ["with a compressed body", encoded("gzip"), 415],
    ["with a body in its own encoding", encoded("identity"), "invite"],
    ["that requires what we have", requiring("100rel, timer"), "invite"],
    ["that requires what we do not have", requiring("100rel,precondition"), 420],
    ["with Proxy-Require, which is not for us", proxyRequiring(), "invite"],
    ["at the end of its hops, where it is for us", { method: "INVITE", maxForwards: 0 }, "invite"],
    ["with a session of 60 s", session("60", "timer"), 422],
    ["with a session of 60 s that its caller does not mean", session("60", ""), "invite"],
    ["with a session of no number", session("soon", "timer"), "invite"],
  ])("%s", (_name, asked, expected) => {
    expect(verdict(asked)).toBe(expected);
  });

  test("for nobody here is 404", () => {
    expect(verdict({ method: "INVITE" }, false)).toBe(404);
  });

  test("that requires too much is told what", () => {
    expect(headersOf(requiring("100rel,precondition,x")).Unsupported).toBe("precondition, x");
  });
});

describe("other requests outside of calls", () => {
  test.each<[string, Asked, boolean, number]>([
    ["OPTIONS to our contact", { method: "OPTIONS" }, true, 200],
    ["OPTIONS to somebody else", { method: "OPTIONS" }, false, 404],
    ["OPTIONS to the host alone", { method: "OPTIONS", uri: "sip:10.0.0.1:5060" }, false, 200],
    ["BYE", { method: "BYE" }, true, 481],
    ["INFO", { method: "INFO" }, true, 481],
    ["UPDATE", { method: "UPDATE" }, false, 481],
    ["PRACK", { method: "PRACK" }, true, 481],
    ["REFER", { method: "REFER" }, true, 405],
    ["SUBSCRIBE", { method: "SUBSCRIBE" }, true, 405],
    ["MESSAGE", { method: "MESSAGE" }, true, 405],
    ["REGISTER", { method: "REGISTER" }, true, 405],
    ["a method in lower case", { method: "invite" }, true, 405],
    ["a method named like a property", { method: "constructor" }, true, 405],
    ["NOTIFY of waiting messages", notify("message-summary"), true, 200],
    ["NOTIFY of a changed configuration", notify("check-sync;reboot=false"), true, 200],
    ["NOTIFY of presence", notify("presence"), true, 489],
    ["NOTIFY of nothing", { method: "NOTIFY" }, true, 489],
  ])("%s", (_name, asked, isForUs, expected) => {
    expect(verdict(asked, isForUs)).toBe(expected);
  });

  test("OPTIONS is told what we can", () => {
    const { Allow, Accept, Supported } = headersOf({ method: "OPTIONS" });
    expect(Allow).toContain("UPDATE");
    expect(Accept).toContain("application/sdp");
    expect(Supported).toBe("100rel, timer");
    expect(headersOf({ method: "MESSAGE" }).Allow).toContain("INVITE");
    expect(headersOf(notify("presence"))["Allow-Events"]).toContain("refer");
  });
});

test("the headers of an example are there", () => {
  expect(headerValue(request(session("60", "timer")), "session-expires")).toBe("60");
});

function twoContacts() {
  return [addressOf("a", "10.0.0.2", 5060), addressOf("b", "10.0.0.3", 5060)];
}

function text(method: string, type: string): Asked {
  return { method, headers: { "Content-Type": type }, body: "hello" };
}

function encoded(encoding: string): Asked {
  return { method: "INVITE", headers: { ...sdp, "Content-Encoding": encoding }, body: "v=0" };
}

function requiring(tags: string): Asked {
  return { method: "INVITE", headers: { Require: tags } };
}

function proxyRequiring(): Asked {
  return { method: "INVITE", headers: { "Proxy-Require": "sec-agree" } };
}

function session(seconds: string, supported: string): Asked {
  return {
    method: "INVITE",
    headers: { "Session-Expires": seconds, Supported: supported },
  };
}

function notify(event: string): Asked {
  return { method: "NOTIFY", headers: { Event: event } };
}
