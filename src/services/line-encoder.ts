/** Encodes what a caller hears for a line whose codec and frame length are agreed late and may change. */
import { ReplyEncoder } from "../audio/reply-encoder.ts";
import type { ReplyFormat } from "../audio/reply-codec.ts";
import type { LineFrameEncoder } from "./line-echo.ts";

export class LineEncoder implements LineFrameEncoder {
  #format: ReplyFormat;
  #ptimeMs: number;
  #encoder: ReplyEncoder;
  #silence: Uint8Array;

  constructor(format: ReplyFormat, ptimeMs: number) {
    this.#format = format;
    this.#ptimeMs = ptimeMs;
    this.#encoder = new ReplyEncoder({ format, ptimeMs });
    this.#silence = silentFrame(format, ptimeMs);
  }

  /** One frame of silence. */
  get silence(): Uint8Array {
    return this.#silence;
  }

  get rateHz(): number {
    return this.#encoder.rateHz;
  }

  get samples(): Float32Array {
    return this.#encoder.samples;
  }

  get pendingMs(): number {
    return this.#encoder.pendingMs;
  }

  /** What waits is played in the new format. */
  configure(format: ReplyFormat, ptimeMs: number): void {
    if (format === this.#format && ptimeMs === this.#ptimeMs) return;
    const before = this.#encoder;
    this.#format = format;
    this.#ptimeMs = ptimeMs;
    this.#encoder = new ReplyEncoder({ format, ptimeMs });
    before.moveTo(this.#encoder);
    this.#silence = silentFrame(format, ptimeMs);
  }

  write(samples: Float32Array, rateHz: number): void {
    this.#encoder.write(samples, rateHz);
  }

  finish(): void {
    this.#encoder.finish();
  }

  next(): Uint8Array | undefined {
    return this.#encoder.next();
  }

  fadeOut(): Uint8Array | undefined {
    return this.#encoder.fadeOut();
  }

  flush(): void {
    this.#encoder.flush();
  }

  clear(): void {
    this.#encoder.clear();
  }
}

const silentFrames = new Map<string, Uint8Array>();

/** The same for all calls, so that each is made once. */
function silentFrame(format: ReplyFormat, ptimeMs: number): Uint8Array {
  const key = `${format} ${ptimeMs}`;
  const known = silentFrames.get(key);
  if (known !== undefined) return known;
  const encoder = new ReplyEncoder({ format, ptimeMs });
  const rateHz = format === "G722" ? 16_000 : 8000;
  encoder.write(new Float32Array((rateHz / 1000) * ptimeMs), rateHz);
  const frame = encoder.next()?.slice() ?? new Uint8Array(0);
  silentFrames.set(key, frame);
  return frame;
}
