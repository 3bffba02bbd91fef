/** What an installation finds in the unit that is there, and keeps of it. Pure. */
import { type UnitCredential, unitMark } from "./systemd-unit.ts";

export interface InstalledUnit {
  /** `wildfire install` wrote it; another one belongs to somebody else. */
  readonly isOurs: boolean;
  readonly credentials: readonly UnitCredential[];
  /** Undefined where it has none that is a share. */
  readonly memoryPercent: number | undefined;
}

export function readUnit(text: string): InstalledUnit {
  const isOurs = text.startsWith(`${unitMark}\n`);
  if (!isOurs) return { isOurs, credentials: [], memoryPercent: undefined };
  const lines = text.split("\n");
  const percent = lines.flatMap((line) => /^MemoryMax=(\d{1,3})%$/.exec(line)?.[1] ?? [])[0];
  return {
    isOurs,
    credentials: lines.flatMap(readCredential),
    memoryPercent: percent === undefined ? undefined : Number(percent),
  };
}

function readCredential(line: string): readonly UnitCredential[] {
  const [, name, file] = /^LoadCredential=([^:]+):(.+)$/.exec(line) ?? [];
  if (name === undefined || file === undefined) return [];
  return [{ name, file: file.replaceAll("%%", "%") }];
}
