import { describe, expect, test } from "bun:test";
import { Dialog, tagOf } from "../../../../src/call/sip/dialog/dialog.ts";
import { createResponse } from "../../../../src/call/sip/message/create-response.ts";
import { parseAddressList } from "../../../../src/call/sip/message/name-address.ts";
import type {
  NameAddress,
  SipRequest,
  SipResponse,
} from "../../../../src/call/sip/message/sip-message.ts";
import { formatUri, parseUri } from "../../../../src/call/sip/message/uri.ts";

const addresses = (text: string): readonly NameAddress[] => {
  if (text === "") return [];
  const parsed = parseAddressList(text);
  if (parsed === undefined) throw new Error(`no addresses: ${text}`);
  return parsed;
};

function first(text: string): NameAddress {
  const [address] = addresses(text);
  if (address === undefined) throw new Error("no address");
  return address;
}

function invite(recordRoutes = "", contact = "<sip:alice@10.0.0.1:5071>"): SipRequest {
  const uri = parseUri("sip:bob@pbx.example");
  if (uri === undefined) throw new Error("no URI");
  return {
    kind: "request",
    method: "INVITE",
    uri,
    via: [],
    routes: [],
    maxForwards: 70,
    from: first("<sip:alice@pbx.example>;tag=a1"),
    to: first("<sip:bob@pbx.example>"),
    callId: "c1",
    cseq: { number: 7, method: "INVITE" },
    contacts: addresses(contact),
    recordRoutes: addresses(recordRoutes),
    headers: [
      { name: "Proxy-Authorization", value: "Digest x" },
      { name: "Authorization", value: "Digest y" },
      { name: "Subject", value: "lunch" },
    ],
    body: new Uint8Array(0),
  };
}

function accepted(asked: SipRequest, contact: string, toTag: string | undefined): SipResponse {
  return createResponse(asked, 200, { toTag, contacts: addresses(contact) });
}

const way = ({ uri, routes }: SipRequest) => [
  formatUri(uri),
  ...routes.map((route) => formatUri(route.uri)),
];

const bye = { method: "BYE" };

describe("the way of a request", () => {
  const loose = "<sip:p1.example;lr>, <sip:p2.example;lr>";

  test("of the calling side is the recorded one in reverse, to the peer's contact", () => {
    const dialog = Dialog.ofOutgoing(invite(), {
      ...accepted(invite(), "<sip:bob@10.0.0.2>", "b1"),
      recordRoutes: addresses(loose),
    });
    expect(way(dialog.request(bye))).toEqual([
      "sip:bob@10.0.0.2",
      "sip:p2.example;lr",
      "sip:p1.example;lr",
    ]);
    expect(formatUri(dialog.nextHop)).toBe("sip:p2.example;lr");
  });

  test("of the called side is the recorded one", () => {
    const dialog = Dialog.ofIncoming(invite(loose), "b1");
    expect(dialog && way(dialog.request(bye))).toEqual([
      "sip:alice@10.0.0.1:5071",
      "sip:p1.example;lr",
      "sip:p2.example;lr",
    ]);
  });

  test("by a strict router has its address in the request line and the peer at the end", () => {
    const dialog = Dialog.ofIncoming(invite("<sip:p1.example>, <sip:p2.example;lr>"), "b1");
    expect(dialog && way(dialog.request(bye))).toEqual([
      "sip:p1.example",
      "sip:p2.example;lr",
      "sip:alice@10.0.0.1:5071",
    ]);
    expect(dialog && formatUri(dialog.nextHop)).toBe("sip:p1.example");
  });

  test.each([
    ["<sip:10.0.0.1>", "sip:10.0.0.1"],
    ["<sips:alice@10.0.0.1>", "sips:alice@10.0.0.1"],
    ["<tel:+4930123456>", "tel:+4930123456"],
    ["<sip:alice@10.0.0.1?Subject=x>", "sip:alice@10.0.0.1"],
    ["<sip:alice@10.0.0.1;transport=tcp;ob>", "sip:alice@10.0.0.1;transport=tcp;ob"],
  ])("to a contact of %s", (contact, uri) => {
    const dialog = Dialog.ofIncoming(invite("", contact), "b1");
    expect(dialog && way(dialog.request(bye))).toEqual([uri]);
  });

  test("to a peer that told no contact is the one of the INVITE", () => {
    const dialog = Dialog.ofOutgoing(invite(), accepted(invite(), "", "b1"));
    expect(way(dialog.request(bye))).toEqual(["sip:bob@pbx.example"]);
    expect(Dialog.ofIncoming(invite("", ""), "b1")).toBeUndefined();
  });

  test("follows a new contact, keeps its routes, and stays where none is told", () => {
    const dialog = Dialog.ofIncoming(invite("<sip:p1.example;lr>"), "b1");
    dialog?.refreshTarget(invite("<sip:p9.example;lr>", "<sip:alice@10.0.0.7>"));
    expect(dialog && way(dialog.request(bye))).toEqual(["sip:alice@10.0.0.7", "sip:p1.example;lr"]);
    dialog?.refreshTarget(invite("", ""));
    expect(dialog && formatUri(dialog.request(bye).uri)).toBe("sip:alice@10.0.0.7");
  });

  test("of an early dialog is settled by the 2xx", () => {
    const ringing = {
      ...createResponse(invite(), 180, { toTag: "b1", contacts: addresses("<sip:x@10.0.0.3>") }),
      recordRoutes: addresses("<sip:p1.example;lr>"),
    };
    const dialog = Dialog.ofOutgoing(invite(), ringing);
    expect(dialog.request({ method: "PRACK" }).cseq.number).toBe(8);
    dialog.confirm(accepted(invite(), "<sip:bob@10.0.0.2>", "b1"));
    const request = dialog.request(bye);
    expect(way(request)).toEqual(["sip:bob@10.0.0.2"]);
    expect(request.cseq.number).toBe(9);
  });
});

