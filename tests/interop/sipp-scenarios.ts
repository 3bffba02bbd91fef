/** What telephones and exchanges do to one another, from the plain call to the rare race. */
import {
  answer,
  answerInDialog,
  g711Offer,
  label,
  type Offer,
  pause,
  receive,
  scenario,
  sdp,
  send,
} from "./sipp-scenario.ts";

const anyProvisional = [
  receive(100, { isOptional: true }),
  receive(180, { isOptional: true }),
  receive(183, { isOptional: true }),
];

function invite(offer: Offer | undefined = g711Offer, headers: readonly string[] = []): string {
  const body = offer.payloads.length === 0 ? {} : { body: sdp(offer) };
  return send({ method: "INVITE", cseq: 1, branch: "invite", headers, ...body });
}

const ack = send({ method: "ACK", cseq: 1, branch: "ack", isInDialog: true });
const bye = send({ method: "BYE", cseq: 9, branch: "bye", isInDialog: true });
const answered = [...anyProvisional, receive(200, { opensDialog: true })];
const finished = [bye, receive(200)];

function reInvite(cseq: number, offer: Offer, expected: string): string[] {
  const branch = `again-${cseq}`;
  return [
    send({ method: "INVITE", cseq, branch, isInDialog: true, body: sdp(offer) }),
    receive(100, { isOptional: true }),
    receive(200, { contains: [{ where: "body", pattern: expected }] }),
    send({ method: "ACK", cseq, branch: `${branch}-ack`, isInDialog: true }),
  ];
}

/** The ACK to a refusal belongs to the transaction of the INVITE. */
const ackRefusal = send({ method: "ACK", cseq: 1, branch: "invite" });

function refusedWith(status: number): string[] {
  return [...anyProvisional, receive(status), ackRefusal];
}

const cancel = send({ method: "CANCEL", cseq: 1, branch: "invite", opens: "cancel" });
const openInvite = send({
  method: "INVITE",
  cseq: 1,
  branch: "invite",
  body: sdp(),
  opens: "invite",
});
const toInvite = { transaction: "invite" } as const;

