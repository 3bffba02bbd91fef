import { describe, expect, test } from "bun:test";
import { constants } from "node:os";
import { darwin } from "../../src/platform/darwin.ts";
import { linux } from "../../src/platform/linux.ts";
import {
  type SocketCalls,
  type SocketOptionCall,
  createSocketControl,
} from "../../src/whisper/native-sockets.ts";
import { nativeSocketControl } from "../../src/whisper/native.ts";
import { platformUnderTest } from "./library-under-test.ts";

const { EBADF } = constants.errno;

/** A kernel that knows some options, refuses others, and notes what it was asked. */
class ScriptedKernel implements SocketCalls {
  readonly options = new Map<number, readonly number[]>();
  readonly refused = new Set<number>();
  readonly asked: string[] = [];

  getOption(call: SocketOptionCall): number {
    this.asked.push(`get ${call.level} ${call.option}`);
    const known = this.options.get(call.option);
    if (known === undefined) return EBADF;
    call.value.set(known.slice(0, call.value.length));
    return 0;
  }

  setOption(call: SocketOptionCall): number {
    this.asked.push(`set ${call.level} ${call.option} ${call.value[0]}`);
    if (this.refused.has(call.option)) return constants.errno.EPERM;
    this.options.set(8, [...call.value]);
    return 0;
  }

  ioctl(_fd: number, request: number, value: Int32Array): number {
    this.asked.push(`ioctl ${request}`);
    value[0] = 321;
    return 0;
  }
}

describe("on macOS", () => {
  test("queue depths are options, and kernel drops are not known", () => {
    const kernel = new ScriptedKernel();
    kernel.options.set(0x1007, [54]).set(0x1002, [786_896]).set(0x1020, [172]).set(0x1024, [99]);
    const control = createSocketControl(darwin.sockets, kernel);
    expect(control.readHealth(5)).toEqual({
      callErrno: 0,
      socketErrno: 54,
      receiveBufferBytes: 786_896,
      queuedBytes: 172,
      drops: -1,
    });
    expect(control.unacknowledgedBytes(5)).toBe(99);
    const levels = new Set(kernel.asked.map((line) => line.split(" ").slice(0, 2).join(" ")));
    expect([...levels]).toEqual(["get 65535"]);
  });
});

describe("on Linux", () => {
  test("queue depth and drops are counters of one option", () => {
    const kernel = new ScriptedKernel();
    kernel.options.set(4, [0]).set(8, [425_984]);
    kernel.options.set(55, [41_600, 425_984, 0, 0, 0, 0, 0, 0, -2]);
    const control = createSocketControl(linux.sockets, kernel);
    expect(control.readHealth(5)).toEqual({
      callErrno: 0,
      socketErrno: 0,
      receiveBufferBytes: 425_984,
      queuedBytes: 41_600,
      drops: 0xffff_fffe,
    });
    expect(control.unacknowledgedBytes(5)).toBe(321);
    expect(kernel.asked).toContain("ioctl 21521");
  });

  test("a buffer that is granted in full is not forced", () => {
    const kernel = new ScriptedKernel();
    const granted = createSocketControl(linux.sockets, kernel).requestReceiveBuffer(5, 4096);
    expect(granted).toBe(4096);
    expect(kernel.asked).toEqual(["set 1 8 4096", "get 1 8"]);
  });

  test("a buffer that is cut short is forced, and what is there afterwards is told", () => {
    const kernel = new ScriptedKernel();
    kernel.refused.add(8).add(33);
    kernel.options.set(8, [212_992]);
    const granted = createSocketControl(linux.sockets, kernel).requestReceiveBuffer(5, 4_194_304);
    expect(granted).toBe(212_992);
    expect(kernel.asked).toContain("set 1 33 4194304");
  });
});

describe("the kernel of this machine", () => {
  const control = nativeSocketControl(platformUnderTest());
  const noFd = 1_000_000;

  test("a file descriptor that is not open yields EBADF and unknown sizes", () => {
    expect(control.readHealth(noFd).callErrno).toBe(EBADF);
    expect(control.requestReceiveBuffer(noFd, 65_536)).toBe(-1);
    expect(control.unacknowledgedBytes(noFd)).toBe(-1);
  });

  test("a UDP socket tells its buffer, and datagrams that nobody read yet", async () => {
    const received = Promise.withResolvers<void>();
    const receiver = await Bun.udpSocket({
      hostname: "127.0.0.1",
      socket: { data: () => received.resolve() },
    });
    const sender = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const fd = fileDescriptorOf(receiver);
    expect(control.requestReceiveBuffer(fd, 131_072)).toBeGreaterThanOrEqual(131_072);
    expect(control.readHealth(fd)).toMatchObject({ callErrno: 0, socketErrno: 0, queuedBytes: 0 });
    for (let i = 0; i < 10; i += 1) sender.send("REGISTER:2", receiver.port, "127.0.0.1");
    // No turn of the event loop has passed, so they are still in the kernel.
    expect(control.readHealth(fd).queuedBytes).toBeGreaterThan(0);
    await received.promise;
    receiver.close();
    sender.close();
  });

  test("a TCP socket tells what its peer has not taken", async () => {
    const accepted = Promise.withResolvers<void>();
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          socket.pause();
          accepted.resolve();
        },
        data: () => undefined,
      },
    });
    const client = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: { data: () => undefined },
    });
    await accepted.promise;
    const fd = fileDescriptorOf(client);
    expect(control.unacknowledgedBytes(fd)).toBe(0);
    client.write(new Uint8Array(32 * 1024 * 1024));
    expect(control.unacknowledgedBytes(fd)).toBeGreaterThan(0);
    client.terminate();
    server.stop(true);
  });
});

/** Bun's sockets have a descriptor that its types leave out. */
function fileDescriptorOf(socket: object): number {
  const fd: unknown = "fd" in socket ? socket.fd : undefined;
  if (typeof fd !== "number") throw new Error("this Bun does not tell file descriptors");
  return fd;
}
