import { expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { parseSocketTable, unreadByPeer } from "../../src/llama-bridge/socket-table.ts";
import { linux } from "../../src/platform/linux.ts";
import { readSocketTables } from "../../src/platform/host-platform.ts";
import { connectTcp, listenTcp } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { until } from "../fakes/until.ts";

const header =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

test("rows of both tables are read by their ports, whatever the address family", () => {
  const table = parseSocketTable(
    `${header}   0: 0100007F:1F93 0100007F:AD6B 01 00000000:0000002A 00:00000000 00000000     0        0 1 1\n` +
      `${header}   7: 0000000000000000FFFF00000100007F:2329 0000000000000000FFFF00000100007F:C350 08 00000010:00000100 00:00000000 0\n`,
  );
  expect(unreadByPeer(table, { local: 0xad6b, remote: 0x1f93 })).toBe(42);
  expect(unreadByPeer(table, { local: 0xc350, remote: 0x2329 })).toBe(256);
  expect(unreadByPeer(table, { local: 0x1f93, remote: 0xad6b })).toBeUndefined();
});

test.each(["", header, "nonsense\n 0: xyz\n", `${header}   0: 0100007F:1F93\n`])(
  "%p holds no sockets",
  (text) => {
    expect(parseSocketTable(text).size).toBe(0);
  },
);

test.skipIf(process.platform !== "linux")(
  "the real tables of Linux show what a peer has not read (no other system has such tables)",
  async () => {
    let accepted: TcpLink | undefined;
    const ignore = { data: () => undefined, closed: () => undefined };
    const listener = listenTcp({
      hostname: "127.0.0.1",
      port: 0,
      maxPendingBytes: 0,
      accept(link) {
        accepted = link;
        link.pause();
        return ignore;
      },
    });
    const { port } = listener;
    const options = { hostname: "127.0.0.1", port, timeoutMs: 2000, clock: systemClock };
    const link = await connectTcp({ ...options, maxPendingBytes: 0 }, ignore).link;
    await until(() => accepted !== undefined, "accepted");
    link.write(new Uint8Array(1000));
    const unread = async (): Promise<number | undefined> =>
      unreadByPeer(parseSocketTable(await readSocketTables(linux)), link.ports);
    expect(await unread()).toBe(1000);
    accepted?.resume();
    let left = await unread();
    while (left !== 0) left = await unread();
    link.destroy();
    listener.stop(true);
  },
);
