/**
 * How much of what was written a peer on the same host has not read yet. Its kernel acknowledges
 * bytes that no program has seen; Linux lists the receive queue of each socket, the peer's too.
 */

export interface SocketPorts {
  readonly local: number;
  readonly remote: number;
}

/** Bytes that wait in receive queues, by the ports of the socket's own end and of its far end. */
export type SocketTable = ReadonlyMap<string, number>;

/** ` 0: 0100007F:1F93 0100007F:AD6B 01 00000000:00000000 …`: addresses, state, send and receive queue. */
const row =
  /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]{2} [0-9A-F]+:([0-9A-F]+) /gm;

/** Reads the text of /proc/net/tcp, /proc/net/tcp6 or both behind one another. */
export function parseSocketTable(text: string): SocketTable {
  const table = new Map<string, number>();
  for (const [, local = "", remote = "", queue = ""] of text.matchAll(row)) {
    const ports = { local: Number.parseInt(local, 16), remote: Number.parseInt(remote, 16) };
    table.set(keyOf(ports), Number.parseInt(queue, 16));
  }
  return table;
}

/** Unread bytes at the far end of our socket; undefined when that end is not on this host. */
export function unreadByPeer(table: SocketTable, ours: SocketPorts): number | undefined {
  return table.get(keyOf({ local: ours.remote, remote: ours.local }));
}

function keyOf(ports: SocketPorts): string {
  return `${ports.local} ${ports.remote}`;
}
