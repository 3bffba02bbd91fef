/** What each message of RFC 4475 must give here, and who above the parser answers where it accepts. */
import type { SipMessage } from "../../../../src/call/sip/message/sip-message.ts";

export interface TortureCase {
  readonly file: string;
  /** Of RFC 4475; "-" for what the collection has beside it. */
  readonly section: string;
  /** A number is the status that the parser's ready answer has; "drop" refuses without one. */
  readonly gives: "accept" | "drop" | "keep-alive" | number;
  /** Who answers an accepted message and how, or why our rule is not the RFC's advice. */
  readonly note?: string;
  /** What the problem must name. */
  readonly problem?: string;
  /** Values that must have been read, by their path in the message. */
  readonly holds?: (message: SipMessage) => Readonly<Record<string, readonly [unknown, unknown]>>;
}

function tag(message: SipMessage): string | undefined {
  return message.from.parameters.get("tag");
}

function uriOf(message: SipMessage): unknown {
  return message.kind === "request" ? message.uri : undefined;
}

function contactUris(message: SipMessage): unknown {
  return message.contacts === "*" ? "*" : message.contacts.map(({ uri }) => uri);
}

function header(message: SipMessage, name: string): string | undefined {
  return message.headers.find((one) => one.name === name)?.value;
}

function sipUri(user: string | undefined, host: string, more: object = {}): object {
  return {
    scheme: "sip",
    user,
    password: undefined,
    host,
    port: undefined,
    parameters: new Map(),
    headers: undefined,
    ...more,
  };
}