/** sipp calls: it is the telephone or exchange at the far end. */
export const callerScenarios = {
  /** As long as sipp is told. */
  call: scenario("a plain call", [invite(), ...answered, ack, pause("as told"), ...finished]),

  retransmittedInvite: scenario("INVITE three times, BYE twice", [
    ...Array.from({ length: 3 }, () =>
      send({ method: "INVITE", cseq: 1, branch: "invite", body: sdp(), isRetransmitted: false }),
    ),
    ...answered,
    ack,
    pause(300),
    send({ method: "BYE", cseq: 9, branch: "bye", isInDialog: true, isRetransmitted: false }),
    bye,
    receive(200),
    pause(300),
  ]),

  lateAck: scenario("the ACK comes after 2.2 s, when the 200 has been sent several times", [
    invite(),
    ...answered,
    pause(2_200),
    ack,
    pause(300),
    ...finished,
  ]),

  missingAck: scenario("the ACK never comes: the far end gives up by itself", [
    invite(),
    ...answered,
    receive("BYE", { limitMs: 40_000 }),
    answerInDialog("200 OK"),
  ]),

  cancelWhileRinging: scenario("CANCEL while it rings", [
    invite(),
    receive(100, { isOptional: true }),
    receive(180),
    send({ method: "CANCEL", cseq: 1, branch: "invite" }),
    receive(200),
    receive(487),
    ackRefusal,
  ]),

  cancelAfterAnswer: scenario("CANCEL after the 200: too late, the call stands", [
    openInvite,
    receive(100, { isOptional: true, ...toInvite }),
    receive(180, { isOptional: true, ...toInvite }),
    receive(200, { opensDialog: true, ...toInvite }),
    cancel,
    receive(200, { isOptional: true, transaction: "cancel", next: "1" }),
    receive(481, { transaction: "cancel" }),
    label("1"),
    send({ method: "ACK", cseq: 1, branch: "ack", isInDialog: true, acknowledges: "invite" }),
    pause(300),
    ...reInvite(2, { ...g711Offer, version: 2 }, "m=audio [1-9]"),
    ...finished,
  ]),

  byeInsteadOfAck: scenario("BYE where the ACK was due", [invite(), ...answered, ...finished]),

  hold: scenario("hold and resume, by direction and by address 0.0.0.0", [
    invite(),
    ...answered,
    ack,
    ...reInvite(2, { ...g711Offer, direction: "sendonly", version: 2 }, "a=recvonly"),
    pause(300),
    ...reInvite(3, { ...g711Offer, direction: "inactive", version: 3 }, "a=inactive"),
    ...reInvite(4, { ...g711Offer, version: 4 }, "a=sendrecv|m=audio [1-9]"),
    ...reInvite(5, { ...g711Offer, connection: "0.0.0.0", version: 5 }, "m=audio [1-9]"),
    pause(300),
    ...reInvite(6, { ...g711Offer, version: 6 }, "a=sendrecv|m=audio [1-9]"),
    ...finished,
  ]),

  codecChange: scenario("from mu-law to A-law in mid-call", [
    invite({ payloads: [[0, "PCMU/8000"]] }),
    ...answered,
    ack,
    pause(200),
    ...reInvite(2, { payloads: [[8, "PCMA/8000"]], version: 2 }, "m=audio [1-9][0-9]* RTP/AVP 8"),
    ...finished,
  ]),

  lateOffer: scenario("the offer comes in the 200, the answer in the ACK", [
    invite({ payloads: [] }),
    ...anyProvisional,
    receive(200, {
      opensDialog: true,
      contains: [{ where: "body", pattern: "m=audio [1-9][0-9]* RTP/AVP( [0-9]+)* [08]( |\r|$)" }],
    }),
    send({ method: "ACK", cseq: 1, branch: "ack", isInDialog: true, body: sdp() }),
    pause(300),
    ...finished,
  ]),

  noCommonCodec: scenario("only a codec that nobody has", [
    invite({ payloads: [[18, "G729/8000"]] }),
    ...refusedWith(488),
  ]),

  unknownExtension: scenario("an extension that nobody has is required", [
    invite(g711Offer, ["Require: teleportation"]),
    ...anyProvisional,
    receive(420, { contains: [{ where: "Unsupported:", pattern: "teleportation" }] }),
    ackRefusal,
  ]),

  options: scenario("OPTIONS outside a call", [
    send({ method: "OPTIONS", cseq: 1, branch: "options" }),
    receive(200, { contains: [{ where: "Allow:", pattern: "INVITE" }] }),
  ]),

  strayBye: scenario("BYE for a call that does not exist", [
    send({ method: "BYE", cseq: 1, branch: "bye", headers: ["Subject: stray"] }),
    receive(481),
  ]),

  infoDigits: scenario("digits by INFO", [
    invite(),
    ...answered,
    ack,
    ...["1", "#"].flatMap((digit, index) => [
      send({
        method: "INFO",
        cseq: 2 + index,
        branch: `info-${index}`,
        isInDialog: true,
        body: { type: "application/dtmf-relay", text: `Signal=${digit}\nDuration=160` },
      }),
      receive(200),
    ]),
    ...finished,
  ]),

  update: scenario("the session is refreshed by UPDATE", [
    invite(g711Offer, ["Supported: timer", "Session-Expires: 90;refresher=uac", "Min-SE: 90"]),
    ...anyProvisional,
    receive(200, {
      opensDialog: true,
      contains: [{ where: "Session-Expires:", pattern: "90.*refresher=uac" }],
    }),
    ack,
    send({
      method: "UPDATE",
      cseq: 2,
      branch: "update",
      isInDialog: true,
      headers: ["Supported: timer", "Session-Expires: 90;refresher=uac"],
    }),
    receive(200),
    ...finished,
  ]),

  reliableProvisional: scenario("100rel is required: PRACK", [
    invite(g711Offer, ["Require: 100rel"]),
    receive(100, { isOptional: true }),
    receive(180, {
      opensDialog: true,
      keeps: [{ where: "RSeq:", pattern: "[0-9]+", name: "rseq" }],
    }),
    send({
      method: "PRACK",
      cseq: 2,
      branch: "prack",
      isInDialog: true,
      headers: ["RAck: [$rseq] 1 INVITE"],
    }),
    receive(200),
    receive(200, { opensDialog: true }),
    ack,
    ...finished,
  ]),

  refer: scenario("REFER is refused, and the call goes on", [
    invite(),
    ...answered,
    ack,
    send({
      method: "REFER",
      cseq: 2,
      branch: "refer",
      isInDialog: true,
      headers: ["Refer-To: <sip:elsewhere@[local_ip]:[local_port]>"],
    }),
    receive(405, { isOptional: true, next: "1" }),
    receive(501, { isOptional: true, next: "1" }),
    receive(603),
    label("1"),
    pause(300),
    ...reInvite(3, { ...g711Offer, version: 2 }, "m=audio [1-9]"),
    ...finished,
  ]),

  busy: scenario("no line is free", [invite(), ...refusedWith(486)]),
} as const;

