/**
 * Obtains the real programs that Wildfire is tested with (Asterisk, kamailio, baresip, sipp and
 * llama-server) without root: Debian's packages, unpacked into a folder and run through their own loader.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Has all of them in current versions; the ones of older releases lack Asterisk. */
const release = "forky";

/** To be raised with any change of what is fetched, so that no older cache is taken for it. */
const recipe = 2;

const packages = ["asterisk", "kamailio", "baresip-core", "sip-tester", "llama.cpp"] as const;

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const defaultMirror = "http://deb.debian.org/debian";

/** Triplet of Debian's library folders, by architecture. */
const triplets: Readonly<Record<string, { readonly debian: string; readonly triplet: string }>> = {
  x64: { debian: "amd64", triplet: "x86_64-linux-gnu" },
  arm64: { debian: "arm64", triplet: "aarch64-linux-gnu" },
};

/** A folder with the programs and all libraries that they need, C library included. */
export interface PeerRoot {
  readonly folder: string;
  /** `usr/lib/x86_64-linux-gnu` of that folder, or as the machine has it. */
  readonly libraries: string;
}

export type Peers =
  | { readonly kind: "there"; readonly root: PeerRoot }
  | { readonly kind: "missing"; readonly reason: string };

/** Command line of a program of the folder; the machine's own libraries take no part. */
export function peerCommand(root: PeerRoot, program: string, argv: readonly string[]): string[] {
  const loader = readdirSync(root.libraries).find((name) => /^ld-linux-.*\.so\.\d+$/.test(name));
  if (loader === undefined) throw new Error(`no loader in ${root.libraries}`);
  const folders = [
    root.libraries,
    ...["kamailio", "llama"].map((name) => join(root.libraries, name)),
  ];
  const prefix = [join(root.libraries, loader), "--library-path", folders.join(":")];
  return [...prefix, join(root.folder, program), ...argv];
}

let obtaining: Promise<Peers> | undefined;

/**
 * The programs, from the cache when they are there and from the Debian mirror when not. With
 * WILDFIRE_INTEROP=required it throws where it would give a reason; with `off` nothing is fetched.
 */
export async function obtainPeers(): Promise<Peers> {
  obtaining ??= obtain();
  const peers = await obtaining;
  if (peers.kind === "missing" && process.env["WILDFIRE_INTEROP"] === "required") {
    throw new Error(`WILDFIRE_INTEROP=required, but ${peers.reason}`);
  }
  return peers;
}

/** WILDFIRE_INTEROP_CACHE, else a folder of the user's cache. */
function cacheFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return process.env["WILDFIRE_INTEROP_CACHE"] ?? join(cache, "wildfire-interop");
}

function missing(reason: string): Peers {
  return { kind: "missing", reason };
}

async function obtain(): Promise<Peers> {
  if (process.env["WILDFIRE_INTEROP"] === "off") return missing("WILDFIRE_INTEROP=off says so");
  const machine = triplets[process.arch];
  if (process.platform !== "linux" || machine === undefined) {
    return missing("Debian has no telephone programs for this system");
  }
  const folder = join(cacheFolder(), `debian-${release}-${machine.debian}-${recipe}`);
  const root: PeerRoot = { folder, libraries: join(folder, "usr/lib", machine.triplet) };
  if (existsSync(folder)) return { kind: "there", root };
  const reason = whyNoApt();
  if (reason !== undefined) return missing(reason);
  return await fetchInto(root, machine.debian);
}

function whyNoApt(): string | undefined {
  for (const program of ["apt-get", "dpkg"]) {
    if (Bun.which(program) === null) return `there is no ${program} to fetch Debian packages with`;
  }
  return existsSync(keyring) ? undefined : "the package debian-archive-keyring is not installed";
}

/** Everything happens beside the folder, which appears at once when all of it is there. */
async function fetchInto(root: PeerRoot, architecture: string): Promise<Peers> {
  const work = `${root.folder}.${process.pid}`;
  const unpacked = join(work, "root");
  process.stderr.write(`fetching ${packages.join(", ")} (113 MB) into ${root.folder}\n`);
  try {
    mkdirSync(unpacked, { recursive: true });
    const archives = await downloadPackages(work, architecture);
    for (const archive of archives) await run(["dpkg", "-x", archive, unpacked]);
    // Another run of the tests may have been faster; both have fetched the same.
    if (!existsSync(root.folder)) renameSync(unpacked, root.folder);
    return { kind: "there", root };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return missing(`the telephone programs cannot be fetched: ${cause}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Paths of all packages; apt works in a folder of its own and with nothing installed. */
async function downloadPackages(work: string, architecture: string): Promise<string[]> {
  const archives = join(work, "cache/archives");
  mkdirSync(join(archives, "partial"), { recursive: true });
  mkdirSync(join(work, "state/lists/partial"), { recursive: true });
  await Bun.write(join(work, "status"), "");
  const source = `deb [signed-by=${keyring}] ${debianMirror()} ${release} main\n`;
  await Bun.write(join(work, "sources.list"), source);
  const settings = [
    `Dir::Etc::sourcelist=${work}/sources.list`,
    "Dir::Etc::sourceparts=/nonexistent",
    `Dir::State=${work}/state`,
    `Dir::State::status=${work}/status`,
    `Dir::Cache=${work}/cache`,
    `APT::Architecture=${architecture}`,
    "Debug::NoLocking=1",
    "Acquire::Retries=2",
    "Acquire::http::Timeout=20",
    "Acquire::Languages=none",
    "APT::Update::Error-Mode=any",
  ];
  const apt = ["apt-get", "-qq", ...settings.flatMap((setting) => ["-o", setting])];
  await run([...apt, "update"]);
  await run([...apt, "install", "-d", "-y", "--no-install-recommends", ...packages]);
  const names = readdirSync(archives).filter((name) => name.endsWith(".deb"));
  return names.map((name) => join(archives, name));
}

/** The mirror that this machine uses already. */
function debianMirror(): string {
  const folder = "/etc/apt/sources.list.d";
  const listed = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const files = ["/etc/apt/sources.list", ...listed].filter((path) => existsSync(path));
  for (const path of files) {
    const found = /\bhttps?:\/\/\S+\/debian\/?(?=\s)/.exec(readFileSync(path, "utf8"));
    if (found !== null) return found[0];
  }
  return defaultMirror;
}

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const complaint = await new Response(child.stderr).text();
  if ((await child.exited) === 0) return;
  const [first = "no reason given"] = complaint.trim().split("\n");
  throw new Error(`${command[0]} says: ${first}`);
}
