import { describe, expect, test } from "bun:test";
import {
  SipStreamFramer,
  type SipStreamSink,
} from "../../../../src/call/sip/message/sip-stream-framer.ts";
import { SeededRandom } from "../../../fuzz/seeded-random.ts";
import { optionsRequest, readMessage } from "./sip-texts.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What was reported, in order; messages as text. */
class Recorder implements SipStreamSink {
  readonly records: string[] = [];

  message(bytes: Uint8Array): void {
    this.records.push(decoder.decode(bytes));
  }

  ping(): void {
    this.records.push("ping");
  }

  pong(): void {
    this.records.push("pong");
  }

  violation(reason: string): void {
    this.records.push(`violation: ${reason}`);
  }
}

function frame(...pieces: readonly (Uint8Array | string)[]): readonly string[] {
  const framer = new SipStreamFramer();
  const recorder = new Recorder();
  for (const piece of pieces) {
    framer.push(typeof piece === "string" ? encoder.encode(piece) : piece, recorder);
  }
  return recorder.records;
}

const plain = decoder.decode(optionsRequest({}, "Content-Length: 0"));
const short = decoder.decode(optionsRequest({}, "l:\t4", "c: text/plain"));
const folded = decoder.decode(optionsRequest({}, "CONTENT-LENGTH :\r\n 3", "X-A: l: 9"));

test("messages are cut by Content-Length, whatever stands in their bodies", () => {
  expect(frame(`${plain}${short}\r\n\r\n${folded}INV${plain}`)).toEqual([
    plain,
    `${short}\r\n\r\n`,
    `${folded}INV`,
    plain,
  ]);
});

test("pieces of any size give the same messages", () => {
  const random = new SeededRandom(1);
  const text = `\r\n\r\n${plain}${short}abcd${folded}xyz\r\n${short}\n\n\n\n\r\n\r\n${plain}`;
  const bytes = encoder.encode(text);
  const whole = frame(bytes);
  expect(whole).toHaveLength(5 + 3 + 1 + 3);
  for (const longest of [1, 2, 3, 7, 100, 1_000]) {
    for (let round = 0; round < 20; round += 1) {
      expect(frame(...random.split(bytes, longest))).toEqual(whole);
    }
  }
});

test("two line ends between messages are a ping, one is a pong", () => {
  expect(frame("\r\n")).toEqual(["pong"]);
  expect(frame("\r\n\r\n")).toEqual(["pong", "pong", "ping"]);
  expect(frame("\r", "\n", "\r", "\n")).toEqual(["pong", "pong", "ping"]);
  expect(frame(`\r\n${plain}\r\n`)).toEqual(["pong", plain, "pong"]);
  expect(frame("\r\n\r\n\r\n\r\n").filter((record) => record === "ping")).toHaveLength(2);
});

test("lines may end with LF alone", () => {
  const bare = short.replaceAll("\r\n", "\n");
  expect(frame(`${bare}abcd${plain}`)).toEqual([`${bare}abcd`, plain]);
});

test("without Content-Type a message may leave out its Content-Length: it has no body", () => {
  const bare = decoder.decode(optionsRequest({}));
  expect(frame(bare + plain)).toEqual([bare, plain]);
});

function headers(...lines: readonly string[]): string {
  return decoder.decode(optionsRequest({}, ...lines));
}

describe("the end of a stream, after which nothing follows", () => {
  const rows = [
    [headers("Content-Type: a/b"), "Content-Length is missing"],
    [headers("l: -1"), 'Content-Length is malformed: "-1"'],
    [headers("l:"), 'Content-Length is malformed: ""'],
    [headers("l: 1", "Content-Length: 2"), "Content-Length comes twice"],
    [headers("l: 65536"), "a body of 65536 bytes"],
    ["\u0016\u0003\u0001", String.raw`not SIP: "\u0016\u0003\u0001"`],
    ["\rX", String.raw`not SIP: "\rX"`],
    [`OPTIONS sip:a SIP/2.0\r\n${"a".repeat(65_535)}`, "headers of more than 65535 bytes"],
    [headers("x\r\n".repeat(22_000)), "headers of more than 65535 bytes"],
  ] as const;
  for (const [text, reason] of rows) {
    test(reason, () => expect(frame(plain, text, plain)).toEqual([plain, `violation: ${reason}`]));
  }
});

test("headers and body may each be as long as the limit", () => {
  const body = "b".repeat(65_535);
  const start = headersOf(65_535, "l: 65535");
  const records = frame(start, body, plain);
  expect(records.map(({ length }) => length)).toEqual([131_070, plain.length]);
});

test("a message is the sink's to keep", () => {
  const kept: Uint8Array[] = [];
  const framer = new SipStreamFramer();
  const sink = { ...silent, message: (bytes: Uint8Array) => void kept.push(bytes) };
  framer.push(encoder.encode(plain), sink);
  framer.push(encoder.encode(`${short}abcd`), sink);
  expect(kept.map((bytes) => decoder.decode(bytes))).toEqual([plain, `${short}abcd`]);
  expect(kept.map((bytes) => readMessage(bytes).callId)).toHaveLength(2);
});

test("stopping from within a sink method ends the stream there", () => {
  const framer = new SipStreamFramer();
  let messages = 0;
  const sink = {
    ...silent,
    message: () => {
      messages += 1;
      framer.stop();
    },
  };
  framer.push(encoder.encode(plain + plain), sink);
  framer.push(encoder.encode(plain), sink);
  expect([messages, framer.isDone, framer.pendingBytes]).toEqual([1, true, 0]);
});

test("pending bytes are those of a message that is not whole", () => {
  const framer = new SipStreamFramer();
  framer.push(encoder.encode(plain + plain.slice(0, 30)), silent);
  expect(framer.pendingBytes).toBe(30);
  framer.push(encoder.encode(plain.slice(30)), silent);
  expect(framer.pendingBytes).toBe(0);
});

const silent: SipStreamSink = { message() {}, ping() {}, pong() {}, violation() {} };

/** A message whose header block, empty line included, has this many bytes. */
function headersOf(bytes: number, ...lines: readonly string[]): string {
  const head = decoder.decode(optionsRequest({}, ...lines));
  const filler = `X: ${"a".repeat(1_000)}\r\n`;
  const missing = bytes - head.length;
  const last = `X: ${"b".repeat((missing % filler.length) + filler.length - 5)}\r\n`;
  const fillers = filler.repeat(Math.floor(missing / filler.length) - 1);
  return `${head.slice(0, -2)}${fillers}${last}\r\n`;
}
