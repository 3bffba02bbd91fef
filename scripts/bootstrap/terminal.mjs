/** Where the project is, and plain progress lines with the time since the command began. */
import { dirname } from "path";
import { fileURLToPath } from "url";

/** The folder of package.json. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Handed down, so that the time goes on when one step calls the next. */
const startVariable = "BOOTSTRAP_STARTED_MS";
const startedMs = Number(process.env[startVariable]) || Date.now();

/** The environment for a child that reports its own steps. */
export const childEnvironment = { ...process.env, [startVariable]: String(startedMs) };

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Announces a step: `0:07 Installing packages`.
 *
 * @param {string} text
 */
export function sayStep(text) {
  say(`${formatElapsed(Date.now() - startedMs)} ${text}`);
}

/**
 * Minutes and seconds: `1:05`.
 *
 * @param {number} elapsedMs
 */
export function formatElapsed(elapsedMs) {
  const seconds = Math.floor(elapsedMs / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
