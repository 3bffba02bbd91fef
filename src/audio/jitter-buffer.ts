/**
 * Puts the packets of one RTP stream in order for a listener who wants every word and has no need of an
 * even pace: what is in order is given at once, what is missing is waited for as long as the network has
 * shown to be worth it, and nothing that has come is ever given up to save time.
 */
import { createJitterBufferCounters, type JitterBufferCounters } from "./jitter-buffer-counters.ts";
import {
  type ArrivedPacket,
  maxPayloadBytes,
  type PacketFormat,
  type PacketHeader,
  PacketSlots,
  slotCount,
} from "./jitter-buffer-slots.ts";
import { frameMs, frameTicks, JitterTimeline, ticksPerMs } from "./jitter-buffer-timeline.ts";
import { WaitEstimate } from "./jitter-buffer-wait.ts";

export interface JitterBufferOptions {
  /** Bounds of the time for which an overdue packet is waited for; 60 and 200 ms unless given. */
  readonly minWaitMs?: number | undefined;
  readonly maxWaitMs?: number | undefined;
  /** When nothing at all comes for this long, silence takes its place; 300 ms unless given. */
  readonly holdMs?: number | undefined;
}

/**
 * frame: sound, in `frame`; missing: sound that is lost; silence: the peer said nothing, or nothing comes;
 * noise: a comfort noise payload, in `frame`, which takes no time; empty: nothing for now.
 */
export type Taken = "frame" | "missing" | "silence" | "noise" | "empty";

/** RFC 3550, appendix A.1: further ahead than this, a sequence number is not believed at once. */
const maxAhead = 3000;

