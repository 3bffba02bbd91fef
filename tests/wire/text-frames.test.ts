import { describe, expect, test } from "bun:test";
import {
  byeMarker,
  closeMarker,
  encodeHello,
  encodePositionMark,
  encodeReturnedTranscript,
  encodeText,
  maxTextBytes,
  TextFrameDecoder,
  type TextFrameOptions,
} from "../../src/wire/text-frames.ts";
import { joinBytes, lengthBytes, recordText, type FrameRecord } from "./frame-recorders.ts";

const link: TextFrameOptions = { expectHello: true, zeroMeans: "close" };
const wayBack: TextFrameOptions = { expectHello: false, zeroMeans: "empty-text" };

function decode(options: TextFrameOptions, ...pieces: readonly Uint8Array[]): FrameRecord[] {
  const decoder = new TextFrameDecoder(options);
  const recorder = recordText();
  for (const piece of pieces) decoder.push(piece, recorder);
  return recorder.records;
}

describe("a text link", () => {
  const whole = joinBytes(
    encodeHello("111"),
    encodeText("Good morning."),
    byeMarker,
    encodeText("Grüße, 你好 👋"),
    closeMarker,
  );
  const expected: FrameRecord[] = [
    ["hello", "111"],
    ["text", "Good morning.", true],
    ["bye"],
    ["text", "Grüße, 你好 👋", true],
    ["close"],
  ];

  test("in one piece; texts may follow a bye", () => {
    expect(decode(link, whole)).toEqual(expected);
  });

  test("cut in two at every place, also within a character", () => {
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(decode(link, whole.subarray(0, cut), whole.subarray(cut))).toEqual(expected);
    }
  });

  test("nothing after the close counts", () => {
    expect(decode(link, whole, whole)).toEqual(expected);
  });

  test("a text of the greatest length passes", () => {
    const text = "a".repeat(maxTextBytes);
    const records = decode(link, encodeHello("1"), encodeText(text));
    expect(records[1]).toEqual(["text", text, true]);
  });

  test("what is not UTF-8 is passed on with replacements, and marked", () => {
    const bad = joinBytes(lengthBytes(3), Uint8Array.of(0x41, 0xff, 0x42));
    expect(decode(link, encodeHello("1"), bad, encodeText("next"))).toEqual([
      ["hello", "1"],
      ["text", "A\ufffdB", false],
      ["text", "next", true],
    ]);
  });

  test("a byte-order mark is part of the text", () => {
    expect(decode(wayBack, encodeText("\ufeffa"))).toEqual([["text", "\ufeffa", true]]);
  });

  test.each([
    [0, "HELLO length 0 is not 1..1024"],
    [1_025, "HELLO length 1025 is not 1..1024"],
    [0xffffffff, "HELLO length 0xffffffff is not 1..1024"],
  ])("HELLO of %i bytes is a violation", (length, reason) => {
    expect(decode(link, lengthBytes(length), whole)).toEqual([["violation", reason]]);
  });

  test.each([
    [10_485_761, "text length 10485761 is more than 10485760 bytes"],
    [0x7fffffff, "text length 2147483647 is more than 10485760 bytes"],
    [0xfffffffe, "text length 0xfffffffe is more than 10485760 bytes"],
  ])("a text of %i bytes is a violation", (length, reason) => {
    const records = decode(link, encodeHello("1"), lengthBytes(length), whole);
    expect(records).toEqual([
      ["hello", "1"],
      ["violation", reason],
    ]);
  });
});

