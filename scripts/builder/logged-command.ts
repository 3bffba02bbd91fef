/** Runs a program with its whole output in a log file, line by line for whoever watches. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { WildfireError } from "../../src/core/errors.ts";

export interface LoggedCommand {
  readonly command: readonly string[];
  readonly logPath: string;
  readonly onLine: (line: string) => void;
}

const buildEnvironment = {
  // The progress is read from it.
  NINJA_STATUS: "[%f/%t] ",
  // ggml would take our commit for its own, and the library would change with every commit.
  GIT_DIR: "/dev/null",
};

/** How much of the log is shown when the program fails. */
const shownLines = 30;

/** Appends to the log; rejects with its last lines when the program fails. */
export async function runLogged(options: LoggedCommand): Promise<void> {
  const log = openSync(options.logPath, "a");
  writeSync(log, `$ ${options.command.join(" ")}\n`);
  const child = Bun.spawn([...options.command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...buildEnvironment },
  });
  const stop = (): void => {
    child.kill();
    process.exit(143);
  };
  process.once("SIGTERM", stop);
  const onLine = (line: string): void => {
    writeSync(log, `${line}\n`);
    options.onLine(line);
  };
  await Promise.all([readLines(child.stdout, onLine), readLines(child.stderr, onLine)]);
  const exitCode = await child.exited;
  process.removeListener("SIGTERM", stop);
  closeSync(log);
  if (exitCode !== 0) throw failure(options, exitCode);
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}

function failure(options: LoggedCommand, exitCode: number): WildfireError {
  const lines = readFileSync(options.logPath, "utf8").trimEnd().split("\n").slice(-shownLines);
  const program = options.command[0] ?? "";
  return new WildfireError(
    "native",
    `${lines.join("\n")}\n\n${program} ended with code ${exitCode}; the whole log: ${options.logPath}`,
  );
}
