/** The machine below: room on the disks, memory, and a clock that is right. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { freeBytes } from "../../models-store/model-folder.ts";
import { formatGb } from "../../models-store/machine-verdict.ts";
import { planLogs } from "../../supervisor/configured-plan.ts";
import { versionInfo } from "../../version.ts";
import type { Check } from "../check-runner.ts";
import { textOf } from "../configured.ts";
import { fault, type Finding, ok, skipped, warning } from "../finding.ts";
import { type MachineMemory, readMemory } from "../machine-memory.ts";
import type { Surroundings } from "../surroundings.ts";

export interface FolderRoom {
  readonly folder: string;
  readonly freeBytes: number;
}

export const diskCheck: Check<Surroundings> = {
  name: "disk",
  title: "Disk",
  limitMs: 5000,
  isHeavy: false,
  async run({ configured, stateFolder, env }) {
    const { effective } = configured;
    const logs = planLogs({ file: undefined, env, stateFolder }).folder;
    const named = [
      textOf(effective, "logs", "folder") ?? logs,
      textOf(effective, "history", "folder"),
      textOf(effective, "whisper", "record"),
    ];
    const folders = [stateFolder, ...named.filter((folder) => folder !== undefined)];
    const rooms = await Promise.all([...new Set(folders.map(existing))].map(roomOf));
    return judgeDisk(rooms.filter((room) => room !== undefined));
  },
};

const scarceBytes = 1e9;
const noneBytes = 100e6;

export function judgeDisk(rooms: readonly FolderRoom[]): readonly Finding[] {
  if (rooms.length === 0) return [skipped("this system does not tell how much room is left")];
  const bad = rooms.flatMap(({ folder, freeBytes: free }) => {
    const seen = `${folder} has ${formatGb(free)} free`;
    const fix = "make room: old recordings, unused models (wildfire models list), logs";
    if (free < noneBytes) return [fault(seen, fix)];
    return free < scarceBytes ? [warning(seen, fix)] : [];
  });
  if (bad.length > 0) return bad;
  return [
    ok(
      rooms.map(({ folder, freeBytes: free }) => `${folder} has ${formatGb(free)} free`).join(", "),
    ),
  ];
}

export const memoryCheck: Check<Surroundings> = {
  name: "memory",
  title: "Memory",
  limitMs: 2000,
  isHeavy: false,
  run: async () => [judgeMemory(await readMemory())],
};

const littleMemoryBytes = 400e6;
const noMemoryBytes = 120e6;

export function judgeMemory(memory: MachineMemory | undefined): Finding {
  if (memory === undefined) return skipped("this system does not tell how much memory is left");
  const { availableBytes, totalBytes } = memory;
  const seen = `${formatGb(availableBytes)} of ${formatGb(totalBytes)} can be had`;
  const fix = "take a smaller model, or see who has it: ps aux --sort=-rss | head";
  if (availableBytes < noMemoryBytes) return fault(seen, fix);
  return availableBytes < littleMemoryBytes ? warning(seen, fix) : ok(seen);
}

export interface TimeFacts {
  readonly wallMs: number;
  /** When this executable was made; undefined when run from sources. */
  readonly buildMs: number | undefined;
  /** Undefined where nobody tells. */
  readonly isSynchronised: boolean | undefined;
}

export const timeCheck: Check<Surroundings> = {
  name: "time",
  title: "Clock",
  limitMs: 5000,
  isHeavy: false,
  async run({ clock }) {
    const buildMs = Date.parse(versionInfo().commitDate);
    return [
      judgeTime({
        wallMs: clock.wallMs(),
        buildMs: Number.isFinite(buildMs) ? buildMs : undefined,
        isSynchronised: await askTimedatectl(),
      }),
    ];
  },
};

const earliestMs = Date.UTC(2026, 0, 1);
const farAwayMs = 20 * 365 * 86_400_000;
const ntpFix = "set it, and let it be kept right: sudo timedatectl set-ntp true";

/** TLS, digests and the history need a clock that is about right. */
export function judgeTime({ wallMs, buildMs, isSynchronised }: TimeFacts): Finding {
  const shown = `${new Date(wallMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const leastMs = buildMs ?? earliestMs;
  if (wallMs < leastMs || wallMs > leastMs + farAwayMs) return fault(`it is not ${shown}`, ntpFix);
  if (isSynchronised === false) return warning(`${shown}, not synchronised`, ntpFix);
  return ok(isSynchronised === true ? `${shown}, synchronised` : shown);
}

async function askTimedatectl(): Promise<boolean | undefined> {
  if (Bun.which("timedatectl") === null) return undefined;
  const child = Bun.spawn(["timedatectl", "show", "-p", "NTPSynchronized", "--value"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    timeout: 3000,
  });
  const text = (await child.stdout.text()).trim();
  return text === "yes" || text === "no" ? text === "yes" : undefined;
}

/** The folder, or what of the way to it is there. */
function existing(folder: string): string {
  let path = folder;
  while (!existsSync(path) && path !== dirname(path)) path = dirname(path);
  return path;
}

async function roomOf(folder: string): Promise<FolderRoom | undefined> {
  const free = await freeBytes(folder);
  return free === undefined ? undefined : { folder, freeBytes: free };
}
