/** Processes that do what a test says, in place of real ones. */
import type { Clock } from "../../src/core/clock.ts";
import type { ChildProcessListener, ProcessEnd } from "../../src/supervisor/child-process.ts";
import type { ChildHost, ReloadVerdict } from "../../src/supervisor/child-run.ts";
import type { ServicePlan } from "../../src/supervisor/service-plan.ts";

export class ScriptedProcess {
  readonly signals: string[] = [];
  drains = 0;
  undrains = 0;
  /** What it says to `undrain`, when that goes wrong. */
  undrainProblem: string | undefined;
  readonly reloads: Readonly<Record<string, string | null>>[] = [];
  /** What it makes of a new configuration. */
  verdict: ReloadVerdict = { kind: "taken", changed: [] };
  /** What it answers when it is asked; undefined: nothing. */
  answer: Readonly<Record<string, unknown>> | undefined;
  memoryBytes = 50 << 20;

  readonly service: string;
  readonly pid: number;
  readonly listener: ChildProcessListener;

  constructor(service: string, pid: number, listener: ChildProcessListener) {
    this.service = service;
    this.pid = pid;
    this.listener = listener;
  }

  say(message: string, fields: Readonly<Record<string, unknown>> = {}, level = "info"): void {
    const time = "2026-01-01T00:00:00.000Z";
    this.listener.line("stderr", JSON.stringify({ time, level, message, ...fields }));
  }

  ready(): void {
    this.answer ??= { version: "1.2.3", commit: "abc" };
    this.say(`${this.service} is ready`);
  }

  end(end: Partial<ProcessEnd>): void {
    this.listener.ended({ code: null, signal: null, ...end });
  }
}

export class ScriptedHost implements ChildHost {
  readonly processes: ScriptedProcess[] = [];
  spawnProblem: Error | undefined;
  /** A process without an answer is waited for so long, as one that hangs is; else it refuses at once. */
  answerLimit: { readonly clock: Clock; readonly ms: number } | undefined;

  /** The newest process of the service. */
  latest(service: string): ScriptedProcess {
    const found = this.processes.findLast((one) => one.service === service);
    if (found === undefined) throw new Error(`${service} was never started`);
    return found;
  }

  starts(service: string): number {
    return this.processes.filter((one) => one.service === service).length;
  }

  readonly spawn: ChildHost["spawn"] = (plan, listener) => {
    if (this.spawnProblem !== undefined) throw this.spawnProblem;
    const process = new ScriptedProcess(plan.name, 1000 + this.processes.length, listener);
    this.processes.push(process);
    return { pid: process.pid, kill: (signal) => process.signals.push(signal) };
  };

  readonly askStatus: ChildHost["askStatus"] = async (service, pid) => {
    const { answer } = this.#find(pid);
    if (answer === undefined) await this.#silence();
    if (answer === undefined) throw new Error(`${service} does not answer`);
    return answer;
  };

  readonly drain: ChildHost["drain"] = async (_service, pid) => {
    this.#find(pid).drains += 1;
  };

  readonly undrain: ChildHost["undrain"] = async (_service, pid) => {
    const process = this.#find(pid);
    process.undrains += 1;
    if (process.undrainProblem !== undefined) throw new Error(process.undrainProblem);
  };

  readonly reload: ChildHost["reload"] = async (_service, pid, secrets) => {
    const process = this.#find(pid);
    process.reloads.push(secrets);
    return process.verdict;
  };

  readonly memoryBytes: ChildHost["memoryBytes"] = (pid) => this.#find(pid).memoryBytes;

  async #silence(): Promise<void> {
    if (this.answerLimit === undefined) return;
    const over = Promise.withResolvers<void>();
    this.answerLimit.clock.after(this.answerLimit.ms, over.resolve);
    await over.promise;
  }

  #find(pid: number): ScriptedProcess {
    const found = this.processes.find((one) => one.pid === pid);
    if (found === undefined) throw new Error(`no process ${pid}`);
    return found;
  }
}

export function planFor(name: string, given: Partial<ServicePlan> = {}): ServicePlan {
  return {
    name,
    command: ["program", name],
    env: {},
    settings: {},
    alsoReads: {},
    memoryLimitBytes: undefined,
    showsPrivate: false,
    ...given,
  };
}

/** Lets everything run that waits for nothing but its turn. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
