/** The voice's end of a call's replies, against outbound connections that come, go and misbehave. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { describeError } from "../../src/core/errors.ts";
import { connectTcp } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { VoiceLink } from "../../src/voice/voice-link.ts";
import { nextAnnouncementMs } from "../../src/wire/announce-schedule.ts";
import { encodeHello } from "../../src/wire/audio-frames.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { replyAudioPort } from "../../src/wire/ports.ts";
import { ReplyAudioDecoder } from "../../src/wire/reply-audio.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(30_000);

/** One connection of outbound. */
class Listener implements Disposable {
  readonly told: string[] = [];
  readonly chunkIds: number[] = [];
  samples = 0;
  isClosed = false;
  readonly link: TcpLink;

  private constructor(link: TcpLink) {
    this.link = link;
  }

  static async connect(id: number, hello: string | undefined = String(id)): Promise<Listener> {
    const holder: { listener?: Listener } = {};
    const decoder = new ReplyAudioDecoder();
    const attempt = connectTcp(
      {
        hostname: "127.0.0.1",
        port: replyAudioPort(callIdOf(id)),
        timeoutMs: 2000,
        clock: new FakeClock(),
        maxPendingBytes: 4096,
      },
      {
        data: (bytes) => holder.listener?.take(decoder, bytes),
        closed: () => {
          if (holder.listener !== undefined) holder.listener.isClosed = true;
        },
      },
    );
    const listener = new Listener(await attempt.link);
    holder.listener = listener;
    if (hello !== "") listener.link.write(encodeHello(hello));
    return listener;
  }

  take(decoder: ReplyAudioDecoder, bytes: Uint8Array): void {
    decoder.push(bytes, {
      chunk: ({ chunkId, rateHz }) => {
        this.chunkIds.push(chunkId);
        this.told.push(`chunk at ${rateHz}`);
      },
      samples: ({ length }) => void (this.samples += length),
      repeated: ({ chunkId }) => this.told.push(`repeated ${chunkId}`),
      end: () => this.told.push("end"),
      violation: (reason) => this.told.push(reason),
    });
  }

  async hears(samples: number): Promise<void> {
    await until(() => this.samples >= samples, `${samples} samples`);
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, "the end of the connection");
  }

  [Symbol.dispose](): void {
    this.link.destroy();
  }
}

class Rig implements Disposable {
  readonly clock = new FakeClock();
  readonly memory = createMemoryLog(this.clock);
  announced = 0;
  rooms = 0;
  readonly link: VoiceLink;
  readonly id: number;

  constructor(id: number) {
    this.id = id;
    this.link = new VoiceLink({
      callId: callIdOf(id),
      bind: "127.0.0.1",
      rateHz: 24_000,
      announce: () => void (this.announced += 1),
      onRoom: () => void (this.rooms += 1),
      clock: this.clock,
      log: this.memory.log,
    });
  }

  async connects(count = 1): Promise<Listener> {
    const listener = await Listener.connect(this.id);
    await until(() => this.link.status().connects === count, `connection ${count}`);
    return listener;
  }

  hasRoom(): boolean {
    return this.link.hasRoom;
  }

  async state(state: string): Promise<void> {
    await until(() => this.link.status().state === state, state);
  }

  [Symbol.dispose](): void {
    this.link.close();
  }
}

const piece = new Float32Array(2400).fill(0.25);

/** A call that is told one piece of sound. */
async function wholeCall(): Promise<void> {
  using rig = new Rig(5022);
  using listener = await rig.connects();
  rig.link.write(piece);
  await listener.hears(2400);
  rig.link.close();
  await listener.closed();
}

test("REGISTER is due every 200 ms in the first second, then every second", () => {
  expect([0, 200, 999, 1000, 60_000].map(nextAnnouncementMs)).toEqual([200, 200, 200, 1000, 1000]);
});

describe("announcements", () => {
  test("begin at once, go on until outbound has said HELLO, and end then", async () => {
    using rig = new Rig(5000);
    expect(rig.announced).toBe(1);
    rig.clock.advance(1000);
    expect(rig.announced).toBe(6);
    rig.clock.advance(3000);
    expect(rig.announced).toBe(9);
    using stranger = await Listener.connect(5000, "");
    rig.clock.advance(1000);
    expect(rig.announced).toBe(10);
    stranger.link.write(encodeHello("5000"));
    await rig.state("open");
    rig.clock.advance(10_000);
    expect(rig.announced).toBe(10);
    expect(rig.rooms).toBe(1);
  });

  test("begin anew when outbound goes away, and quickly when it had stayed", async () => {
    using rig = new Rig(5002);
    const first = await rig.connects();
    rig.clock.advance(5000);
    first.link.destroy();
    await rig.state("announcing");
    const before = rig.announced;
    rig.clock.advance(1000);
    expect(rig.announced - before).toBe(5);
    using second = await rig.connects(2);
    rig.link.write(piece);
    await second.hears(2400);
  });

  test("come once a second to an outbound that connects and goes at once", async () => {
    using rig = new Rig(5004);
    rig.clock.advance(2000);
    const before = rig.announced;
    for (let count = 1; count <= 5; count += 1) {
      const listener = await rig.connects(count);
      listener.link.destroy();
      await rig.state("announcing");
      rig.clock.advance(1000);
    }
    expect(rig.announced - before).toBe(5);
  });

  test("come at once when an older outbound says that it is ready", () => {
    using rig = new Rig(5006);
    rig.clock.advance(5000);
    const before = rig.announced;
    rig.link.hurry();
    expect(rig.announced).toBe(before + 1);
    rig.clock.advance(200);
    expect(rig.announced).toBe(before + 2);
  });
});