const valid: readonly TortureCase[] = [
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

const invalid: readonly TortureCase[] = [
  {
    file: "badinv01",
    section: "3.1.2.1",
    gives: "drop",
    problem: "Via",
    note: "the RFC wants 400, but a Via that cannot be read cannot be told back",
  },
  { file: "clerr", section: "3.1.2.2", gives: 400, problem: "9999" },
  { file: "ncl", section: "3.1.2.3", gives: 400, problem: "-999" },
  {
    file: "scalar02",
    section: "3.1.2.4",
    gives: "drop",
    problem: "36893488147419103232",
    note: "the RFC wants 400, but a CSeq that is no number of ours cannot be told back exactly",
  },
  { file: "scalarlg", section: "3.1.2.5", gives: "drop", problem: "CSeq" },
  { file: "quotbal", section: "3.1.2.6", gives: 400, problem: "Mr. J. User" },
  { file: "ltgtruri", section: "3.1.2.7", gives: 400, problem: "<sip:user@example.com>" },
  { file: "lwsruri", section: "3.1.2.8", gives: 400, problem: "; lr" },
  {
    file: "lwsstart",
    section: "3.1.2.9",
    gives: "accept",
    note: "the RFC leaves it open; more than one space can mean nothing else than one",
    holds: (m) => ({ uri: [uriOf(m), sipUri("user", "example.com")] }),
  },
  {
    file: "trws",
    section: "3.1.2.10",
    gives: "accept",
    note: "the RFC leaves it open; spaces behind the line mean nothing",
    holds: (m) => ({ uri: [uriOf(m), sipUri("remote-target", "example.com")] }),
  },
  { file: "escruri", section: "3.1.2.11", gives: 400, problem: "Route" },
  {
    file: "baddate",
    section: "3.1.2.12",
    gives: "accept",
    note: "the RFC leaves it open; nothing here reads Date",
    holds: (m) => ({ date: [header(m, "Date"), "Fri, 01 Jan 2010 16:00:00 EST"] }),
  },
  { file: "regbadct", section: "3.1.2.13", gives: 400, problem: "Contact" },
  {
    file: "badaspec",
    section: "3.1.2.14",
    gives: "accept",
    note: "the RFC leaves it open; spaces just within the brackets hide nothing",
    holds: (m) => ({ to: [m.to.uri, sipUri("t.watson", "example.org")] }),
  },
  {
    file: "baddn",
    section: "3.1.2.15",
    gives: "accept",
    note: "the RFC leaves it open; From and To hold one address each, so a comma separates nothing",
    holds: (m) => ({
      from: [m.from.displayName, "Bell, Alexander"],
      to: [m.to.displayName, "Watson, Thomas"],
    }),
  },
  { file: "badvers", section: "3.1.2.16", gives: 505, problem: "7.0" },
  { file: "mismatch01", section: "3.1.2.17", gives: 400, problem: "INVITE" },
  { file: "mismatch02", section: "3.1.2.18", gives: 400, problem: "NEWMETHOD" },
  { file: "bigcode", section: "3.1.2.19", gives: "drop", problem: "4294967301" },
];

const aboveTheParser: readonly TortureCase[] = [
  { file: "badbranch", section: "3.2.1", gives: 400, problem: "z9hG4bK" },
  {
    file: "insuf",
    section: "3.3.1",
    gives: "drop",
    problem: "From is missing",
    note: "the RFC wants 400, but without From, To and Call-ID nobody could match it",
  },
  {
    file: "unkscm",
    section: "3.3.2",
    gives: "accept",
    note: "the user agent answers 416",
    holds: (m) => ({
      uri: [uriOf(m), { scheme: "other", text: "nobodyKnowsThisScheme:totallyopaquecontent" }],
    }),
  },
  {
    file: "novelsc",
    section: "3.3.3",
    gives: "accept",
    note: "the user agent answers 416",
    holds: (m) => ({ uri: [uriOf(m), { scheme: "other", text: "soap.beep://192.0.2.103:3002" }] }),
  },
  {
    file: "unksm2",
    section: "3.3.4",
    gives: "accept",
    note: "the user agent answers 405, it is no registrar",
    holds: (m) => ({
      to: [m.to.uri, { scheme: "other", text: "isbn:2983792873" }],
      from: [m.from.uri, { scheme: "other", text: "http://www.example.com" }],
      contact: [contactUris(m), [{ scheme: "other", text: "name:John_Smith" }]],
    }),
  },
  {
    file: "bext01",
    section: "3.3.5",
    gives: "accept",
    note: "the user agent answers 420 for Require; Proxy-Require is for proxies",
    holds: (m) => ({
      require: [header(m, "Require"), "nothingSupportsThis, nothingSupportsThisEither"],
    }),
  },
  {
    file: "invut",
    section: "3.3.6",
    gives: "accept",
    note: "the user agent answers 415",
    holds: (m) => ({ type: [header(m, "Content-Type"), "application/unknownformat"] }),
  },
  {
    file: "regaut01",
    section: "3.3.7",
    gives: "accept",
    note: "the user agent answers 405, it is no registrar",
    holds: (m) => ({
      credentials: [header(m, "Authorization"), "NoOneKnowsThisScheme opaque-data=here"],
    }),
  },
  { file: "multi01", section: "3.3.8", gives: 400, problem: "comes twice" },
  { file: "mcl01", section: "3.3.9", gives: 400, problem: "Content-Length comes twice" },
  {
    file: "bcast",
    section: "3.3.10",
    gives: "accept",
    note: "the transaction layer drops it: its topmost Via is not ours",
    holds: (m) => ({ hosts: [m.via.map(({ host }) => host), ["192.0.2.198", "255.255.255.255"]] }),
  },
  {
    file: "zeromf",
    section: "3.3.11",
    gives: "accept",
    note: "the user agent answers as always: only who forwards needs a hop",
    holds: (m) => ({ maxForwards: [m.kind === "request" && m.maxForwards, 0] }),
  },
  {
    file: "cparam01",
    section: "3.3.12",
    gives: "accept",
    note: "the user agent answers 405, it is no registrar",
    holds: (m) => ({
      uri: [contactUris(m), [sipUri("+19725552222", "gw1.example.net")]],
      parameter: [m.contacts !== "*" && m.contacts[0]?.parameters.has("unknownparam"), true],
    }),
  },
  {
    file: "cparam02",
    section: "3.3.13",
    gives: "accept",
    note: "the user agent answers 405, it is no registrar",
    holds: (m) => ({
      uri: [
        contactUris(m),
        [
          sipUri("+19725552222", "gw1.example.net", {
            parameters: new Map([["unknownparam", undefined]]),
          }),
        ],
      ],
      parameter: [m.contacts !== "*" && m.contacts[0]?.parameters.size, 0],
    }),
  },
  {
    file: "regescrt",
    section: "3.3.14",
    gives: "accept",
    note: "the user agent answers 405, it is no registrar",
    holds: (m) => ({
      uri: [
        contactUris(m),
        [sipUri("user", "example.com", { headers: "Route=%3Csip:sip.example.com%3E" })],
      ],
    }),
  },
  {
    file: "sdp01",
    section: "3.3.15",
    gives: "accept",
    note: "the user agent answers 406: it has nothing of the type that Accept names",
    holds: (m) => ({ accept: [header(m, "Accept"), "text/nobodyKnowsThis"] }),
  },
  {
    file: "inv2543",
    section: "3.4.1",
    gives: "accept",
    note: "the transaction layer matches it by the rules of RFC 2543: no branch, no tag",
    holds: (m) => ({
      tag: [tag(m), undefined],
      branch: [m.via[0]?.parameters.get("branch"), undefined],
      to: [m.to.parameters.get("user"), "phone"],
      maxForwards: [m.kind === "request" && m.maxForwards, undefined],
      body: [m.body.length, 105],
    }),
  },
];

const besideTheRfc: readonly TortureCase[] = [
  {
    file: "badcseq",
    section: "-",
    gives: "drop",
    problem: "fhdjkgfhdkjhgkj",
    note: "a CSeq without a number cannot be told back",
  },
  { file: "baddn_sep", section: "-", gives: "keep-alive" },
  {
    file: "test",
    section: "-",
    gives: "drop",
    problem: "not SIP",
    note: "a start line without a version is no SIP at all",
  },
];

export const tortureCases: readonly TortureCase[] = [
  ...valid,
  ...invalid,
  ...aboveTheParser,
  ...besideTheRfc,
];
