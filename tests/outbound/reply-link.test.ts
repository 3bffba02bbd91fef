/** The outbound end of a call's replies against a voice that comes, goes, dies and misbehaves. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock, type Timer } from "../../src/core/clock.ts";
import { describeError } from "../../src/core/errors.ts";
import type { ReplyStream } from "../../src/outbound/played-streams.ts";
import { ReplyLink } from "../../src/outbound/reply-link.ts";
import { openUdp } from "../../src/udp.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { readySignalPort } from "../../src/wire/ports.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { openDescriptors } from "../fakes/open-descriptors.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(20_000);

/** The link, and all that it tells. */
class Ear implements Disposable {
  readonly clock: FakeClock;
  readonly told: string[] = [];
  readonly streams: ReplyStream[] = [];
  readonly heard: number[] = [];
  readonly rates = new Set<number>();
  readonly #memory;
  #link: ReplyLink | undefined;

  private constructor(clock: FakeClock) {
    this.clock = clock;
    this.#memory = createMemoryLog(clock);
  }

  static async open(id: number, clock = new FakeClock()): Promise<Ear> {
    const ear = new Ear(clock);
    ear.#link = await ReplyLink.open({
      callId: callIdOf(id),
      bind: "127.0.0.1",
      clock,
      log: ear.#memory.log,
      listener: {
        replyBegan(stream) {
          ear.told.push("began");
          ear.streams.push(stream);
        },
        replySamples(samples, rateHz) {
          ear.rates.add(rateHz);
          for (const sample of samples) ear.heard.push(sample);
        },
        replyEnded: () => ear.told.push("ended"),
        speech: () => ear.told.push("speech"),
        silence: () => ear.told.push("silence"),
        pause: () => ear.told.push("pause"),
        resume: () => ear.told.push("resume"),
      },
    });
    return ear;
  }

  get link(): ReplyLink {
    if (this.#link === undefined) throw new Error("not open");
    return this.#link;
  }

  get logged(): string {
    return this.#memory.text();
  }

  async hears(samples: number): Promise<void> {
    await until(() => this.heard.length >= samples, `${samples} samples`);
  }

  async tells(...told: readonly string[]): Promise<void> {
    await until(() => this.told.length >= told.length, told.join(", "));
    expect(this.told).toEqual([...told]);
  }

  async counts(
    counter: "registers" | "byes" | "failures" | "refused",
    count: number,
  ): Promise<void> {
    await until(() => this.link.status()[counter] >= count, `${count} ${counter}`);
    expect(this.link.status()[counter]).toBe(count);
  }

  [Symbol.dispose](): void {
    this.#link?.close();
  }
}

function ramp(samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, index) => index / samples);
}

/** A call that hears one reply. */
async function wholeCall(): Promise<void> {
  using voice = await ScriptedVoicePeer.open(4430);
  using ear = await Ear.open(4430);
  voice.signal("register");
  const connection = await voice.connection(0);
  connection.speak(ramp(100));
  await ear.hears(100);
  ear.link.close();
  await connection.closed();
}

describe("a reply", () => {
  test("is fetched after REGISTER and handed on as it was sent, with its rate", async () => {
    using voice = await ScriptedVoicePeer.open(4400);
    using ear = await Ear.open(4400);
    voice.signal("register");
    const connection = await voice.connection(0);
    expect(connection.hello).toBe("4400");
    connection.speak(ramp(5000), 24_000);
    connection.speak(ramp(5000), 24_000);
    connection.finish();
    await ear.tells("began", "ended");
    expect(ear.heard).toEqual([...ramp(5000), ...ramp(5000)]);
    expect([...ear.rates]).toEqual([24_000]);
    expect(ear.link.status()).toMatchObject({ replies: 1, chunks: 2, samples: 10_000 });
  });

  test("holds nothing that is not finite, and nothing beyond full scale", async () => {
    using voice = await ScriptedVoicePeer.open(4402);
    using ear = await Ear.open(4402);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 3, -3, 0.5));
    await ear.hears(5);
    expect(ear.heard).toEqual([0, 0, 1, -1, 0.5]);
    expect(ear.link.status().replacedSamples).toBe(2);
  });

  test("is heard as far as it came when the voice dies in mid-chunk", async () => {
    using voice = await ScriptedVoicePeer.open(4404);
    using ear = await Ear.open(4404);
    voice.signal("register");
    const first = await voice.connection(0);
    // A chunk of 1,000 samples of which 400 come.
    first.link.write(Uint8Array.of(0, 0, 0x0f, 0xa0, 0, 0, 0x1f, 0x40, 0, 0, 0, 1));
    first.link.write(new Uint8Array(4 * 400 + 2));
    await ear.hears(400);
    first.link.destroy();
    await ear.tells("began", "ended");
    expect(ear.link.status().state).toBe("waiting");

    voice.signal("register");
    const second = await voice.connection(1);
    second.speak(ramp(10));
    await ear.hears(410);
    expect(ear.heard.slice(400)).toEqual([...ramp(10)]);
    await ear.tells("began", "ended", "began");
    expect(ear.streams.at(-1)).toEqual({ connection: 2, number: 1 });
  });
});

