/** One life of a service: its process from the start to the end, what it says and how it does. */
import type { Clock, Timer } from "../core/clock.ts";
import type { ChildProcess, ProcessEnd, SpawnChild } from "./child-process.ts";
import { type ChildStatus, readChildStatus } from "./child-status.ts";
import { ChildWatch } from "./child-watch.ts";
import { RecentRecords } from "./recent-records.ts";
import type { PlanDifference, ServicePlan } from "./service-plan.ts";
import { recordOfChild, type ServiceRecord } from "./service-record.ts";

/** What the machine offers for children; handed in, so that each rule can be tested without one. */
export interface ChildHost {
  readonly spawn: SpawnChild;
  /** The status of that process; rejects within its limit. */
  readonly askStatus: (service: string, pid: number) => Promise<Readonly<Record<string, unknown>>>;
  /** Asks it to take no more calls; resolves also when it does not know how. */
  readonly drain: (service: string, pid: number) => Promise<void>;
  /** Asks it to take calls again; rejects with what it says when it cannot. */
  readonly undrain: (service: string, pid: number) => Promise<void>;
  /** Asks it to read its options again, with these variables in place of those that it has; never rejects. */
  readonly reload: (
    service: string,
    pid: number,
    secrets: PlanDifference["secrets"],
  ) => Promise<ReloadVerdict>;
  readonly memoryBytes: (pid: number) => number | undefined;
}

/** What a service makes of a configuration that may have changed. */
export type ReloadVerdict =
  /** These options and files are other ones, and count from now on; mostly none. */
  | { readonly kind: "taken"; readonly changed: readonly string[] }
  /** It stays as it was: these options count from its next start on. */
  | { readonly kind: "restart"; readonly keys: readonly string[] }
  /** It stays as it was, since something is wrong. */
  | { readonly kind: "refused"; readonly reason: string };

export interface ChildRunListener {
  record(record: ServiceRecord): void;
  ready(): void;
  /** It must be ended and started again; said once. */
  ill(reason: string): void;
  ended(end: ProcessEnd): void;
}

/** What can be seen of a running process. */
export interface RunFacts {
  readonly pid: number | null;
  /** Null until it has answered. */
  readonly version: string | null;
  readonly commit: string | null;
  readonly uptimeS: number;
  /** Null where the system does not tell. */
  readonly memoryBytes: number | null;
  /** `failing`: it did not answer the last time, or is being ended for it. */
  readonly health: "unknown" | "good" | "failing";
  readonly calls: number;
}

export const noRun: RunFacts = {
  pid: null,
  version: null,
  commit: null,
  uptimeS: 0,
  memoryBytes: null,
  health: "unknown",
  calls: 0,
};

export interface ChildRunOptions {
  readonly plan: ServicePlan;
  readonly host: ChildHost;
  readonly clock: Clock;
  readonly listener: ChildRunListener;
}

/** Large models load from slow disks. */
const startLimitMs = 180_000;
const drainPollMs = 500;
/** Calls that are up are worth some more memory. */
const toleranceDuringCalls = 1.5;

export class ChildRun {
  readonly recent: RecentRecords;
  readonly #options: ChildRunOptions;
  readonly #process: ChildProcess;
  readonly #startedMs: number;
  readonly #watch: ChildWatch;
  readonly #timers = new Set<Timer>();
  #startLimit: Timer | undefined;
  #status: ChildStatus | undefined;
  #memoryBytes: number | undefined;
  #memoryLimitBytes: number | undefined;
  #isIll = false;
  #endDrain: (() => void) | undefined;

