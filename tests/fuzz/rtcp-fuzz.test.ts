import { expect, setDefaultTimeout, test } from "bun:test";
import { parseRtcp, type RtcpPacket } from "../../src/call/rtp/rtcp-packet.ts";
import { RtcpReporter } from "../../src/call/rtp/rtcp-reporter.ts";
import { Reception } from "../../src/call/rtp/reception.ts";
import { writeRtcp } from "../../src/call/rtp/rtcp-writer.ts";
import { SrtpReceiver } from "../../src/call/rtp/srtp-receiver.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { checkOrShow, readCorpus } from "./rtp-fuzz-corpus.ts";
import { SeededRandom } from "./seeded-random.ts";

/** WILDFIRE_FUZZ_INPUTS=1000000 for a long run, WILDFIRE_FUZZ_SEED for another one. */
const inputs = Number(process.env["WILDFIRE_FUZZ_INPUTS"] ?? 20_000);
const seed = Number(process.env["WILDFIRE_FUZZ_SEED"] ?? 1);

setDefaultTimeout(10_000 + inputs);

const corpus = readCorpus("rtcp");
const clock = new FakeClock();
const reception = new Reception();
reception.note(1);

function damaged(random: SeededRandom): Uint8Array {
  const kind = random.between(0, 9);
  if (kind === 0) return random.bytes(random.between(0, 64));
  return kind === 1 ? random.pick(corpus).slice() : random.mutate(random.pick(corpus));
}

/** What is read takes its room in the datagram. */
function mustFit(packets: readonly RtcpPacket[], bytes: Uint8Array): void {
  let words = 0;
  for (const packet of packets) {
    words += 1;
    if (packet.kind === "sr" || packet.kind === "rr") words += packet.reports.length * 6;
    if (packet.kind === "sdes") words += packet.chunks.length * 2;
    if (packet.kind === "bye") words += packet.ssrcs.length;
  }
  if (words * 4 > bytes.length) throw new Error(`${words} words in ${bytes.length} bytes`);
}

function check(bytes: Uint8Array): string {
  const reading = parseRtcp(bytes);
  if (!reading.ok) return reading.fault;
  mustFit(reading.packets, bytes);
  const reporter = new RtcpReporter({ ssrc: 0xfeedbeef, cname: "me", clock });
  for (const packet of reading.packets) reporter.note(packet, 0xcafebabe);
  const { roundTripMs = 0, remoteLossFraction = 0 } = reporter;
  if (!(roundTripMs >= 0 && remoteLossFraction >= 0 && remoteLossFraction < 1)) {
    throw new Error(`round trip ${roundTripMs}, loss ${remoteLossFraction}`);
  }
  const compound = reporter.compose({
    sent: { packets: 1, octets: 160 },
    timestamp: 0,
    reception,
    remoteSsrc: 0xcafebabe,
    isBye: true,
  });
  if (!parseRtcp(writeRtcp(compound)).ok) throw new Error("our own report is broken");
  return "read";
}

test("any compound is read, or has one of the known faults; the next report is sound", () => {
  const random = new SeededRandom(seed);
  const outcomes = new Set<string>();
  for (let round = 0; round < inputs; round += 1) {
    outcomes.add(checkOrShow(damaged(random), check));
  }
  expect([...outcomes].toSorted()).toEqual([
    "content",
    "length",
    "padding",
    "read",
    "short",
    "version",
  ]);
});

test("SRTCP that was changed does not open", () => {
  const master = "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6";
  const receiver = new SrtpReceiver(
    "AES_CM_128_HMAC_SHA1_80",
    Uint8Array.fromHex(master.replace(" ", "")),
  );
  const whole = corpus.find((bytes) => bytes.length === 38);
  if (whole === undefined) throw new Error("the protected packet is not in the corpus");
  const random = new SeededRandom(seed + 1);
  for (let round = 0; round < inputs; round += 1) {
    const changed = random.mutate(whole);
    if (changed.toHex() === whole.toHex()) continue;
    expect(typeof receiver.openRtcp(changed)).toBe("string");
  }
  expect(receiver.openRtcp(whole)).toBeInstanceOf(Uint8Array);
});
