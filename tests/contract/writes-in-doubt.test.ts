/** What a TCP link says about writes when its peer goes away: none that nobody read counts as arrived. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { findPlatform } from "../../src/platform/host-platform.ts";
import type { TcpClose } from "../../src/tcp-link.ts";
import { connectTcp } from "../../src/tcp.ts";
import { nativeSocketControl } from "../../src/whisper/native.ts";
import { testLimitMs } from "../end-to-end/eventually.ts";

setDefaultTimeout(testLimitMs);

const platform = findPlatform(process.platform);
const control = platform === undefined ? undefined : nativeSocketControl(platform);
const connections = 6000;

/** A peer in a thread of its own, so that it closes at any moment of ours. */
const peerScript = `
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: (socket) => void socket.end(), data: () => undefined },
  });
  postMessage(server.port);
`;

test("three writes to a peer that closes unread are in doubt, however the close and they interleave", async () => {
  const worker = new Worker(URL.createObjectURL(new Blob([peerScript])));
  const listening = Promise.withResolvers<number>();
  worker.addEventListener("message", ({ data }) => listening.resolve(Number(data)));
  const port = await listening.promise;
  const believed: string[] = [];

  for (let count = 0; count < connections; count += 1) {
    const closed = Promise.withResolvers<TcpClose>();
    const handlers = {
      data: () => undefined,
      closed: (reason: TcpClose) => closed.resolve(reason),
    };
    const options = {
      hostname: "127.0.0.1",
      port,
      timeoutMs: 2000,
      maxPendingBytes: 1024,
      control,
    };
    const link = await connectTcp({ ...options, clock: systemClock }, handlers).link;
    const taken = ["one", "two", "three"].map((text) => link.write(Buffer.from(text)));
    const { kind, writesInDoubt } = await closed.promise;
    if (taken.includes(true) && !writesInDoubt) believed.push(`${taken.join(" ")}: ${kind}`);
  }
  worker.terminate();
  expect(believed).toEqual([]);
});
