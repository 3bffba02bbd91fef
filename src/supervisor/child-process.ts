/** Runs a service as a child process that cannot outlive this one, and reads what it writes. */
import { errnoOf } from "../core/errno.ts";
import { WildfireError } from "../core/errors.ts";
import { LineCutter } from "./line-cutter.ts";
import { callTakers, type ServicePlan } from "./service-plan.ts";
import { supervisedVariable } from "./supervisor-pipe.ts";

export interface ProcessEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ChildProcess {
  readonly pid: number;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

export interface ChildProcessListener {
  line(stream: "stdout" | "stderr", text: string): void;
  /** Called once, after its last line. */
  ended(end: ProcessEnd): void;
}

/** Throws a WildfireError("state") when there is no such program, or no more processes. */
export type SpawnChild = (plan: ServicePlan, listener: ChildProcessListener) => ChildProcess;

const maxLineCharacters = 64 * 1024;
/** A process that the child left behind may hold its output open. */
const lastWordsMs = 1000;
/**
 * Has the system end a child with its parent, also one whose event loop stands still: Bun asks the kernel
 * for it (PR_SET_PDEATHSIG), so that neither a program nor a library of ours is needed.
 */
const endsWithParent = { BUN_FEATURE_FLAG_NO_ORPHANS: "1" };
/** For this process alone; the last one would turn our executable into Bun's own command line. */
const ownVariables = new Set(["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "BUN_BE_BUN"]);

export const spawnChild: SpawnChild = (plan, listener) => {
  const process = start(plan);
  const reading = Promise.all([
    readLines(process.stdout, (text) => listener.line("stdout", text)),
    readLines(process.stderr, (text) => listener.line("stderr", text)),
  ]);
  void awaitEnd(process, reading).then((end) => listener.ended(end));
  return {
    pid: process.pid,
    kill: (signal) => process.kill(signal),
  };
};

type PipedProcess = Bun.Subprocess<"pipe", "pipe", "pipe">;

function start({ name, command, env }: ServicePlan): PipedProcess {
  try {
    return Bun.spawn([...command], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      env: {
        ...withoutOwn(env),
        // That end is sudden: who has calls up shall hang up first, when the pipe ends.
        ...(callTakers.has(name) ? {} : endsWithParent),
        [supervisedVariable]: "1",
      },
      // In a session of its own, so that Ctrl+C reaches the supervisor only, which stops all in order.
      detached: true,
    });
  } catch (error) {
    throw new WildfireError("state", `cannot start ${name}: ${errnoOf(error)}`, { cause: error });
  }
}

function withoutOwn(env: ServicePlan["env"]): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ownVariables.has(name)));
}

async function awaitEnd(process: PipedProcess, reading: Promise<unknown>): Promise<ProcessEnd> {
  const code = await process.exited;
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.resolve(), lastWordsMs);
  await Promise.race([reading, late.promise]);
  clearTimeout(timer);
  const signal = process.signalCode === null ? null : String(process.signalCode);
  // Until here the pipe had to be held: the child ends when it closes.
  await Promise.resolve(process.stdin.end()).catch(() => undefined);
  return signal === null ? { code, signal } : { code: null, signal };
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (text: string) => void,
): Promise<void> {
  const cutter = new LineCutter(maxLineCharacters, onLine);
  try {
    for await (const bytes of stream) cutter.push(bytes);
  } catch {
    // The pipe broke with the process: its end is reported all the same.
  }
  cutter.end();
}