export class JitterBuffer {
  readonly counters: JitterBufferCounters = createJitterBufferCounters();
  /** The bytes of what was taken, of which `frameLength` are valid, until the next call. */
  readonly frame = new Uint8Array(frameTicks);
  readonly #slots = new PacketSlots();
  readonly #wait: WaitEstimate;
  readonly #timeline: JitterTimeline;
  /** Reused for each packet, so that putting one makes no garbage. */
  readonly #arrived: ArrivedPacket = {
    header: { sequence: 0, timestamp: 0, payloadStart: 0, payloadEnd: 0 },
    bytes: new Uint8Array(0),
    arrivalMs: 0,
    format: "event",
  };
  #frameLength = 0;
  #format: PacketFormat = "event";
  #isStarted = false;
  /** Until then the first packet waits for one that was sent before it. */
  #firstMs = 0;
  /** Extended sequence numbers. */
  #next = 0;
  #newest = 0;
  /** Extended. */
  #newestTimestamp = 0;
  /** Ticks already taken of the packet whose turn it is, and the length of the last one. */
  #offset = 0;
  #packetTicks = frameTicks;

  constructor(options: JitterBufferOptions = {}) {
    const { minWaitMs = 60, maxWaitMs = 200, holdMs = 300 } = options;
    this.#wait = new WaitEstimate({ minWaitMs, maxWaitMs });
    this.#timeline = new JitterTimeline(this.counters, holdMs);
  }

  /** Bytes of a frame or of a noise payload, and ticks of what is missing or silent. */
  get frameLength(): number {
    return this.#frameLength;
  }

  /** Of the last packet with sound that was taken from. */
  get format(): PacketFormat {
    return this.#format;
  }

  /** For how long an overdue packet is waited for at the moment. */
  get waitMs(): number {
    return this.#wait.waitMs;
  }

  /** The stream starts anew with the next packet, whatever its numbers: another SSRC. */
  restart(): void {
    if (this.#isStarted) this.counters.restarts += 1;
    this.#leave();
  }

  /** Copies the payload; `arrivalMs` is of the same clock as the times of taking. */
  put(header: PacketHeader, bytes: Uint8Array, arrivalMs: number, format: PacketFormat): void {
    this.counters.received += 1;
    if (header.payloadEnd - header.payloadStart > maxPayloadBytes) {
      this.counters.refused += 1;
      return;
    }
    const packet = this.#arrived;
    packet.header = header;
    packet.bytes = bytes;
    packet.arrivalMs = arrivalMs;
    packet.format = format;
    if (!this.#isStarted) this.#start(header.sequence, header.timestamp, arrivalMs);
    const ahead = (((header.sequence - this.#newest) & 0xffff) ^ 0x8000) - 0x8000;
    const sequence = this.#newest + ahead;
    if (ahead > maxAhead || sequence < this.#next - slotCount) {
      this.#doubt(packet);
      return;
    }
    this.#slots.forgetAside();
    this.#accept(sequence, packet);
  }

  /** Call it at each frame time, again until it gives "empty": what was held up is made up for at once. */
  take(nowMs: number): Taken {
    if (!this.#isStarted) return this.#fill(nowMs);
    // Each round leaves a gap or a packet without sound behind.
    for (let round = 0; round <= slotCount; round += 1) {
      this.#frameLength = this.#timeline.takeMissing(nowMs);
      if (this.#frameLength > 0) return "missing";
      this.#frameLength = this.#timeline.takeSilence(nowMs);
      if (this.#frameLength > 0) return "silence";
      if (!this.#isReady(nowMs)) break;
      const taken = this.#timeline.hasGap ? undefined : this.#takePacket(nowMs);
      if (taken !== undefined) return taken;
    }
    // While a packet is waited for, nothing must come between it and its forerunner.
    return this.#newest >= this.#next ? "empty" : this.#fill(nowMs);
  }

  #start(sequence: number, timestamp: number, nowMs: number): void {
    this.#isStarted = true;
    this.#firstMs = nowMs + frameMs;
    // Room for packets that were sent before the first that came.
    this.#next = 0x10000 + sequence;
    this.#newest = this.#next;
    this.#newestTimestamp = timestamp;
    this.#timeline.start(timestamp, nowMs);
  }

  #leave(): void {
    for (let at = this.#next; this.#isStarted && at <= this.#newest; at += 1) {
      if (this.#slots.has(at)) this.counters.overflowed += 1;
    }
    this.#isStarted = false;
    this.#slots.clear();
    this.#offset = 0;
    this.#wait.restart();
  }

  /** A sequence number far off is believed when the next one follows it, and nothing is lost by then. */
  #doubt(packet: ArrivedPacket): void {
    const { sequence } = packet.header;
    if (!this.#slots.wasSetAsideBefore(sequence)) {
      this.#slots.setAside(packet);
      return;
    }
    const timestamp = this.#slots.asideTimestamp;
    this.#leave();
    this.counters.jumps += 1;
    this.#start((sequence - 1) & 0xffff, timestamp, packet.arrivalMs);
    this.#slots.restoreAside(this.#next);
    this.#accept(this.#next + 1, packet);
  }

  #accept(sequence: number, packet: ArrivedPacket): void {
    const { arrivalMs } = packet;
    const sinceNewest = (packet.header.timestamp - this.#newestTimestamp) | 0;
    const timestamp = this.#newestTimestamp + sinceNewest;
    if (this.#slots.has(sequence)) {
      this.counters.duplicate += 1;
      return;
    }
    if (sequence < this.#next) {
      if (!this.#isBeforeFirst(sequence, arrivalMs)) {
        this.counters.late += 1;
        this.#wait.observeOvertaken(timestamp / ticksPerMs, arrivalMs);
        return;
      }
      this.#next = sequence;
      this.#timeline.moveTo(timestamp);
    }
    this.#makeRoom(sequence - slotCount + 1);
    this.#slots.store(sequence, timestamp, packet);
    if (packet.format !== "event") this.#observe(timestamp / ticksPerMs, packet, sequence);
    if (sequence < this.#newest) return;
    this.#newest = sequence;
    this.#newestTimestamp = timestamp;
  }

  /** Timestamps of events are those of their beginning, which says nothing about the delay. */
  #observe(mediaMs: number, { arrivalMs }: ArrivedPacket, sequence: number): void {
    this.#wait.observe(mediaMs, arrivalMs);
    if (sequence < this.#newest) this.#wait.observeOvertaken(mediaMs, arrivalMs);
  }

  #isBeforeFirst(sequence: number, nowMs: number): boolean {
    return nowMs < this.#firstMs && this.#offset === 0 && sequence > this.#newest - slotCount;
  }

  /** The oldest packets go, when the newest would not fit. */
  #makeRoom(first: number): void {
    if (first > this.#next) this.#offset = 0;
    for (; this.#next < first; this.#next += 1) {
      if (this.#slots.has(this.#next)) this.counters.overflowed += 1;
      else this.counters.lost += 1;
    }
  }

  /** Whether the next packet is here, or has been given up so that the one behind it is next. */
  #isReady(nowMs: number): boolean {
    if (nowMs < this.#firstMs || this.#newest < this.#next) return false;
    if (this.#slots.has(this.#next)) {
      if (this.#offset === 0) this.#timeline.closeGap(this.#slots.timestamp(this.#next), 0);
      return true;
    }
    const { first, arrivalMs } = this.#slots.behind(this.#next, this.#newest);
    if (nowMs < arrivalMs + this.#wait.waitMs) return false;
    const lost = first - this.#next;
    this.counters.lost += lost;
    this.#next = first;
    this.#timeline.closeGap(this.#slots.timestamp(first), lost * this.#packetTicks);
    return true;
  }

  /** Undefined when the packet holds no sound. */
  #takePacket(nowMs: number): Taken | undefined {
    const sequence = this.#next;
    const format = this.#slots.format(sequence);
    if (format === "event") {
      this.#finishPacket();
      return undefined;
    }
    this.#frameLength = this.#slots.read(sequence, this.#offset, this.frame);
    if (format === "CN") {
      this.#finishPacket();
      this.#timeline.fallSilent();
      return "noise";
    }
    this.#offset += this.#frameLength;
    if (this.#offset >= this.#slots.length(sequence)) {
      if (this.#offset > 0) this.#packetTicks = this.#offset;
      this.#finishPacket();
    }
    if (this.#frameLength === 0) return undefined;
    this.#format = format;
    this.#timeline.heard(this.#frameLength, nowMs);
    return "frame";
  }

  #finishPacket(): void {
    this.counters.played += 1;
    this.#next += 1;
    this.#offset = 0;
  }

  #fill(nowMs: number): Taken {
    this.#frameLength = this.#timeline.fill(nowMs);
    return this.#frameLength === 0 ? "empty" : "silence";
  }
}