/** A plain call of somebody who has an account and is asked for a digest. */
export function digestCall(user: string): string {
  const from = `<sip:${user}@[remote_ip]>;tag=[pid]-[call_number]`;
  // A tag that came with the challenge belongs to no dialog.
  const to = "<sip:[service]@[remote_ip]:[remote_port]>";
  const call = { method: "INVITE", from, to, body: sdp() };
  return scenario("a call with digest", [
    send({ ...call, cseq: 1, branch: "bare" }),
    receive(100, { isOptional: true }),
    receive(401, { isChallenge: true }),
    send({ method: "ACK", cseq: 1, branch: "bare", from }),
    send({ ...call, cseq: 2, branch: "signed", headers: ["[authentication]"] }),
    ...answered,
    send({ method: "ACK", cseq: 2, branch: "ack", isInDialog: true, from }),
    pause("as told"),
    send({ method: "BYE", cseq: 3, branch: "bye", isInDialog: true, from }),
    receive(200),
  ]);
}

const ringing = [answer({ status: "100 Trying" }), answer({ status: "180 Ringing" })];
const pickUp = answer({ status: "200 OK", body: sdp(), isRetransmitted: true });

/** In the dialog that the far end opened, From and To change places. */
const partiesSwapped = [
  { where: "To:", pattern: ".*", name: "ours" },
  { where: "From:", pattern: ".*", name: "theirs" },
] as const;
const byeOfCalled = send({
  method: "BYE",
  cseq: 1,
  branch: "bye",
  isInDialog: true,
  from: "[$ours]",
  to: "[$theirs]",
});

/** sipp is called. */
export const calledScenarios = {
  /** Answers, and waits for the far end to hang up. */
  answer: scenario("answers", [
    receive("INVITE", { opensDialog: true }),
    ...ringing,
    pickUp,
    receive("ACK"),
    receive("BYE", { limitMs: 30_000 }),
    answerInDialog("200 OK"),
  ]),

  /** Answers, and hangs up when it has been told to. */
  hangUp: scenario("answers and hangs up", [
    receive("INVITE", { opensDialog: true }),
    ...ringing,
    pickUp,
    receive("ACK", { keeps: partiesSwapped }),
    pause("as told"),
    byeOfCalled,
    receive(200),
  ]),

  proxyDigest: scenario("asks for a digest as proxies do", [
    receive("INVITE"),
    answer({
      status: "407 Proxy Authentication Required",
      headers: ['Proxy-Authenticate: Digest realm="sipp", nonce="4711", algorithm=MD5, qop="auth"'],
      tag: "asking",
    }),
    receive("ACK"),
    receive("INVITE", {
      opensDialog: true,
      contains: [
        { where: "Proxy-Authorization:", pattern: 'realm="sipp".*nonce="4711"' },
        { where: "Proxy-Authorization:", pattern: "nc=00000001" },
      ],
    }),
    ...ringing,
    pickUp,
    receive("ACK"),
    receive("BYE", { limitMs: 30_000 }),
    answerInDialog("200 OK"),
  ]),

  /** Says nothing to the first INVITEs: they must come again. */
  deaf: scenario("answers only the third INVITE", [
    receive("INVITE", { opensDialog: true }),
    pause(1_700),
    ...ringing,
    pickUp,
    receive("ACK"),
    receive("BYE", { limitMs: 30_000 }),
    answerInDialog("200 OK"),
  ]),

  busy: scenario("is busy", [
    receive("INVITE"),
    answer({ status: "486 Busy Here", isRetransmitted: true }),
    receive("ACK"),
  ]),

  /** The caller gives up while it rings. */
  ringUntilCancelled: scenario("rings until it is cancelled", [
    receive("INVITE", { keeps: [{ where: "CSeq:", pattern: "[0-9]+", name: "cseq" }] }),
    ...ringing,
    receive("CANCEL", { limitMs: 30_000 }),
    answer({ status: "200 OK" }),
    answer({
      status: "487 Request Terminated",
      isRetransmitted: true,
      cseq: "[$cseq] INVITE",
    }),
    receive("ACK"),
  ]),
} as const;
