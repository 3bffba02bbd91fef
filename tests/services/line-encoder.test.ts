/** The encoder of a line whose codec and frame length are agreed late and change. */
import { describe, expect, test } from "bun:test";
import { decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from "../../src/audio/g711.ts";
import { G722Decoder } from "../../src/audio/g722-decoder.ts";
import { LineEncoder } from "../../src/services/line-encoder.ts";

const narrowHz = 8000;

/** In steps of 16 bits, as recordings have them. */
function ramp(length: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, index) => Math.round(Math.sin(index / 5) * 8192) / 32_768,
  );
}

/** Everything that comes out once all is written. */
function drain(encoder: LineEncoder): Uint8Array {
  const frames: Uint8Array[] = [];
  encoder.finish();
  for (let frame = encoder.next(); frame !== undefined; frame = encoder.next()) {
    frames.push(frame.slice());
  }
  return Buffer.concat(frames);
}

describe("frames", () => {
  test.each([
    ["PCMU", encodeMuLaw],
    ["PCMA", encodeALaw],
  ] as const)("%s at the rate of the line is the plain law, sample by sample", (format, encode) => {
    const samples = ramp(480);
    const encoder = new LineEncoder(format, 20);
    encoder.write(samples, narrowHz);
    expect(drain(encoder)).toEqual(Buffer.from(encode(samples)));
  });

  test.each([
    [10, 80],
    [20, 160],
    [30, 240],
    [60, 480],
  ])("of %d ms have %d bytes, silence too", (ptimeMs, bytes) => {
    const encoder = new LineEncoder("PCMU", 20);
    encoder.configure("PCMU", ptimeMs);
    encoder.write(ramp(1000), narrowHz);
    expect(encoder.next()).toHaveLength(bytes);
    expect(encoder.silence).toHaveLength(bytes);
  });

  test("pendingMs is what was written and not taken", () => {
    const encoder = new LineEncoder("PCMU", 20);
    encoder.write(ramp(800), narrowHz);
    expect(encoder.pendingMs).toBe(100);
    encoder.next();
    expect(encoder.pendingMs).toBe(80);
  });
});

describe("silence", () => {
  test("decodes to nothing in either law", () => {
    const law = new LineEncoder("PCMU", 20);
    expect(Math.max(...decodeMuLaw(law.silence).map(Math.abs))).toBe(0);
    law.configure("PCMA", 20);
    // A-law has no zero: its smallest step is 8 of 32768.
    expect(Math.max(...decodeALaw(law.silence).map(Math.abs))).toBeLessThanOrEqual(8 / 32_768);
  });

  test("of G.722 is a frame of 64 kbit/s that is quiet when it is heard", () => {
    const encoder = new LineEncoder("G722", 20);
    expect(encoder.silence).toHaveLength(160);
    const heard = new Float32Array(320);
    new G722Decoder().decode(encoder.silence, encoder.silence.length, heard);
    expect(Math.max(...heard.map(Math.abs))).toBeLessThan(0.002);
  });

  test("is made once for all calls, and stays what it is while frames are encoded", () => {
    const one = new LineEncoder("PCMU", 20);
    const other = new LineEncoder("PCMU", 20);
    expect(one.silence).toBe(other.silence);
    const before = one.silence.slice();
    one.write(ramp(1600), narrowHz);
    drain(one);
    expect(other.silence).toEqual(before);
  });
});

describe("a change of the line", () => {
  test("to another law counts from the next frame on, for what waits too", () => {
    const encoder = new LineEncoder("PCMU", 20);
    const samples = ramp(320);
    encoder.write(samples.subarray(0, 200), narrowHz);
    encoder.configure("PCMA", 20);
    expect(encoder.pendingMs).toBe(25);
    encoder.write(samples.subarray(200), narrowHz);
    expect(drain(encoder)).toEqual(Buffer.from(encodeALaw(samples)));
  });

  test("to another rate loses nothing of what waits, nor that it is complete", () => {
    const encoder = new LineEncoder("PCMU", 20);
    encoder.write(ramp(24_000 - 30), 24_000);
    encoder.finish();
    for (const [format, ptimeMs] of [
      ["G722", 20],
      ["PCMA", 30],
      ["PCMU", 10],
    ] as const) {
      encoder.configure(format, ptimeMs);
      expect(encoder.pendingMs).toBe(998.75);
    }
    let frames = 0;
    while (encoder.next() !== undefined) frames += 1;
    expect(frames).toBe(100);
  });

  test("to what it is already loses nothing", () => {
    const encoder = new LineEncoder("PCMA", 20);
    encoder.write(ramp(320), narrowHz);
    encoder.configure("PCMA", 20);
    expect(encoder.pendingMs).toBe(40);
  });

  test("flush forgets what waits", () => {
    const encoder = new LineEncoder("PCMU", 20);
    encoder.write(ramp(8000), narrowHz);
    encoder.flush();
    expect(drain(encoder).length).toBeLessThanOrEqual(160);
  });
});
