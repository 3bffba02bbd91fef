/** What an installation, its roll-back and its removal do, as a list of steps: pure. */
import { systemLogFolder, systemStateFolder } from "../config/paths.ts";
import { WildfireError } from "../core/errors.ts";
import type { InstalledUnit } from "./installed-unit.ts";
import { systemdUnit, type UnitCredential, unitName } from "./systemd-unit.ts";

export type InstallStep =
  | {
      readonly kind: "place";
      /** The executable that is copied. */
      readonly from: string;
      readonly to: string;
      /** Where the one that is there now is kept. */
      readonly previous: string;
    }
  /** The file and the kept one change places. */
  | { readonly kind: "swap"; readonly path: string; readonly previous: string }
  | { readonly kind: "folder"; readonly path: string; readonly mode: number }
  | { readonly kind: "write"; readonly path: string; readonly text: string; readonly mode: number }
  | {
      readonly kind: "own";
      readonly path: string;
      readonly user: string;
      readonly withContents: boolean;
    }
  | { readonly kind: "remove"; readonly path: string; readonly withContents: boolean }
  | { readonly kind: "run"; readonly argv: readonly string[]; readonly mayFail: boolean }
  /** Something for the reader. */
  | { readonly kind: "note"; readonly text: string };

export interface InstallPlace {
  /** `/usr/local` unless given. */
  readonly prefix: string;
  /** Folder that stands for `/`, as packages are made; empty for this machine. */
  readonly root: string;
}

export interface InstallFacts extends InstallPlace {
  readonly executable: string;
  readonly hasSystemd: boolean;
  readonly canNotify: boolean;
  readonly hasUser: boolean;
  readonly hasConfig: boolean;
  /** Files that root wrote and the service must read: configuration and secrets, where they are there. */
  readonly ownedFiles: readonly string[];
  /** The unit that is there. */
  readonly unit: InstalledUnit | undefined;
  /** Empty: those of the unit that is there. */
  readonly credentials: readonly UnitCredential[];
  /** Undefined: that of the unit that is there, or else the usual one. */
  readonly memoryPercent: number | undefined;
  /** Whether the service is started now. */
  readonly start: boolean;
}

export const serviceUser = "wildfire";
export const usualMemoryPercent = 80;
const configFolder = "/etc/wildfire";
const stateFolder = systemStateFolder;
const logFolder = systemLogFolder;
const unitPath = `/etc/systemd/system/${unitName}`;
const sysusersPath = "/usr/lib/sysusers.d/wildfire.conf";
const tmpfilesPath = "/usr/lib/tmpfiles.d/wildfire.conf";

export interface InstalledPaths {
  readonly executable: string;
  readonly previous: string;
  readonly unit: string;
}

/** `root`: the folder that stands for `/`. */
export function unitPathIn(root: string): string {
  return `${root}${unitPath}`;
}

function installedPaths({ prefix, root }: InstallPlace): InstalledPaths {
  const executable = `${root}${prefix}/bin/wildfire`;
  return { executable, previous: `${executable}.previous`, unit: unitPathIn(root) };
}

/** Throws a WildfireError("state") where a unit is there that somebody else wrote. */
export function planInstall(facts: InstallFacts): readonly InstallStep[] {
  const { root, prefix, hasSystemd } = facts;
  const isHere = root === "";
  const steps: InstallStep[] = [placing(facts), ...(isHere && hasSystemd ? userSteps(facts) : [])];
  steps.push(...folderSteps(facts));
  if (!hasSystemd && isHere) {
    const text = `there is no systemd here: start it with ${prefix}/bin/wildfire up`;
    return [...steps, { kind: "note", text }];
  }
  steps.push(...unitSteps(facts));
  return [...steps, ...(isHere ? startSteps(facts) : packageFiles(root))];
}

/** What an earlier installation was told stays, unless this one is told otherwise. */
function unitSteps(facts: InstallFacts): readonly InstallStep[] {
  const { root, prefix, unit, canNotify } = facts;
  const path = unitPathIn(root);
  if (unit?.isOurs === false) {
    throw new WildfireError("state", `${path} was not written by wildfire install`, {
      hint: "move it away and say it again; changes of the unit belong into systemctl edit wildfire",
    });
  }
  const isGiven = facts.credentials.length > 0;
  const credentials = isGiven ? facts.credentials : (unit?.credentials ?? []);
  const text = systemdUnit({
    executable: `${prefix}/bin/wildfire`,
    configFile: `${configFolder}/wildfire.toml`,
    user: serviceUser,
    canNotify,
    credentials,
    memoryPercent: facts.memoryPercent ?? unit?.memoryPercent ?? usualMemoryPercent,
  });
  const writing: InstallStep = { kind: "write", path, text, mode: 0o644 };
  if (isGiven || credentials.length === 0) return [writing];
  const names = credentials.map(({ name }) => name).join(", ");
  return [{ kind: "note", text: `the unit keeps its credentials: ${names}` }, writing];
}

/** Throws nothing: whether there is a previous one is found when it is done. */
export function planRollback(
  facts: InstallPlace & { readonly hasSystemd: boolean },
): readonly InstallStep[] {
  const { executable, previous } = installedPaths(facts);
  const swap: InstallStep = { kind: "swap", path: executable, previous };
  const isManaged = facts.root === "" && facts.hasSystemd;
  return isManaged ? [swap, run(["systemctl", "try-restart", unitName])] : [swap];
}