describe("streams", () => {
  test("carry rising chunk ids, end with the length 0, and follow each other", async () => {
    using rig = new Rig(5008);
    using listener = await rig.connects();
    for (let reply = 0; reply < 2; reply += 1) {
      rig.link.write(piece);
      rig.link.write(piece);
      rig.link.endStream();
      rig.link.endStream();
    }
    await until(() => listener.told.length === 6, "two streams");
    const chunk = "chunk at 24000";
    expect(listener.told).toEqual([chunk, chunk, "end", chunk, chunk, "end"]);
    expect(listener.chunkIds).toEqual([1, 2, 3, 4]);
    expect(rig.link.status()).toMatchObject({ streams: 2, chunks: 4 });
  });

  test("have ids that rise over connections too", async () => {
    using rig = new Rig(5010);
    const first = await rig.connects();
    rig.link.write(piece);
    await first.hears(2400);
    first.link.destroy();
    await rig.state("announcing");
    rig.link.write(piece);
    using second = await rig.connects(2);
    rig.link.write(piece);
    await second.hears(2400);
    expect(second.chunkIds).toEqual([2]);
  });

  test("have no room without a connection and while outbound does not read", async () => {
    using rig = new Rig(5012);
    expect(rig.hasRoom()).toBe(false);
    using listener = await rig.connects();
    listener.link.pause();
    let written = 0;
    while (rig.hasRoom()) {
      rig.link.write(piece);
      written += piece.length;
    }
    const rooms = rig.rooms;
    expect(written).toBeGreaterThan(2400);
    listener.link.resume();
    await until(() => rig.rooms > rooms, "room");
    expect(rig.hasRoom()).toBe(true);
    await listener.hears(written);
  });
});

describe("a connection", () => {
  test("that comes while another is there takes its place", async () => {
    using rig = new Rig(5014);
    using first = await rig.connects();
    using second = await rig.connects(2);
    await first.closed();
    rig.link.write(piece);
    await second.hears(2400);
    expect(rig.link.status().state).toBe("open");
  });

  test.each(["5017", "hello", "99999"])("that says HELLO %p is refused", async (hello) => {
    using rig = new Rig(5016);
    using stranger = await Listener.connect(5016, hello);
    await stranger.closed();
    expect(rig.link.status()).toMatchObject({ state: "announcing", refused: 1 });
    expect(rig.memory.text()).toContain(hello);
  });

  test("that writes the id with leading zeros is this call's", async () => {
    using rig = new Rig(518);
    using listener = await Listener.connect(518, "00518");
    await rig.state("open");
    expect(listener.isClosed).toBe(false);
  });

  test("that says nothing is closed after 5 s, and cannot keep others out", async () => {
    using rig = new Rig(5018);
    const strangers = await Promise.all(
      Array.from({ length: 6 }, () => Listener.connect(5018, "")),
    );
    await until(() => strangers.filter(({ isClosed }) => isClosed).length === 2, "two too many");
    rig.clock.advance(5000);
    for (const stranger of strangers) await stranger.closed();
    using listener = await rig.connects();
    expect(listener.isClosed).toBe(false);
  });
});

describe("an end", () => {
  test("lets outbound hear what was written, ends its stream, and frees the port and all timers", async () => {
    const rig = new Rig(5020);
    using stranger = await Listener.connect(5020, "");
    using listener = await rig.connects();
    rig.link.write(piece);
    rig.link.close();
    rig.link.close();
    await listener.closed();
    await stranger.closed();
    expect(listener.told).toEqual(["chunk at 24000", "end"]);
    expect(rig.clock.timers).toBe(0);
    using again = new Rig(5020);
    using next = await again.connects();
    expect(next.isClosed).toBe(false);
  });

  test("of a thousand calls leaves descriptors as they were", async () => {
    await wholeCall();
    const before = readdirSync("/proc/self/fd").length;
    for (let count = 0; count < 1000; count += 1) await wholeCall();
    await until(() => readdirSync("/proc/self/fd").length <= before + 2, "free descriptors");
  });

  test("a second link for the same id is refused with one line that names the port", () => {
    using rig = new Rig(5024);
    let refusal = "";
    try {
      new Rig(5024).link.close();
    } catch (error) {
      refusal = describeError(error);
    }
    expect(refusal).toStartWith("cannot listen on TCP 127.0.0.1:14026: EADDRINUSE");
    expect(rig.link.status().state).toBe("announcing");
  });
});
