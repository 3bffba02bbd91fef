/** The systemd unit that runs the supervisor: its own user, a read-only system, limits. Pure. */
import { nearestName } from "../config/nearest-name.ts";
import { secretNames } from "../config/secrets-file.ts";
import { quote, WildfireError } from "../core/errors.ts";

export interface UnitOptions {
  readonly executable: string;
  readonly configFile: string;
  readonly user: string;
  /** `systemd-notify` is there, by which the supervisor says that it is ready and alive. */
  readonly canNotify: boolean;
  /** `llama-key` and the file that systemd reads it from. */
  readonly credentials: readonly UnitCredential[];
  /** Share of the machine's memory that all services together may have. */
  readonly memoryPercent: number;
}

export interface UnitCredential {
  readonly name: string;
  readonly file: string;
}

export const unitName = "wildfire.service";
/** By this first line install and uninstall know a unit as their own. */
export const unitMark =
  "# Written by `wildfire install`; changes belong into `systemctl edit wildfire`.";

const watchdogS = 60;

export function systemdUnit(options: UnitOptions): string {
  return [
    unitMark,
    ...unitSection,
    "",
    "[Service]",
    ...processLines(options),
    ...folderLines(options),
    ...credentialLines(options),
    "",
    ...limitLines(options),
    "",
    ...hardening,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** `NAME=FILE`; throws a WildfireError("usage") for what systemd would refuse, or no service would read. */
export function parseCredential(text: string): UnitCredential {
  const match = /^([\w.@-]{1,100})=(\/\S.*)$/.exec(text);
  const [, name, file] = match ?? [];
  if (name === undefined || file === undefined || /\p{Cc}/u.test(file)) {
    throw new WildfireError("usage", `--credential ${quote(text, 100)} cannot be used`, {
      hint: "write it like llama-key=/etc/wildfire/credentials/llama-key, with the whole path",
    });
  }
  requireSecret(name);
  return { name, file };
}

function requireSecret(name: string): void {
  const known: readonly string[] = secretNames;
  if (known.includes(name) || /^line\../.test(name)) return;
  const nearest = nearestName(name, known);
  const all = `there are ${known.join(", ")} and line.USER@HOST`;
  throw new WildfireError("usage", `--credential ${quote(name)} is no secret of Wildfire`, {
    hint: nearest === undefined ? all : `did you mean ${nearest}?`,
  });
}

const unitSection = [
  "[Unit]",
  "Description=Wildfire answers telephone calls",
  "Wants=network-online.target",
  "After=network-online.target asterisk.service kamailio.service",
  "# A configuration that is wrong does not get right by trying.",
  "StartLimitIntervalSec=300",
  "StartLimitBurst=10",
];

function processLines({ executable, configFile, user, canNotify }: UnitOptions): string[] {
  const notify = [
    "# The supervisor speaks through systemd-notify, which is a child of its own.",
    "Type=notify",
    "NotifyAccess=all",
    `WatchdogSec=${watchdogS}`,
  ];
  return [
    ...(canNotify ? notify : ["Type=exec"]),
    `ExecStart=${unitWord(executable)} up --config ${unitWord(configFile)}`,
    "ExecReload=/bin/kill -HUP $MAINPID",
    `User=${user}`,
    `Group=${user}`,
    "Restart=on-failure",
    "RestartSec=2",
    "# Exit code 2: the command line or the configuration is wrong.",
    "RestartPreventExitStatus=2",
    "# Only the supervisor is told to stop: it lets calls end and stops the services in order.",
    "KillMode=mixed",
    "TimeoutStartSec=120",
    "TimeoutStopSec=90",
    "# A service that the kernel ends for its memory is started again by the supervisor.",
    "OOMPolicy=continue",
  ];
}

function folderLines({ configFile }: UnitOptions): string[] {
  const folder = configFile.slice(0, configFile.lastIndexOf("/")) || "/";
  return [
    "StateDirectory=wildfire",
    "StateDirectoryMode=0750",
    "LogsDirectory=wildfire",
    "LogsDirectoryMode=0750",
    "# The web page changes the configuration.",
    `ReadWritePaths=-${unitWord(folder)}`,
  ];
}

function credentialLines({ credentials }: UnitOptions): string[] {
  const lines = credentials.map(
    ({ name, file }) => `LoadCredential=${name}:${file.replaceAll("%", "%%")}`,
  );
  return lines.length === 0 ? [] : ["# Secrets that only root can read on the disk.", ...lines];
}

function limitLines({ memoryPercent }: UnitOptions): string[] {
  return [
    `MemoryMax=${memoryPercent}%`,
    "TasksMax=1024",
    "# Each call has a few sockets.",
    "LimitNOFILE=65536",
    "LimitCORE=0",
  ];
}

/** What each of these keeps away is in systemd.exec(5). */
const hardening = [
  "NoNewPrivileges=yes",
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "ProtectSystem=strict",
  "# Models and prompts under /home cannot be read: put them into /var/lib/wildfire.",
  "ProtectHome=yes",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectProc=invisible",
  "RemoveIPC=yes",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  "UMask=0077",
  "# Netlink tells which addresses this host has.",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallErrorNumber=EPERM",
  "# MemoryDenyWriteExecute= must stay off: the runtime compiles JavaScript while it runs.",
];

/** One word of a command line or a path, as systemd reads it. */
function unitWord(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%");
  return /^[\w@%+=:,./-]+$/.test(text) ? escaped : `"${escaped.replaceAll("$", "$$$$")}"`;
}
