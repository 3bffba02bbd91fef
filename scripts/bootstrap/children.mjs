/** Child processes: one that owns the terminal, or one whose output matters only when it fails. */
import { spawn } from "child_process";
import { constants } from "os";
import { childEnvironment, root } from "./terminal.mjs";

/** @type {NodeJS.Signals[]} */
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP"];

/** npm ends on SIGTERM without waiting for us: a new parent says that the old one is gone. */
const parent = process.ppid;

/**
 * Runs a program in the project folder with our terminal; resolves with its exit code, as a shell
 * would report it.
 *
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function run(program, args) {
  const child = spawn(program, args, { cwd: root, env: childEnvironment, stdio: "inherit" });
  return finished(child, program);
}

/**
 * Runs a program and keeps what it prints.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ exitCode: number, output: string }>}
 */
export async function capture(program, args, options) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  /** @type {string[]} */
  const output = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (/** @type {string} */ text) => output.push(text));
  }
  const exitCode = await finished(child, program);
  return { exitCode, output: output.join("") };
}

/**
 * @param {import("child_process").ChildProcess} child
 * @param {string} program
 * @returns {Promise<number>}
 */
function finished(child, program) {
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    // Ctrl-C in a terminal reaches the child by itself; a second one would mean "at once".
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  for (const signal of passedOn) process.on(signal, passOn);
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill("SIGTERM");
  }, 1000);
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new Error(`Cannot run ${program}: ${error.message}`)));
    child.once("close", (code, signal) => {
      clearInterval(watch);
      for (const name of passedOn) process.removeListener(name, passOn);
      resolve(signal === null ? Number(code) : 128 + constants.signals[signal]);
    });
  });
}