describe("the next reply", () => {
  test("comes after each way in which a connection ends, a hundred times over", async () => {
    using voice = await ScriptedVoicePeer.open(4406);
    using ear = await Ear.open(4406);
    const ends: readonly ((index: number) => void)[] = [
      (index) => voice.connections[index]?.link.end(),
      (index) => voice.connections[index]?.link.destroy(),
      (index) => voice.connections[index]?.finish(),
      (index) => {
        voice.connections[index]?.finish();
        voice.connections[index]?.link.end();
      },
      () => voice.signal("bye"),
      (index) => voice.connections[index]?.link.write(new Uint8Array(4).fill(0x7f)),
    ];
    for (let index = 0; index < 100; index += 1) {
      const replies = ear.told.filter((told) => told === "began").length;
      voice.signal("register");
      const connection = await voice.connection(index);
      connection.speak(ramp(50));
      await ear.hears(50 * (index + 1));
      expect(ear.told.filter((told) => told === "began")).toHaveLength(replies + 1);
      ends[index % ends.length]?.(index);
      const isOver = (): boolean => ["waiting", "spent"].includes(ear.link.status().state);
      await until(isOver, `the end of connection ${index}`);
    }
    expect(ear.link.status()).toMatchObject({ connects: 100, replies: 100, violations: 16 });
  });

  test("may come on the same connection behind the end marker", async () => {
    using voice = await ScriptedVoicePeer.open(4408);
    using ear = await Ear.open(4408);
    voice.signal("register");
    const connection = await voice.connection(0);
    for (let reply = 1; reply <= 3; reply += 1) {
      connection.speak(ramp(100));
      connection.finish();
      await until(() => ear.told.length === 2 * reply, `reply ${reply}`);
    }
    expect(ear.heard).toHaveLength(300);
    expect(ear.link.status()).toMatchObject({ connects: 1, registers: 1 });
    expect(ear.streams).toEqual([1, 2, 3].map((number) => ({ connection: 1, number })));
  });

  test("comes from a voice that started anew while its old connection looks alive", async () => {
    using voice = await ScriptedVoicePeer.open(4410);
    using ear = await Ear.open(4410);
    voice.signal("register");
    const dead = await voice.connection(0);
    dead.speak(ramp(10));
    await ear.hears(10);
    for (let count = 2; count <= 4; count += 1) {
      ear.clock.advance(200);
      voice.signal("register");
      await ear.counts("registers", count);
    }
    const living = await voice.connection(1);
    await dead.closed();
    living.speak(ramp(10));
    await ear.hears(20);
    await ear.tells("began", "ended", "began");
  });

  test("comes although the first announcement found nobody listening", async () => {
    using voice = await ScriptedVoicePeer.open(4412);
    using ear = await Ear.open(4412);
    voice.stopListening();
    for (let count = 1; count <= 3; count += 1) {
      voice.signal("register");
      await ear.counts("failures", count);
    }
    expect(ear.logged.match(/cannot be reached/g)).toHaveLength(3);
    expect(ear.logged).toContain("ECONNREFUSED");
    voice.listen();
    voice.signal("register");
    (await voice.connection(0)).speak(ramp(10));
    await ear.hears(10);
  });

  test("comes although the first connection took longer than 2 s", async () => {
    class ImpatientClock extends FakeClock {
      isImpatient = true;
      override after(delayMs: number, action: () => void): Timer {
        if (this.isImpatient && delayMs === 2000) queueMicrotask(action);
        return super.after(delayMs, action);
      }
    }
    const clock = new ImpatientClock();
    using voice = await ScriptedVoicePeer.open(4414);
    using ear = await Ear.open(4414, clock);
    voice.signal("register");
    await ear.counts("failures", 1);
    expect(ear.logged).toContain("ETIMEDOUT");
    clock.isImpatient = false;
    voice.signal("register");
    await until(() => ear.link.status().connects === 1, "a connection");
    const connection = await voice.connection(voice.connections.length - 1);
    connection.speak(ramp(10));
    await ear.hears(10);
  });

  test("is connected once, however often it is announced", async () => {
    using voice = await ScriptedVoicePeer.open(4416);
    using ear = await Ear.open(4416);
    for (let count = 0; count < 20; count += 1) voice.signal("register");
    await ear.counts("registers", 20);
    await voice.connection(0);
    for (let count = 0; count < 20; count += 1) voice.signal("register");
    await ear.counts("registers", 40);
    expect(ear.link.status().connects).toBe(1);
    expect(voice.connections).toHaveLength(1);
  });
});