describe("the way back of a caller-audio socket", () => {
  test("starts with a text, and a zero length is a transcript without words", () => {
    const bytes = joinBytes(
      encodeReturnedTranscript("one"),
      encodeReturnedTranscript(""),
      encodeReturnedTranscript("two"),
    );
    expect(decode(wayBack, bytes)).toEqual([
      ["text", "one", true],
      ["text", "", true],
      ["text", "two", true],
    ]);
  });

  const marked = joinBytes(
    encodePositionMark(0),
    encodeReturnedTranscript("one", 16_000),
    encodePositionMark(16_000),
    encodeReturnedTranscript("", 2 ** 32),
    encodePositionMark(Number.MAX_SAFE_INTEGER),
    byeMarker,
  );
  const markedRecords: FrameRecord[] = [
    ["position", 0],
    ["text", "one", true],
    ["position", 16_000],
    ["position", 16_000],
    ["text", "", true],
    ["position", 2 ** 32],
    ["position", Number.MAX_SAFE_INTEGER],
    ["bye"],
  ];

  test("position marks come between transcripts, cut in two at every place", () => {
    for (let cut = 0; cut <= marked.length; cut += 1) {
      const pieces = [marked.subarray(0, cut), marked.subarray(cut)];
      expect(decode(wayBack, ...pieces)).toEqual(markedRecords);
    }
  });

  test("position marks are passed over for a reader that does not ask for them", () => {
    const recorder = recordText();
    new TextFrameDecoder(wayBack).push(marked, {
      hello: (text) => recorder.hello(text),
      text: (text, valid) => recorder.text(text, valid),
      bye: () => recorder.bye(),
      close: () => recorder.close(),
      violation: (reason) => recorder.violation(reason),
    });
    expect(recorder.records).toEqual(markedRecords.filter(([kind]) => kind !== "position"));
  });

  test("a position that falls is a violation", () => {
    const bytes = joinBytes(encodePositionMark(10), encodePositionMark(9), encodeText("next"));
    expect(decode(wayBack, bytes)).toEqual([
      ["position", 10],
      ["violation", "position 9 came after position 10"],
    ]);
  });

  test.each([
    ["9007199254740992", [0, 0x20, 0, 0, 0, 0, 0, 0]],
    ["9223372036854775808", [0x80, 0, 0, 0, 0, 0, 0, 0]],
    ["18446744073709551615", [255, 255, 255, 255, 255, 255, 255, 255]],
  ])("position %s, which is no exact number here, is a violation", (shown, bytes) => {
    const mark = joinBytes(lengthBytes(0xfffffffe), Uint8Array.from(bytes));
    expect(decode(wayBack, mark, encodePositionMark(10))).toEqual([
      ["violation", `position ${shown} is more than any call has samples`],
    ]);
  });
});

test("a sink that stops the decoder gets nothing more", () => {
  const decoder = new TextFrameDecoder(wayBack);
  const recorder = recordText();
  const sink = {
    ...recorder,
    text: (text: string): void => {
      recorder.text(text, true);
      decoder.stop();
    },
  };
  decoder.push(joinBytes(encodeText("one"), encodeText("two")), sink);
  expect(recorder.records).toEqual([["text", "one", true]]);
  expect(decoder.done).toBe(true);
});

test("neither an announced text nor one that has passed keeps memory", () => {
  const announced = joinBytes(lengthBytes(maxTextBytes), new Uint8Array(100));
  const passed = encodeText("a".repeat(1_000_000));
  const decoders: TextFrameDecoder[] = [];
  Bun.gc(true);
  const before = process.memoryUsage().external;
  for (let count = 0; count < 100; count += 1) {
    const decoder = new TextFrameDecoder(wayBack);
    decoder.push(passed, recordText());
    decoder.push(announced, recordText());
    decoders.push(decoder);
  }
  Bun.gc(true);
  const grown = process.memoryUsage().external - before;
  expect(decoders).toHaveLength(100);
  expect(grown).toBeLessThan(100 * 131_072);
});

describe("encoders", () => {
  test("length and text come in one buffer", () => {
    expect([...encodeText("é")]).toEqual([0, 0, 0, 2, 0xc3, 0xa9]);
    expect([...encodeHello("42")]).toEqual([0, 0, 0, 2, 0x34, 0x32]);
    expect([...encodeReturnedTranscript("")]).toEqual([0, 0, 0, 0]);
    const mark = [255, 255, 255, 254, 0, 0, 0, 1, 0, 0, 0, 2];
    expect([...encodePositionMark(2 ** 32 + 2)]).toEqual(mark);
    expect([...encodeReturnedTranscript("", 2 ** 32 + 2)]).toEqual([0, 0, 0, 0, ...mark]);
    expect([...byeMarker]).toEqual([255, 255, 255, 255]);
    expect([...closeMarker]).toEqual([0, 0, 0, 0]);
  });

  test("what would mean something else is refused", () => {
    expect(() => encodeText("")).toThrow(RangeError);
    expect(() => encodeText("a".repeat(maxTextBytes + 1))).toThrow(RangeError);
    expect(() => encodeHello("")).toThrow(RangeError);
    expect(() => encodeHello("1".repeat(1_025))).toThrow(RangeError);
    for (const position of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => encodePositionMark(position)).toThrow(RangeError);
      expect(() => encodeReturnedTranscript("", position)).toThrow(RangeError);
    }
  });
});
