/** Ports of single calls that a process holds open, as the kernel lists them. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { callerAudioBasePort, readySignalBasePort } from "../../src/wire/ports.ts";
import { mediaPorts } from "./ports.ts";

/** ` 0: 0100007F:1F93 0100007F:0000 0A … inode …`: own address, far address, state, seven fields, inode. */
const row =
  /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2})(?: +\S+){5} +(\d+)/gm;

const listening = "0A";
const mostCalls = 1_000;

/** `udp 13002`: of sound, of signals, and those on which a call's sound is served. */
export function callPortsOf(pid: number): string[] {
  const inodes = socketsOf(pid);
  return ["udp", "tcp"].flatMap((protocol) => {
    const text = readFileSync(`/proc/net/${protocol}`, "utf8");
    return Array.from(text.matchAll(row)).flatMap(([, hex = "", state = "", inode = ""]) => {
      const port = Number.parseInt(hex, 16);
      const isBound = protocol === "udp" || state === listening;
      return isBound && inodes.has(inode) && isCallPort(port) ? [`${protocol} ${port}`] : [];
    });
  });
}

function isCallPort(port: number): boolean {
  const { from, to } = mediaPorts.wildfire;
  const bases = [callerAudioBasePort, readySignalBasePort];
  const isDerived = bases.some((base) => port > base + 1 && port <= base + mostCalls);
  return isDerived || (port >= from && port <= to);
}

function socketsOf(pid: number): Set<string> {
  const folder = `/proc/${pid}/fd`;
  const inodes = readdirSync(folder).map((name) => inodeOf(`${folder}/${name}`));
  return new Set(inodes.filter((inode) => inode !== undefined));
}

/** Undefined for what is no socket, or was closed just now. */
function inodeOf(path: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1];
  } catch {
    return undefined;
  }
}
