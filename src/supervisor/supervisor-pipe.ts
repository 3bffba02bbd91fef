/** How a service learns that its supervisor is gone, however it went: standard input ends. */

/** Set to 1 for services whose standard input is a pipe that the supervisor holds open. */
export const supervisedVariable = "WILDFIRE_SUPERVISED";

/** Resolves when the supervisor has closed the pipe, or the system has done so for it. */
export function supervisorEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["end", "close", "error"]) process.stdin.once(event, () => resolve());
    process.stdin.resume();
  });
}