export interface UninstallFacts extends InstallPlace {
  readonly hasSystemd: boolean;
  /** With configuration, models, history and logs. */
  readonly purge: boolean;
  readonly hasUser: boolean;
  /** The unit that is there. */
  readonly unit: InstalledUnit | undefined;
}

export function planUninstall(facts: UninstallFacts): readonly InstallStep[] {
  const { root, hasSystemd, purge, hasUser } = facts;
  const { executable, previous, unit } = installedPaths(facts);
  const isManaged = root === "" && hasSystemd;
  const steps: InstallStep[] = [];
  if (isManaged) steps.push(run(["systemctl", "disable", "--now", unitName], true));
  steps.push(
    facts.unit?.isOurs === false
      ? { kind: "note", text: `kept: ${unit}, which wildfire install did not write` }
      : remove(unit),
    remove(`${root}${sysusersPath}`),
    remove(`${root}${tmpfilesPath}`),
  );
  if (isManaged) steps.push(run(["systemctl", "daemon-reload"], true));
  steps.push(remove(executable), remove(previous));
  if (!purge) {
    const kept = [configFolder, stateFolder, logFolder].join(", ");
    return [...steps, { kind: "note", text: `kept: ${kept} (--purge removes them)` }];
  }
  for (const folder of [configFolder, stateFolder, logFolder]) {
    steps.push({ kind: "remove", path: `${root}${folder}`, withContents: true });
  }
  if (root === "" && hasUser) steps.push(run(["userdel", serviceUser], true));
  return steps;
}

/** One line for people, as `--dry-run` prints it; what can be typed is written so. */
export function describeStep(step: InstallStep): string {
  switch (step.kind) {
    case "place":
      return `copy ${step.from} to ${step.to} (the old one stays as ${step.previous})`;
    case "swap":
      return `exchange ${step.path} and ${step.previous}`;
    case "folder":
      return `make folder ${step.path} (mode ${octal(step.mode)})`;
    case "write":
      return `write ${step.path} (mode ${octal(step.mode)})`;
    case "own":
      return `give ${step.path}${step.withContents ? " and all in it" : ""} to ${step.user}`;
    case "remove":
      return `remove ${step.path}${step.withContents ? " and all in it" : ""}`;
    case "run":
      return `run ${step.argv.join(" ")}`;
    case "note":
      return step.text;
  }
}

function placing(facts: InstallFacts): InstallStep {
  const { executable, previous } = installedPaths(facts);
  return { kind: "place", from: facts.executable, to: executable, previous };
}

function userSteps({ hasUser }: InstallFacts): readonly InstallStep[] {
  if (hasUser) return [];
  const home = ["--home-dir", stateFolder, "--no-create-home"];
  const shell = ["--shell", "/usr/sbin/nologin", "--user-group"];
  return [run(["useradd", "--system", ...home, ...shell, serviceUser])];
}

/** The secrets stand in the folder of the configuration, and only their owner may read them. */
function folderSteps({ root, hasSystemd, ownedFiles }: InstallFacts): readonly InstallStep[] {
  const folders = [configFolder, stateFolder, `${stateFolder}/models`, logFolder];
  const steps = folders.map((path): InstallStep => ({
    kind: "folder",
    path: `${root}${path}`,
    mode: 0o750,
  }));
  if (root !== "" || !hasSystemd) return steps;
  // What root tried out before left things that the service could not use.
  const whole = [stateFolder, logFolder].map((path) => own(path, true));
  const single = [configFolder, ...ownedFiles].map((path) => own(path, false));
  return [...steps, ...whole, ...single];
}

function own(path: string, withContents: boolean): InstallStep {
  return { kind: "own", path, user: serviceUser, withContents };
}

function startSteps({ hasConfig, start }: InstallFacts): readonly InstallStep[] {
  const reload = run(["systemctl", "daemon-reload"]);
  if (!start) return [reload];
  const enable = run(["systemctl", "enable", unitName]);
  // Restart starts what does not run, and puts a new executable to work where it does.
  if (hasConfig) return [reload, enable, run(["systemctl", "restart", unitName])];
  const text = `there is no ${configFolder}/wildfire.toml yet: say wildfire setup, then systemctl start wildfire`;
  return [reload, enable, { kind: "note", text }];
}

/** In a package nobody can be given anything yet: systemd makes the user and gives it its folders. */
function packageFiles(root: string): readonly InstallStep[] {
  const users = `u ${serviceUser} - "Wildfire" ${stateFolder} /usr/sbin/nologin\n`;
  // The web page changes the configuration; what is written into this folder belongs to its owner.
  const folders = `d ${configFolder} 0750 ${serviceUser} ${serviceUser} -\n`;
  return [
    { kind: "write", path: `${root}${sysusersPath}`, text: users, mode: 0o644 },
    { kind: "write", path: `${root}${tmpfilesPath}`, text: folders, mode: 0o644 },
  ];
}

function run(argv: readonly string[], mayFail = false): InstallStep {
  return { kind: "run", argv, mayFail };
}

function remove(path: string): InstallStep {
  return { kind: "remove", path, withContents: false };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
