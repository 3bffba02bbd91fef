/** What each message of RFC 4475 must give here, and who above the parser answers where it accepts. */
import { contactUris, header, sipUri, tag, type TortureCase, uriOf } from "./torture-case.ts";
import { validTortureCases } from "./valid-torture-cases.ts";

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
  ...validTortureCases,
  ...invalid,
  ...aboveTheParser,
  ...besideTheRfc,
];
