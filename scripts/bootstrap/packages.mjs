/**
 * Brings the pinned Bun from npm, then everything else with it exactly as bun.lock says. No
 * package's install script is run: Bun's own would only move its executable about.
 */
import { spawnSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import { basename, dirname, join, relative } from "path";
import { capture } from "./children.mjs";
import { bunPackage, hostTarget } from "./platform.mjs";
import { root, say, sayStep } from "./terminal.mjs";

const modules = join(root, "node_modules");
const stampPath = join(modules, ".wildfire-packages");

/**
 * Does nothing when node_modules is already what package.json and bun.lock ask for.
 *
 * @returns {Promise<string>} path of the Bun to use
 */
export async function ensurePackages() {
  const wanted = fingerprint();
  const ready = readStamp(wanted);
  if (ready !== undefined) return ready;
  removeStamp();
  removePackagesOfNpm();
  const version = pinnedBunVersion();
  const bun = findBun(version) || (await bringBun(version));
  sayStep("Installing packages as bun.lock says");
  const install = await capture(bun, ["install", "--frozen-lockfile", "--ignore-scripts"], {
    cwd: root,
    env: process.env,
  });
  if (install.exitCode !== 0) throw failure("bun install failed", install.output);
  linkBun(bun);
  fs.writeFileSync(stampPath, `${wanted} ${relative(root, bun)}\n`);
  return bun;
}

/** Changes when the packages or the machine do. */
function fingerprint() {
  const hash = createHash("sha256").update(hostTarget);
  for (const name of ["package.json", "bun.lock"]) {
    hash.update(fs.readFileSync(join(root, name)));
  }
  return hash.digest("hex");
}

/**
 * @param {string} wanted
 * @returns {string | undefined} path of the Bun that was used, if all is as wanted
 */
function readStamp(wanted) {
  try {
    const [found, path] = fs.readFileSync(stampPath, "utf8").trim().split(/ (.*)/s);
    const bun = join(root, path || "");
    return found === wanted && path && fs.existsSync(bun) ? bun : undefined;
  } catch {
    return undefined;
  }
}

function removeStamp() {
  if (fs.existsSync(stampPath)) fs.unlinkSync(stampPath);
}

/**
 * `npm install` knows nothing of bun.lock: what it chose goes, except Bun itself, which is large and
 * has its version in package.json.
 */
function removePackagesOfNpm() {
  if (!fs.existsSync(join(modules, ".package-lock.json"))) return;
  for (const name of fs.readdirSync(modules)) {
    if (name !== "bun" && name !== "@oven") removeTree(join(modules, name));
  }
}

/** @returns {string} */
function pinnedBunVersion() {
  const text = fs.readFileSync(join(root, "package.json"), "utf8");
  const found = /"bun": "(\d+\.\d+\.\d+)"/.exec(text);
  if (found === null || found[1] === undefined) {
    throw new Error("package.json does not pin an exact version of bun in devDependencies.");
  }
  return found[1];
}

/**
 * Bun's npm package has the executable in one of two places, depending on whether its install
 * script was run; in the other one there is nothing, or a stand-in that fails.
 *
 * @param {string} version
 * @returns {string | undefined}
 */
function findBun(version) {
  const places = [join(modules, bunPackage()), join(modules, "bun", "bin", "bun.exe")];
  return places.find((path) => {
    const answer = spawnSync(path, ["--version"], { encoding: "utf8" });
    return answer.status === 0 && answer.stdout.trim() === version;
  });
}

/**
 * @param {string} version
 * @returns {Promise<string>}
 */
async function bringBun(version) {
  sayStep(`Bringing Bun ${version} from npm`);
  const folder = join(modules, ".bun-setup");
  removeTree(folder);
  fs.mkdirSync(folder, { recursive: true });
  const flags = ["--no-save", "--no-package-lock", "--ignore-scripts", "--include=optional"];
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  const npm = npmCommand();
  const args = ["install", "--prefix", folder, ...flags, ...quiet, `bun@${version}`];
  const install = await capture(npm.program, [...npm.args, ...args], {
    cwd: folder,
    env: npmEnvironment(),
  });
  if (install.exitCode !== 0) throw failure("npm install failed", install.output);
  for (const name of ["bun", "@oven"]) {
    removeTree(join(modules, name));
    fs.renameSync(join(folder, "node_modules", name), join(modules, name));
  }
  removeTree(folder);
  const bun = findBun(version);
  if (bun !== undefined) return bun;
  throw new Error(`npm's package bun@${version} has no executable that runs on ${hostTarget}.`);
}

/** The npm that started us, or else the one in the search path. */
function npmCommand() {
  const npm = process.env["npm_execpath"];
  const isNpm = npm !== undefined && basename(npm).startsWith("npm");
  return isNpm ? { program: process.execPath, args: [npm] } : { program: "npm", args: [] };
}

const reachesRegistry =
  /registry|proxy|auth|cafile|_ca$|_cache$|strict_ssl|userconfig|globalconfig/i;

/** npm hands its own options down as variables: where and what to install is not theirs to say. */
function npmEnvironment() {
  const env = { ...process.env };
  delete env["NODE_ENV"];
  for (const name of Object.keys(env)) {
    if (/^npm_config_/i.test(name) && !reachesRegistry.test(name)) delete env[name];
  }
  return env;
}

/**
 * Makes `node_modules/.bin/bun` work for people, which Bun's install script would have done.
 *
 * @param {string} bun
 */
function linkBun(bun) {
  for (const name of ["bun.exe", "bunx.exe"]) {
    const link = join(modules, "bun", "bin", name);
    if (link === bun || fs.statSync(link).size > 1_000_000) continue;
    fs.unlinkSync(link);
    fs.symlinkSync(relative(dirname(link), bun), link);
  }
}

/**
 * `fs.rmSync`, which Node.js 12 does not have yet.
 *
 * @param {string} path
 */
function removeTree(path) {
  const parent = dirname(path);
  if (!fs.existsSync(parent) || !fs.readdirSync(parent).includes(basename(path))) return;
  if (!fs.lstatSync(path).isDirectory()) {
    fs.unlinkSync(path);
    return;
  }
  for (const name of fs.readdirSync(path)) removeTree(join(path, name));
  fs.rmdirSync(path);
}

/**
 * @param {string} what
 * @param {string} output
 */
function failure(what, output) {
  say(output.trimEnd());
  return new Error(`${what}; the lines above say why.`);
}
