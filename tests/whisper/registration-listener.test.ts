import { describe, expect, test } from "bun:test";
import type { SocketControl, SocketHealth } from "../../src/core/socket-control.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { RegistrationListener } from "../../src/whisper/registration-listener.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "../fakes/memory-log.ts";

const wellBeing: SocketHealth = {
  callErrno: 0,
  socketErrno: 0,
  receiveBufferBytes: 8 << 20,
  queuedBytes: 0,
  drops: 0,
};

/** A kernel whose answers a test can change. */
class FaultyKernel implements SocketControl {
  health: SocketHealth = wellBeing;
  requested = 0;

  requestReceiveBuffer(_fd: number, bytes: number): number {
    this.requested = bytes;
    return bytes * 2;
  }

  readHealth(): SocketHealth {
    return this.health;
  }

  unacknowledgedBytes(): number {
    return 0;
  }
}

interface Rig extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly kernel: FaultyKernel;
  readonly memory: MemoryLog;
  readonly listener: RegistrationListener;
  readonly events: string[];
  /** Sends a datagram and waits until the listener has counted it. */
  send(text: string | Uint8Array): Promise<void>;
}

async function createRig(): Promise<Rig> {
  const clock = new FakeClock();
  const kernel = new FaultyKernel();
  const memory = createMemoryLog(clock, "info");
  const events: string[] = [];
  const listener = await RegistrationListener.open({
    hostname: "127.0.0.1",
    port: 0,
    clock,
    log: memory.log,
    control: kernel,
    onRegister: (callId, address) => events.push(`register ${callId.text} ${address}`),
    onBye: (callId) => events.push(`bye ${callId.text}`),
  });
  const sender: UdpEndpoint = await openUdp({
    hostname: "127.0.0.1",
    port: 0,
    onDatagram: () => undefined,
    onError: () => undefined,
  });
  return {
    clock,
    kernel,
    memory,
    listener,
    events,
    async send(text) {
      const before = listener.status().datagrams;
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
      sender.send(bytes, listener.port, "127.0.0.1");
      await until(() => listener.status().datagrams > before);
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      sender.close();
    },
  };
}

/** Gives the event loop its turns until `condition` holds; the test's own time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe("registration listener", () => {
  test("reports REGISTER and BYE with the sender's address, white space around them ignored", async () => {
    await using rig = await createRig();
    await rig.send("REGISTER:111");
    await rig.send(" BYE:111\r\n");
    expect(rig.events).toEqual(["register 111 127.0.0.1", "bye 111"]);
    expect(rig.listener.status()).toMatchObject({ datagrams: 2, registers: 1, byes: 1 });
  });

  test.each([
    ["junk", "unknown-verb"],
    ["", "empty"],
    ["REGISTER:12abc", "bad-call-id"],
    ["REGISTER:-1", "bad-call-id"],
    ["REGISTER:../x", "bad-call-id"],
    ["REGISTER:99999", "bad-call-id"],
    ["x".repeat(257), "oversized"],
    [Uint8Array.of(0xff, 0xfe, 0xc0), "not-utf8"],
  ] as const)("%p is refused as %s, counted and quoted", async (datagram, reason) => {
    await using rig = await createRig();
    await rig.send(datagram);
    expect(rig.events).toEqual([]);
    expect(rig.listener.status().refused[reason]).toBe(1);
    expect(rig.memory.text()).toContain(`datagram refused: ${reason}`);
  });

  test("asks for 4 MiB and shows what the kernel granted", async () => {
    await using rig = await createRig();
    expect(rig.kernel.requested).toBe(4 << 20);
    expect(rig.listener.status()).toMatchObject({
      receiveBufferWantedBytes: 4 << 20,
      receiveBufferBytes: 8 << 20,
    });
    expect(rig.listener.status().fileDescriptor).toBeGreaterThan(2);
  });

  test("A: says so when nothing arrives, once", async () => {
    await using rig = await createRig();
    rig.clock.advance(120_000);
    expect(rig.memory.text().match(/pattern A/g)).toHaveLength(1);
    await rig.send("REGISTER:1");
    rig.clock.advance(5000);
    expect(rig.listener.status().patterns).toEqual([]);
  });

  test("B: a dead socket is opened again on the same port, and calls go on", async () => {
    await using rig = await createRig();
    const { port } = rig.listener;
    rig.kernel.health = { ...wellBeing, callErrno: 9 };
    rig.listener.checkHealth();
    rig.kernel.health = wellBeing;
    await until(() => rig.listener.status().reopened === 1);
    expect(rig.memory.text()).toContain("pattern B: the registration socket died");
    expect(rig.listener.port).toBe(port);
    await rig.send("REGISTER:112");
    expect(rig.events).toEqual(["register 112 127.0.0.1"]);
    expect(rig.listener.status().patterns).toEqual([]);
  });

  test("C: errors of the socket are counted with name and number", async () => {
    await using rig = await createRig();
    rig.kernel.health = { ...wellBeing, socketErrno: 111 };
    rig.listener.checkHealth();
    expect(rig.memory.text()).toContain("pattern C: the registration socket reports ECONNREFUSED");
  });

  test("D: a queue that stays long is named with the event loop to look at", async () => {
    await using rig = await createRig();
    rig.kernel.health = { ...wellBeing, queuedBytes: 4 << 20 };
    rig.clock.advance(10_000);
    expect(rig.listener.status().patterns.map((found) => found.pattern)).toEqual(["D"]);
    expect(rig.memory.text()).toContain("event-loop delay");
  });

  test("looks at its socket every 100 datagrams", async () => {
    await using rig = await createRig();
    for (let i = 0; i < 99; i += 1) await rig.send("REGISTER:5");
    rig.kernel.health = { ...wellBeing, socketErrno: 113 };
    expect(rig.listener.status().patterns).toEqual([]);
    await rig.send("REGISTER:5");
    expect(rig.listener.status().patterns.map((found) => found.pattern)).toEqual(["C"]);
  });

  test("a flood of junk makes one line and a sum, not a line each", async () => {
    await using rig = await createRig();
    for (let i = 0; i < 50; i += 1) await rig.send(`junk ${i}`);
    expect(rig.memory.text().match(/refused/g)).toHaveLength(1);
    rig.clock.advance(60_000);
    expect(rig.memory.text()).toContain("moreInLastMinute=49");
  });

  test("once closed it leaves no timer", async () => {
    const rig = await createRig();
    await rig[Symbol.asyncDispose]();
    expect(rig.clock.timers).toBe(0);
  });

  test("a port that is taken is named with what to do", async () => {
    await using rig = await createRig();
    const { clock, memory } = rig;
    const { port } = rig.listener;
    const second = RegistrationListener.open({
      hostname: "127.0.0.1",
      port,
      clock,
      log: memory.log,
      onRegister: () => undefined,
      onBye: () => undefined,
    });
    expect(second).rejects.toMatchObject({
      message: `cannot open UDP 127.0.0.1:${port}: EADDRINUSE`,
    });
  });
});