describe("signals", () => {
  test("of the caller's speech are told each time they come", async () => {
    using voice = await ScriptedVoicePeer.open(4418);
    using ear = await Ear.open(4418);
    const signals = ["pause", "pause", "resume", "speech", "speech", "silence"] as const;
    for (const signal of signals) voice.signal(signal);
    await ear.tells(...signals);
  });

  test("of other calls and datagrams that are none are counted, quoted and cause nothing", async () => {
    using voice = await ScriptedVoicePeer.open(4420);
    using ear = await Ear.open(4420);
    voice.signal("register", 4421);
    voice.sendDatagram(new TextEncoder().encode("HELLO:4420"));
    voice.sendDatagram(new Uint8Array(300));
    await ear.counts("refused", 3);
    expect(ear.logged).toContain("4421");
    expect(ear.logged).toContain("HELLO:4420");
    expect(ear.link.status()).toMatchObject({ registers: 0, state: "waiting" });
  });

  test("BYE leaves what is under way, and the next REGISTER means a new connection", async () => {
    using voice = await ScriptedVoicePeer.open(4422);
    using ear = await Ear.open(4422);
    voice.signal("register");
    const first = await voice.connection(0);
    voice.signal("bye");
    await ear.counts("byes", 1);
    first.speak(ramp(100));
    await ear.hears(100);
    voice.signal("bye");
    await ear.counts("byes", 2);
    voice.signal("register");
    (await voice.connection(1)).speak(ramp(10));
    await ear.hears(110);
    await first.closed();
  });
});

describe("a link that is paused", () => {
  test("holds the voice back by TCP and loses nothing", async () => {
    using voice = await ScriptedVoicePeer.open(4424);
    using ear = await Ear.open(4424);
    ear.link.pause();
    voice.signal("register");
    const connection = await voice.connection(0);
    const second = ramp(24_000);
    for (let spoken = 0; spoken < 200; spoken += 1) connection.speak(second, 24_000);
    connection.finish();
    expect(connection.link.pendingBytes).toBeGreaterThan(1 << 20);
    // Announcements of a voice that waits are no reason to leave it.
    for (let count = 2; count <= 6; count += 1) {
      ear.clock.advance(1000);
      voice.signal("register");
      await ear.counts("registers", count);
    }
    expect(ear.heard).toHaveLength(0);
    let total = 0;
    while (total < 200 * 24_000) {
      ear.link.resume();
      await until(() => ear.heard.length > 0, "more samples");
      ear.link.pause();
      expect(ear.heard.every((sample, index) => sample === second[(total + index) % 24_000])).toBe(
        true,
      );
      total += ear.heard.splice(0).length;
    }
    ear.link.resume();
    await ear.tells("began", "ended");
    expect(total).toBe(200 * 24_000);
    expect(ear.link.status().connects).toBe(1);
  });
});

describe("an end", () => {
  test("closes the connection, frees the port and all timers, and is final", async () => {
    const clock = new FakeClock();
    using voice = await ScriptedVoicePeer.open(4426);
    const ear = await Ear.open(4426, clock);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(ramp(10));
    await ear.hears(10);
    ear.link.close();
    ear.link.close();
    await connection.closed();
    await ear.tells("began", "ended");
    expect(clock.timers).toBe(0);
    const port = await openUdp({
      hostname: "127.0.0.1",
      port: readySignalPort(voice.callId),
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    port.close();
  });

  test("while connecting leaves no connection", async () => {
    using voice = await ScriptedVoicePeer.open(4428);
    const closer = new (class extends FakeClock {
      close: (() => void) | undefined;
      override after(delayMs: number, action: () => void): Timer {
        if (delayMs === 2000) queueMicrotask(() => this.close?.());
        return super.after(delayMs, action);
      }
    })();
    const ear = await Ear.open(4428, closer);
    closer.close = () => ear.link.close();
    voice.signal("register");
    await until(() => ear.link.status().state === "closed", "the end");
    await until(() => voice.connections.every(({ isClosed }) => isClosed), "no connection");
    expect(closer.timers).toBe(0);
  });

  test("of three hundred calls leaves descriptors as they were", async () => {
    await wholeCall();
    const before = openDescriptors();
    for (let count = 0; count < 300; count += 1) await wholeCall();
    expect(openDescriptors()).toBeLessThanOrEqual(before + 2);
  });

  test("a second link for the same id is refused with one line that names the port", async () => {
    using ear = await Ear.open(4432);
    expect(ear.link.status().state).toBe("waiting");
    const refusal = await Ear.open(4432).then(() => "opened", describeError);
    expect(refusal).toStartWith("cannot open UDP 127.0.0.1:17432: EADDRINUSE; ");
  });

  test("a link works on the real clock as well", async () => {
    using voice = await ScriptedVoicePeer.open(4434);
    const heard: number[] = [];
    const link = await ReplyLink.open({
      callId: voice.callId,
      bind: "127.0.0.1",
      clock: systemClock,
      log: createMemoryLog(systemClock).log,
      listener: {
        replyBegan: () => undefined,
        replySamples: (samples) => void heard.push(...samples),
        replyEnded: () => undefined,
        speech: () => undefined,
        silence: () => undefined,
        pause: () => undefined,
        resume: () => undefined,
      },
    });
    voice.signal("register");
    (await voice.connection(0)).speak(ramp(10));
    await until(() => heard.length === 10, "samples");
    link.close();
  });
});