describe("tags", () => {
  test("of both sides are in every request, each on its side", () => {
    const dialog = Dialog.ofIncoming(invite(), "b1");
    const request = dialog?.request(bye);
    expect(request && [tagOf(request.from), tagOf(request.to)]).toEqual(["b1", "a1"]);
  });

  test("that a peer of RFC 2543 does not have are left out", () => {
    const dialog = Dialog.ofOutgoing(invite(), accepted(invite(), "<sip:b@10.0.0.2>", undefined));
    expect(dialog.remoteTag).toBeUndefined();
    expect(dialog.request(bye).to.parameters.size).toBe(0);
    const tagless = { ...invite(), from: first("<sip:bob@pbx.example>") };
    expect(dialog.isFrom(tagless)).toBe(true);
    expect(dialog.isFrom({ ...invite(), from: first("<sip:b@x>;tag=twin") })).toBe(false);
  });

  test("that are empty are none", () => {
    expect(tagOf(first("<sip:bob@pbx.example>;tag="))).toBeUndefined();
  });
});

describe("numbers", () => {
  test("rise with each request, also behind one that was sent again", () => {
    const dialog = Dialog.ofOutgoing(invite(), accepted(invite(), "<sip:b@10.0.0.2>", "b1"));
    expect(dialog.request(bye).cseq.number).toBe(8);
    dialog.noteSent(12);
    dialog.noteSent(9);
    expect(dialog.request(bye).cseq.number).toBe(13);
  });

  test("of the peer that go back are not admitted, but for BYE", () => {
    const dialog = Dialog.ofIncoming(invite(), "b1");
    const numbered = (method: string, number: number) => ({
      ...invite(),
      method,
      cseq: { number, method },
    });
    expect(dialog?.admits(numbered("INFO", 6))).toBe(false);
    expect(dialog?.admits(numbered("INFO", 9))).toBe(true);
    expect(dialog?.admits(numbered("INVITE", 8))).toBe(false);
    expect(dialog?.admits(numbered("BYE", 8))).toBe(true);
    expect(dialog?.admits(numbered("INFO", 8))).toBe(false);
  });

  test("of an ACK are those of its INVITE, whose credentials it repeats and nothing else", () => {
    const dialog = Dialog.ofOutgoing(invite(), accepted(invite(), "<sip:b@10.0.0.2>", "b1"));
    dialog.request(bye);
    const ack = dialog.ack(invite());
    expect(ack.cseq).toEqual({ number: 7, method: "ACK" });
    expect(ack.headers.map(({ name }) => name)).toEqual(["Proxy-Authorization", "Authorization"]);
  });
});
