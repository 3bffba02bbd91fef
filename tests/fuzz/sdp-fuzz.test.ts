import { expect, setDefaultTimeout, test } from "bun:test";
import { answerOffer } from "../../src/call/sdp/answer.ts";
import { compareMedia, type NegotiatedMedia } from "../../src/call/sdp/negotiated-media.ts";
import { acceptAnswer, createOffer } from "../../src/call/sdp/offer.ts";
import { maxSdpBytes, readSdp } from "../../src/call/sdp/sdp-reader.ts";
import type { SessionDescription } from "../../src/call/sdp/session-description.ts";
import { localMedia } from "../call/sdp/local-media.ts";
import { checkOrShow, readCorpus } from "./rtp-fuzz-corpus.ts";
import { SeededRandom } from "./seeded-random.ts";

/** WILDFIRE_FUZZ_INPUTS=1000000 for a long run, WILDFIRE_FUZZ_SEED for another one. */
const inputs = Number(process.env["WILDFIRE_FUZZ_INPUTS"] ?? 6_000);
const seed = Number(process.env["WILDFIRE_FUZZ_SEED"] ?? 1);

setDefaultTimeout(10_000 + inputs);

const corpus = readCorpus("sdp");
const plain = localMedia({ codecs: ["G722", "PCMU", "PCMA"] });
const secure = localMedia({ srtp: "required", order: "ours" });
const plainOffer = createOffer(plain);
const secureOffer = createOffer(secure);

const pieces = [
  "\r\n",
  "\n",
  "\0",
  " ",
  "m=audio 5000 RTP/AVP 0\r\n",
  "m=audio 0 RTP/AVP 0\r\n",
  "m=video 5000 RTP/AVP 96\r\n",
  "m=",
  "c=IN IP4 192.0.2.99\r\n",
  "c=IN IP6 ::\r\n",
  "c=IN IP4 0.0.0.0\r\n",
  "a=rtpmap:0 ",
  "a=rtpmap:101 telephone-event/8000\r\n",
  "a=rtcp-mux\r\n",
  "a=ptime:",
  "a=inactive\r\n",
  "RTP/SAVP",
  "RTP/AVP",
  "/",
  "|",
  "65536",
  "-1",
  "1e9",
  "NaN",
  "Infinity",
  "__proto__",
  "ü\u2028",
] as const;

function damaged(random: SeededRandom): Uint8Array {
  const kind = random.between(0, 9);
  if (kind === 0) return random.bytes(random.between(0, 200));
  const original = random.pick(corpus);
  if (kind <= 4) return random.mutate(original);
  let text = new TextDecoder().decode(original);
  for (let count = random.between(1, 3); count > 0; count -= 1) {
    const at = random.between(0, text.length);
    const gone = random.between(0, 3) === 0 ? random.between(0, 20) : 0;
    text = text.slice(0, at) + random.pick(pieces) + text.slice(at + gone);
  }
  return new TextEncoder().encode(text);
}

function mustBeOneLine(reason: string): void {
  if (reason === "" || /[\r\n]/.test(reason) || reason.length > 400) throw new Error(reason);
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function mustBeUsable(media: NegotiatedMedia): void {
  const { ptimeMs, payloadType, remote, receivable, srtp } = media;
  const isSane =
    [10, 20, 30, 40, 50, 60].includes(ptimeMs) &&
    receivable[0]?.payloadType === payloadType &&
    receivable.every((payload) => isWithin(payload.payloadType, 0, 127)) &&
    isWithin(remote.rtpPort, 1, 65_535) &&
    isWithin(remote.rtcpPort, 0, 65_535) &&
    /^[0-9a-f.:]+$/.test(remote.address) &&
    srtp?.localKey.length === srtp?.remoteKey.length;
  if (!isSane) throw new Error(`not usable: ${JSON.stringify(media)}`);
  if (compareMedia(media, media).size > 0) throw new Error("differs from itself");
}

/** Our answer must be a description that others can read, with a line for each of theirs. */
function checkAnswer(offer: SessionDescription, local: typeof plain): string {
  const answer = answerOffer(offer, local);
  if (!answer.ok) {
    mustBeOneLine(answer.reason);
    return "refused";
  }
  mustBeUsable(answer.session.media);
  const lines = answer.body.split("\r\n");
  if (lines.pop() !== "" || !lines.every((line) => /^[a-z]=[ -~]+$/.test(line))) {
    throw new Error(`answer: ${JSON.stringify(answer.body)}`);
  }
  const reading = readSdp(answer.body);
  if (!reading.ok) throw new Error(reading.reason);
  if (reading.description.lines.length !== offer.lines.length) throw new Error("lines are missing");
  const again = createOffer({ ...local, earlier: answer.session });
  const later = readSdp(again.body);
  if (!later.ok || later.description.lines.length !== offer.lines.length) {
    throw new Error(`later offer: ${JSON.stringify(again.body)}`);
  }
  return "answered";
}

function check(bytes: Uint8Array): string {
  const reading = readSdp(bytes);
  if (!reading.ok) {
    mustBeOneLine(reading.reason);
    return "unreadable";
  }
  for (const offer of [plainOffer, secureOffer]) {
    const accepted = acceptAnswer(offer, reading.description);
    if (accepted.ok) mustBeUsable(accepted.session.media);
    else mustBeOneLine(accepted.reason);
  }
  const first = checkAnswer(reading.description, plain);
  const second = checkAnswer(reading.description, secure);
  return `${first}, ${second}`;
}

test("the corpus itself is read and answered", () => {
  for (const bytes of corpus) expect(checkOrShow(bytes, check)).toContain("answered");
});

test("any description is answered or refused in one line", () => {
  const random = new SeededRandom(seed);
  const outcomes = new Set<string>();
  for (let round = 0; round < inputs; round += 1) {
    outcomes.add(checkOrShow(damaged(random), check));
  }
  for (const outcome of [
    "unreadable",
    "answered, refused",
    "refused, refused",
    "answered, answered",
  ]) {
    expect(outcomes).toContain(outcome);
  }
});

test.each([
  "m=audio 5 RTP/AVP 0\n",
  "a=rtpmap:0 PCMU/8000\n",
  "a=\n",
  "m=\n",
  "[",
  "a=imageattr:* send []",
])("a description full of %p is read or refused like any other", (piece) => {
  const text = `v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5 RTP/AVP 0\r\n`;
  const full = text + piece.repeat(Math.floor((maxSdpBytes - text.length) / piece.length));
  expect(["unreadable", "answered, refused"]).toContain(check(new TextEncoder().encode(full)));
});
