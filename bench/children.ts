/** Programs that must not outlive the bench, however it ends. */

const running = new Set<Bun.Subprocess>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Returns the child. */
export function endWithBench<T extends Bun.Subprocess>(child: T): T {
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return child;
}
