/** Which process has a port open, from Linux's own tables; other systems do not tell. */
import { readdir, readlink } from "node:fs/promises";

export interface PortOwner {
  readonly pid: number;
  /** As `ps` shows it. */
  readonly name: string;
}

export type PortKind = "tcp" | "udp";

const listening = "0A";

/** Inodes of the sockets that have the port, in the text of /proc/net/tcp or udp: pure. */
export function inodesOfPort(table: string, port: number, kind: PortKind): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const cells = line.trim().split(/\s+/);
    const [, local = "", , state] = cells;
    const inode = cells[9];
    const isIt = local.endsWith(`:${port.toString(16).toUpperCase().padStart(4, "0")}`);
    const isOpen = kind === "udp" || state === listening;
    return isIt && isOpen && inode !== undefined && inode !== "0" ? [inode] : [];
  });
}

/** Undefined where it cannot be told: other users' processes are seen by root only. */
export async function findPortOwner(port: number, kind: PortKind): Promise<PortOwner | undefined> {
  const tables = await Promise.all([kind, `${kind}6`].map((name) => readText(`/proc/net/${name}`)));
  const links = new Set(
    tables.flatMap((table) => inodesOfPort(table, port, kind)).map((inode) => `socket:[${inode}]`),
  );
  if (links.size === 0) return undefined;
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (!(await holdsOne(pid, links))) continue;
    const name = (await readText(`/proc/${pid}/comm`)).trim();
    return { pid: Number(pid), name };
  }
  return undefined;
}

async function holdsOne(pid: string, links: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const name of await readdir(folder).catch(() => [])) {
    const target = await readlink(`${folder}/${name}`).catch(() => "");
    if (links.has(target)) return true;
  }
  return false;
}

async function readText(path: string): Promise<string> {
  return await Bun.file(path)
    .text()
    .catch(() => "");
}
