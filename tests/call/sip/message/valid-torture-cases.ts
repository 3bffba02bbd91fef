/** The valid messages of RFC 4475, section 3.1.1, and the values that must have been read from them. */
import { contactUris, header, sipUri, tag, type TortureCase, uriOf } from "./torture-case.ts";

export const validTortureCases: readonly TortureCase[] = [
  {
    file: "wsinv",
    section: "3.1.1.1",
    gives: "accept",
    holds: (m) => ({
      to: [m.to.parameters.get("tag"), "1918181833n"],
      from: [m.from.displayName, String.raw`J Rosenberg \"`],
      tag: [tag(m), "98asjd8"],
      maxForwards: [m.kind === "request" && m.maxForwards, 68],
      cseq: [m.cseq, { number: 9, method: "INVITE" }],
      hosts: [
        m.via.map(({ host }) => host),
        ["192.0.2.2", "spindle.example.com", "192.168.255.111"],
      ],
      transports: [m.via.map(({ transport }) => transport), ["UDP", "TCP", "UDP"]],
      branch: [m.via[2]?.parameters.get("branch"), "z9hG4bK30239"],
      subject: [header(m, "Subject"), ""],
      folded: [header(m, "NewFangledHeader"), "newfangled value continued newfangled value"],
      odd: [header(m, "UnknownHeaderWithUnusualValue"), ";;,,;;,;"],
      routes: [m.kind === "request" && m.routes.length, 1],
      contact: [m.contacts !== "*" && m.contacts[0]?.displayName, 'Quoted string ""'],
      q: [m.contacts !== "*" && m.contacts[0]?.parameters.get("q"), "0.33"],
      body: [m.body.length, 150],
    }),
  },
  {
    file: "intmeth",
    section: "3.1.1.2",
    gives: "accept",
    note: "the user agent answers 405, since nobody knows the method",
    holds: (m) => ({
      method: [m.cseq.method, "!interesting-Method0123456789_*+`.%indeed'~"],
      uri: [
        uriOf(m),
        sipUri("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", "example.com", {
          password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
        }),
      ],
      to: [m.to.displayName, "BEL:\u0007 NUL:\0 DEL:\u007f"],
      from: [m.from.displayName, "token1~` token2'+_ token3*%!.-"],
      parameter: [m.from.parameters.get("fromparam''~+*_!.-%"), "работающий"],
      tag: [tag(m), "_token~1'+`*%!-."],
      callId: [m.callId, String.raw`intmeth.word%ZK-!.*_+'@word${"`"}~)(><:\/"][?}{`],
      extension: [header(m, "extensionHeader-!.%*+_`'~"), "\ufeff大停電"],
      maxForwards: [m.kind === "request" && m.maxForwards, 255],
    }),
  },
  {
    file: "esc01",
    section: "3.1.1.3",
    gives: "accept",
    holds: (m) => ({
      uri: [uriOf(m), sipUri("sips:user@example.com", "example.net")],
      to: [m.to.uri, sipUri("user", "example.com")],
      from: [m.from.uri, sipUri("I have spaces", "example.net")],
      contact: [
        contactUris(m),
        [
          sipUri("caller", "host5.example.net", {
            parameters: new Map([
              ["lr", undefined],
              ["name", "value%41"],
            ]),
          }),
        ],
      ],
    }),
  },
  {
    file: "escnull",
    section: "3.1.1.4",
    gives: "accept",
    note: "the user agent answers 405, it is no registrar",
    holds: (m) => ({
      to: [m.to.uri, sipUri("null-\0-null", "example.com")],
      contacts: [
        contactUris(m),
        [sipUri("\0", "host5.example.com"), sipUri("\0\0", "host5.example.com")],
      ],
    }),
  },
  {
    file: "esc02",
    section: "3.1.1.5",
    gives: "accept",
    note: "the user agent answers 405: escapes mean nothing in a method",
    holds: (m) => ({
      method: [m.cseq.method, "RE%47IST%45R"],
      to: [m.to.displayName, "%Z%45"],
      branch: [m.via[0]?.parameters.get("branch"), "z9hG4bK209%fzsnel234"],
      contacts: [
        contactUris(m),
        [sipUri("alias1", "host1.example.com"), sipUri("alias3", "host3.example.com")],
      ],
      unknown: [header(m, "C%6Fntact"), "<sip:alias2@host2.example.com>"],
    }),
  },
  {
    file: "lwsdisp",
    section: "3.1.1.6",
    gives: "accept",
    holds: (m) => ({
      from: [m.from.displayName, "caller"],
      uri: [m.from.uri, sipUri("caller", "example.com")],
    }),
  },
  {
    file: "longreq",
    section: "3.1.1.7",
    gives: "accept",
    holds: (m) => ({
      vias: [m.via.length, 34],
      last: [m.via[33]?.parameters.get("received"), "192.0.2.5"],
      tag: [tag(m)?.length, 155],
      body: [m.body.length, 150],
    }),
  },
  {
    file: "dblreq",
    section: "3.1.1.8",
    gives: "accept",
    note: "Content-Length ends the message; what follows in the datagram is no message of its own",
    holds: (m) => ({ method: [m.cseq.method, "REGISTER"], body: [m.body.length, 0] }),
  },
  {
    file: "semiuri",
    section: "3.1.1.9",
    gives: "accept",
    holds: (m) => ({
      uri: [uriOf(m), sipUri("user;par=u@example.net", "example.com")],
      accept: [header(m, "Accept")?.split(", ").length, 6],
    }),
  },
  {
    file: "transports",
    section: "3.1.1.10",
    gives: "accept",
    holds: (m) => ({
      transports: [
        m.via.map(({ transport }) => transport),
        ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"],
      ],
    }),
  },
  {
    file: "mpart01",
    section: "3.1.1.11",
    gives: "accept",
    note: "the user agent answers 405 to MESSAGE; the binary body stays as it came",
    holds: (m) => ({ body: [m.body.length, 553], binary: [m.body.includes(0), true] }),
  },
  {
    file: "unreason",
    section: "3.1.1.12",
    gives: "accept",
    holds: (m) => ({
      reason: [
        m.kind === "response" && m.reason,
        "= 2**3 * 5**2 но сто девяносто девять - простое",
      ],
    }),
  },
  {
    file: "noreason",
    section: "3.1.1.13",
    gives: "accept",
    holds: (m) => ({ line: [m.kind === "response" && [m.status, m.reason], [100, ""]] }),
  },
];
