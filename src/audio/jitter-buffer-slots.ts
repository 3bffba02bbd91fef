/** The memory of a jitter buffer: one fixed slot for each packet, found by its extended sequence number. */

/**
 * What a packet carries. `CN` is comfort noise (RFC 3389); an `event` (RFC 4733) holds no sound, but its
 * sequence number counts.
 */
export type PacketFormat = "PCMU" | "PCMA" | "G722" | "CN" | "event";

/** The parts of an RTP header that order the sound; read during the call only, so that it may be reused. */
export interface PacketHeader {
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits, 8,000 a second for all formats. */
  readonly timestamp: number;
  /** Where the payload lies within the packet; the caller has checked that it does. */
  readonly payloadStart: number;
  readonly payloadEnd: number;
}

/** A packet on its way into a slot. */
export interface ArrivedPacket {
  header: PacketHeader;
  bytes: Uint8Array;
  arrivalMs: number;
  format: PacketFormat;
}

/** A power of two; as many packets as a socket's usual buffer holds, 5 s of 20 ms each. */
export const slotCount = 256;

/** 60 ms at 8 bytes a millisecond. */
export const maxPayloadBytes = 480;

/** The slot for a packet whose sequence number has jumped, until the next one explains it. */
const asideSlot = slotCount;
const nobody = -1;

/** The packets behind a gap; overwritten with each question. */
export interface Behind {
  /** Sequence number of the first of them. */
  first: number;
  /** When the first of them to come arrived: since then the gap is known. */
  arrivalMs: number;
}

export class PacketSlots {
  readonly #sequences = new Float64Array(slotCount + 1).fill(nobody);
  readonly #timestamps = new Float64Array(slotCount + 1);
  readonly #arrivalsMs = new Float64Array(slotCount + 1);
  readonly #lengths = new Uint16Array(slotCount + 1);
  readonly #formats = Array.from<PacketFormat>({ length: slotCount + 1 }).fill("event");
  readonly #bytes = new Uint8Array((slotCount + 1) * maxPayloadBytes);

  readonly #behind: Behind = { first: 0, arrivalMs: 0 };

  /** Forgets all but the packet set aside. */
  clear(): void {
    this.#sequences.fill(nobody, 0, asideSlot);
  }

  /** True until a packet `slotCount` later takes the place, even when this one has been played. */
  has(sequence: number): boolean {
    return this.#sequences[sequence & (slotCount - 1)] === sequence;
  }

  /** Extended numbers: those of the packet itself have wrapped. */
  store(sequence: number, timestamp: number, packet: ArrivedPacket): void {
    this.#write(sequence & (slotCount - 1), packet);
    this.#sequences[sequence & (slotCount - 1)] = sequence;
    this.#timestamps[sequence & (slotCount - 1)] = timestamp;
  }

  /** Keeps one packet aside, with the numbers that it came with. */
  setAside(packet: ArrivedPacket): void {
    this.#write(asideSlot, packet);
    this.#sequences[asideSlot] = packet.header.sequence;
    this.#timestamps[asideSlot] = packet.header.timestamp;
  }

  /** True when the packet set aside came right before this sequence number (16 bits). */
  wasSetAsideBefore(sequence: number): boolean {
    return this.#sequences[asideSlot] === ((sequence - 1) & 0xffff);
  }

  get asideTimestamp(): number {
    return this.#timestamps[asideSlot] ?? 0;
  }

  forgetAside(): void {
    this.#sequences[asideSlot] = nobody;
  }

  /** The packet set aside gets its place. */
  restoreAside(sequence: number): void {
    const slot = sequence & (slotCount - 1);
    this.#sequences[slot] = sequence;
    this.#timestamps[slot] = this.asideTimestamp;
    this.#arrivalsMs[slot] = this.#arrivalsMs[asideSlot] ?? 0;
    this.#lengths[slot] = this.#lengths[asideSlot] ?? 0;
    this.#formats[slot] = this.#formats[asideSlot] ?? "event";
    const start = asideSlot * maxPayloadBytes;
    this.#bytes.copyWithin(slot * maxPayloadBytes, start, start + maxPayloadBytes);
    this.forgetAside();
  }

  /** `newest` is here, and behind `gap`. */
  behind(gap: number, newest: number): Behind {
    const behind = this.#behind;
    behind.first = newest;
    behind.arrivalMs = this.arrivalMs(newest);
    for (let sequence = newest - 1; sequence > gap; sequence -= 1) {
      if (!this.has(sequence)) continue;
      behind.first = sequence;
      behind.arrivalMs = Math.min(behind.arrivalMs, this.arrivalMs(sequence));
    }
    return behind;
  }

  timestamp(sequence: number): number {
    return this.#timestamps[sequence & (slotCount - 1)] ?? 0;
  }

  arrivalMs(sequence: number): number {
    return this.#arrivalsMs[sequence & (slotCount - 1)] ?? 0;
  }

  length(sequence: number): number {
    return this.#lengths[sequence & (slotCount - 1)] ?? 0;
  }

  format(sequence: number): PacketFormat {
    return this.#formats[sequence & (slotCount - 1)] ?? "event";
  }

  /** Copies up to `out.length` bytes of the payload from `offset` on; returns how many. */
  read(sequence: number, offset: number, out: Uint8Array): number {
    const count = Math.min(this.length(sequence) - offset, out.length);
    const start = (sequence & (slotCount - 1)) * maxPayloadBytes + offset;
    // A loop, since a view for each packet would be garbage.
    for (let index = 0; index < count; index += 1) out[index] = this.#bytes[start + index] ?? 0;
    return count;
  }

  #write(slot: number, packet: ArrivedPacket): void {
    const { payloadStart, payloadEnd } = packet.header;
    const length = Math.min(payloadEnd - payloadStart, maxPayloadBytes);
    this.#arrivalsMs[slot] = packet.arrivalMs;
    this.#lengths[slot] = length;
    this.#formats[slot] = packet.format;
    const start = slot * maxPayloadBytes;
    for (let index = 0; index < length; index += 1) {
      this.#bytes[start + index] = packet.bytes[payloadStart + index] ?? 0;
    }
  }
}
