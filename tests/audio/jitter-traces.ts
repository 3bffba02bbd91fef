/** Packets as a network would deliver them, and what a jitter buffer makes of them. */
import type { JitterBuffer } from "../../src/audio/jitter-buffer.ts";
import type { PacketFormat } from "../../src/audio/jitter-buffer-slots.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

export interface TraceOptions {
  readonly packets: number;
  readonly ptimeMs?: number;
  readonly firstSequence?: number;
  readonly firstTimestamp?: number;
  /** How much slower the peer's clock runs than ours, in millionths. */
  readonly driftPpm?: number;
  /** Delay of each packet; a function of its number and of randomness. */
  readonly delayMs?: (index: number, random: SeededRandom) => number;
  readonly isLost?: (index: number, random: SeededRandom) => boolean;
  readonly isDoubled?: (index: number, random: SeededRandom) => boolean;
  /** True keeps packets in the order in which they were sent: they queue behind a late one. */
  readonly isFifo?: boolean;
}

export interface TracePacket {
  /** Number of the packet, from 0, whatever its sequence number. */
  readonly index: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly arrivalMs: number;
}

const networkDelayMs = 30;

/** In the order of arrival; those that are lost are left out. */
export function makeTrace(options: TraceOptions): TracePacket[] {
  const { packets, isFifo = false } = options;
  const random = new SeededRandom(1);
  const trace: TracePacket[] = [];
  let previousMs = 0;
  for (let index = 0; index < packets; index += 1) {
    const directMs = arrivalOf(index, random, options);
    const isLost = options.isLost?.(index, random) ?? false;
    const isDoubled = options.isDoubled?.(index, random) ?? false;
    if (isLost) continue;
    const arrivalMs = isFifo ? Math.max(directMs, previousMs) : directMs;
    previousMs = arrivalMs;
    const packet = numberPacket(index, arrivalMs, options);
    trace.push(packet);
    if (isDoubled) trace.push({ ...packet, arrivalMs: arrivalMs + 1 });
  }
  return trace.toSorted((a, b) => a.arrivalMs - b.arrivalMs);
}

function arrivalOf(index: number, random: SeededRandom, options: TraceOptions): number {
  const { ptimeMs = 20, driftPpm = 0 } = options;
  const sentMs = index * ptimeMs * (1 + driftPpm / 1e6);
  return sentMs + networkDelayMs + (options.delayMs?.(index, random) ?? 0);
}

function numberPacket(index: number, arrivalMs: number, options: TraceOptions): TracePacket {
  const { ptimeMs = 20, firstSequence = 0, firstTimestamp = 0 } = options;
  const ticks = ptimeMs * 8;
  return {
    index,
    sequence: (firstSequence + index) & 0xffff,
    timestamp: (firstTimestamp + index * ticks) % 2 ** 32,
    payload: positions(index * ticks, ticks),
    arrivalMs,
  };
}

/** A payload whose every fourth byte begins with its own place in the stream, in ticks. */
export function positions(start: number, ticks: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(ticks));
  for (let at = 0; at + 4 <= ticks; at += 4) view.setUint32(at, start + at);
  return new Uint8Array(view.buffer);
}

export interface Heard {
  /** Places in the stream of all bytes in fours, in the order in which they were given. */
  readonly places: number[];
  readonly missingTicks: number;
  readonly silentTicks: number;
  readonly noises: number;
  /** From the arrival of a packet until its first frame was given. */
  readonly delaysMs: number[];
}

const tickMs = 20;

/** Puts a packet in from a longer buffer, as a socket would give it. */
export function put(
  buffer: JitterBuffer,
  packet: Omit<TracePacket, "index">,
  format: PacketFormat = "PCMU",
): void {
  const { sequence, timestamp, payload, arrivalMs } = packet;
  const bytes = new Uint8Array(payload.length + 20);
  bytes.set(payload, 12);
  const header = { sequence, timestamp, payloadStart: 12, payloadEnd: 12 + payload.length };
  buffer.put(header, bytes, arrivalMs, format);
}

/** Plays a trace in real time, with a tick every 20 ms, until all that can come has come. */
export function play(buffer: JitterBuffer, trace: readonly TracePacket[]): Heard {
  const heard = { places: [], missingTicks: 0, silentTicks: 0, noises: 0, delaysMs: [] };
  const arrivals = new Map<number, number>();
  const waiting = [...trace].toReversed();
  let nowMs = 7;
  while (waiting.length > 0) {
    while ((waiting.at(-1)?.arrivalMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      const packet = waiting.pop();
      if (packet === undefined) break;
      put(buffer, packet);
      const place = readPlace(packet.payload, 0);
      if (!arrivals.has(place)) arrivals.set(place, packet.arrivalMs);
    }
    takeAll(buffer, nowMs, { heard, arrivals });
    nowMs += tickMs;
  }
  // Long enough for the last gap to be given up, too short for silence to be given.
  takeAll(buffer, nowMs + tickMs, { heard, arrivals });
  return heard;
}

interface Ledger {
  readonly heard: { -readonly [Key in keyof Heard]: Heard[Key] };
  readonly arrivals: ReadonlyMap<number, number>;
}

function takeAll(buffer: JitterBuffer, nowMs: number, { heard, arrivals }: Ledger): void {
  for (;;) {
    const taken = buffer.take(nowMs);
    if (taken === "empty") return;
    if (taken === "missing") heard.missingTicks += buffer.frameLength;
    if (taken === "silence") heard.silentTicks += buffer.frameLength;
    if (taken === "noise") heard.noises += 1;
    if (taken !== "frame") continue;
    const arrivalMs = arrivals.get(readPlace(buffer.frame, 0));
    if (arrivalMs !== undefined) heard.delaysMs.push(nowMs - arrivalMs);
    for (let at = 0; at + 4 <= buffer.frameLength; at += 4) {
      heard.places.push(readPlace(buffer.frame, at));
    }
  }
}

function readPlace(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

/** The places that a trace holds, each once and in order: what a perfect listener would hear. */
export function allPlaces(trace: readonly TracePacket[]): number[] {
  const byIndex = new Map(trace.map((packet) => [packet.index, packet]));
  const ordered = [...byIndex.values()].toSorted((a, b) => a.index - b.index);
  return ordered.flatMap(({ payload }) => {
    const places: number[] = [];
    for (let at = 0; at + 4 <= payload.length; at += 4) places.push(readPlace(payload, at));
    return places;
  });
}