  /** Throws a WildfireError when the process cannot be started. */
  constructor(options: ChildRunOptions) {
    const { plan, host, clock } = options;
    this.#options = options;
    this.#memoryLimitBytes = plan.memoryLimitBytes;
    this.recent = new RecentRecords(plan.showsPrivate);
    this.#startedMs = clock.nowMs();
    this.#process = host.spawn(plan, {
      line: (stream, text) => this.#line(stream, text),
      ended: (end) => this.#ended(end),
    });
    this.#watch = new ChildWatch({
      ask: () => host.askStatus(plan.name, this.#process.pid),
      clock,
      onStatus: (status) => this.#answered(status),
      onUnhealthy: (reason) => this.#ill(reason),
    });
    this.#startLimit = clock.after(startLimitMs, () =>
      this.#ill(`not ready within ${startLimitMs / 1000} s`),
    );
    this.#timers.add(this.#startLimit);
  }

  get pid(): number {
    return this.#process.pid;
  }

  facts(): RunFacts {
    return {
      pid: this.pid,
      version: this.#status?.version ?? null,
      commit: this.#status?.commit ?? null,
      uptimeS: Math.round(this.livedMs / 1000),
      memoryBytes: this.#options.host.memoryBytes(this.pid) ?? null,
      health: this.#health(),
      calls: this.#status?.calls ?? 0,
    };
  }

  /** Undefined until it has answered. */
  get status(): ChildStatus | undefined {
    return this.#status;
  }

  /** As it was seen last, also when the process is gone. */
  get lastMemoryBytes(): number | undefined {
    return this.#memoryBytes;
  }

  get livedMs(): number {
    return this.#options.clock.nowMs() - this.#startedMs;
  }

  /** Asks it to end, and ends it when it has not done so in time. */
  terminate(limitMs: number): void {
    this.#watch.close();
    this.#startLimit?.cancel();
    this.#process.kill("SIGTERM");
    const kill = (): void => this.#process.kill("SIGKILL");
    this.#timers.add(this.#options.clock.after(limitMs, kill));
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** The limit of its memory counts at once; the rest is for the service itself. */
  adopt(plan: ServicePlan): void {
    this.#memoryLimitBytes = plan.memoryLimitBytes;
    // Until it has taken the plan, its log may be as before.
    this.recent.showsPrivate ||= plan.showsPrivate;
  }

  /** As `ChildHost.reload`. */
  async reload(secrets: PlanDifference["secrets"]): Promise<ReloadVerdict> {
    const { plan, host } = this.#options;
    return await host.reload(plan.name, this.pid, secrets);
  }

  /** Rejects with what the service says when it cannot take calls again. */
  async undrain(): Promise<void> {
    const { plan, host } = this.#options;
    this.endDrain();
    // Of an illness nobody took notice while it was to end: it is told again.
    this.#isIll = false;
    await host.undrain(plan.name, this.pid);
  }

  /** Resolves when no call is up any more, at the limit, at `endDrain()` or when the process ends. */
  async drain(limitMs: number): Promise<void> {
    const { plan, host, clock } = this.#options;
    const over = Promise.withResolvers<void>();
    this.#endDrain = over.resolve;
    this.#timers.add(clock.after(limitMs, over.resolve));
    void host.drain(plan.name, this.pid);
    const look = async (): Promise<void> => {
      // Who does not answer has no calls that are worth waiting for.
      const isIdle = await this.#hasNoCalls().catch(() => true);
      if (isIdle) over.resolve();
    };
    const poll = clock.every(drainPollMs, () => void look());
    this.#timers.add(poll);
    await look();
    await over.promise;
    poll.cancel();
  }

  endDrain(): void {
    this.#endDrain?.();
  }

  async #hasNoCalls(): Promise<boolean> {
    const { plan, host } = this.#options;
    this.#status = readChildStatus(await host.askStatus(plan.name, this.pid));
    return this.#status.calls === 0;
  }

  #health(): RunFacts["health"] {
    if (this.#isIll || this.#watch.failures > 0) return "failing";
    return this.#status === undefined ? "unknown" : "good";
  }

  #line(stream: "stdout" | "stderr", text: string): void {
    const { plan, clock, listener } = this.#options;
    const record = recordOfChild({ service: plan.name, stream, text, wallMs: clock.wallMs() });
    if (record === undefined) return;
    this.recent.add(record);
    listener.record(record);
    if (record.message === `${plan.name} is ready`) this.#ready();
  }

  #answered(status: ChildStatus): void {
    this.#status = status;
    if (status.isReady) this.#ready();
    this.#weigh(status.calls);
  }

  #ready(): void {
    if (this.#startLimit === undefined) return;
    this.#startLimit.cancel();
    this.#startLimit = undefined;
    this.#watch.guard();
    this.#options.listener.ready();
  }

  /** With each answer, so that the number of calls is of now. */
  #weigh(calls: number): void {
    const { host } = this.#options;
    this.#memoryBytes = host.memoryBytes(this.pid);
    const limit = this.#memoryLimitBytes;
    const used = this.#memoryBytes;
    if (limit === undefined || used === undefined || used <= limit) return;
    if (calls > 0 && used <= limit * toleranceDuringCalls) return;
    this.#ill(`uses ${mebibytes(used)} MB of memory, more than its ${mebibytes(limit)} MB`);
  }

  #ill(reason: string): void {
    if (this.#isIll) return;
    this.#isIll = true;
    this.#options.listener.ill(reason);
  }

  #ended(end: ProcessEnd): void {
    this.#watch.close();
    for (const timer of this.#timers) timer.cancel();
    this.endDrain();
    this.#options.listener.ended(end);
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / (1 << 20));
}
