/** Looks for what compiles the native library, before anything that takes long. */
import { spawnSync } from "child_process";
import { accessSync, constants, readdirSync } from "fs";
import { delimiter, join } from "path";

/** The lowest version that src/whisper/shim/CMakeLists.txt accepts. */
const minimumCmake = { major: 3, minor: 18 };

/**
 * @typedef {object} Machine
 * @property {NodeJS.Platform} platform
 * @property {boolean} isRoot
 * @property {(name: string) => boolean} has  whether a program is in the search path
 * @property {string | undefined} cmakeVersion  what `cmake --version` prints
 * @property {boolean} hasAppleTools  whether Xcode or its command line tools are chosen
 * @property {boolean} hasPackageLists  whether `apt-get update` was ever run
 * @property {NodeJS.ProcessEnv} env
 */

/** One line that says what is missing and what to type, or undefined when nothing is. */
export function missingToolsLine(machine = thisMachine()) {
  const missing = missingTools(machine);
  if (missing.length === 0) return undefined;
  return `Missing: ${missing.join(", ")}. ${advice(machine, missing)}`;
}

/**
 * @param {Machine} machine
 * @returns {string[]}
 */
function missingTools(machine) {
  if (machine.platform === "darwin") return missingAppleTools(machine);
  const missing = [];
  if (!hasAny(machine, machine.env["CC"], ["cc", "gcc", "clang"])) missing.push("gcc");
  if (!hasAny(machine, machine.env["CXX"], ["c++", "g++", "clang++"])) missing.push("g++");
  if (!hasAny(machine, undefined, ["ninja", "make"])) missing.push("make");
  return missing.concat(missingCmake(machine));
}

/** @param {Machine} machine */
function missingAppleTools(machine) {
  // /usr/bin/cc exists on every Mac, and only asks to be installed.
  const tools = machine.hasAppleTools ? [] : ["Xcode command line tools"];
  return tools.concat(missingCmake(machine));
}

/**
 * @param {Machine} machine
 * @param {string | undefined} chosen  from CC or CXX, which may carry arguments
 * @param {string[]} names
 */
function hasAny(machine, chosen, names) {
  if (chosen) return machine.has(chosen.split(" ")[0] || chosen);
  return names.some(machine.has);
}

/** @param {Machine} machine */
function missingCmake(machine) {
  if (machine.cmakeVersion === undefined) return ["cmake"];
  const found = /(\d+)\.(\d+)/.exec(machine.cmakeVersion);
  const [major, minor] = found === null ? [0, 0] : [Number(found[1]), Number(found[2])];
  const { major: wantedMajor, minor: wantedMinor } = minimumCmake;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return [];
  return [`cmake ${wantedMajor}.${wantedMinor} or newer (this is ${major}.${minor})`];
}

/**
 * @param {Machine} machine
 * @param {string[]} missing
 */
function advice(machine, missing) {
  const needsCmake = missing.some((name) => name.startsWith("cmake"));
  const needsCompiler = missing.some((name) => !name.startsWith("cmake"));
  if (machine.platform === "darwin") {
    const steps = [needsCompiler && "xcode-select --install", needsCmake && "brew install cmake"];
    return `Type: ${steps.filter(Boolean).join(" && ")}`;
  }
  if (!machine.has("apt-get")) {
    return "Install them with your system's packages (on Debian: build-essential cmake).";
  }
  const sudo = machine.isRoot ? "" : "sudo ";
  const packages = [needsCompiler && "build-essential", needsCmake && "cmake"].filter(Boolean);
  const install = `${sudo}apt-get install -y ${packages.join(" ")}`;
  return `Type: ${machine.hasPackageLists ? install : `${sudo}apt-get update && ${install}`}`;
}

/** @returns {Machine} */
function thisMachine() {
  const cmake = spawnSync("cmake", ["--version"], { encoding: "utf8" });
  return {
    platform: process.platform,
    isRoot: process.getuid !== undefined && process.getuid() === 0,
    has: isInPath,
    cmakeVersion: cmake.status === 0 ? cmake.stdout : undefined,
    hasAppleTools: process.platform !== "darwin" || spawnSync("xcode-select", ["-p"]).status === 0,
    hasPackageLists: hasPackageLists(),
    env: process.env,
  };
}

/** @param {string} name */
function isInPath(name) {
  const folders = (process.env["PATH"] || "").split(delimiter);
  const places = name.includes("/") ? [name] : folders.map((folder) => join(folder, name));
  return places.some(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasPackageLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => name.includes("_Packages"));
  } catch {
    return false;
  }
}
