/** One service under supervision: started, watched, restarted, and given up when that does not help. */
import type { Clock, Timer } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { ProcessEnd } from "./child-process.ts";
import {
  type ChildHost,
  ChildRun,
  type ChildRunListener,
  noRun,
  type ReloadVerdict,
  type RunFacts,
} from "./child-run.ts";
import { type ChildInput, type ChildState, hasProcess, nextChildState } from "./child-states.ts";
import { RestartPolicy, wrongUsageCode } from "./restart-policy.ts";
import { callTakers, type PlanDifference, type ServicePlan } from "./service-plan.ts";
import type { ServiceRecord } from "./service-record.ts";

/** It ended by itself, or was ended because it was ill. */
export interface Crash extends ProcessEnd {
  readonly service: string;
  /** 0 when it could not even be started. */
  readonly pid: number;
  /** In one line, with the last thing that it said. */
  readonly reason: string;
  readonly livedMs: number;
  readonly version: string | undefined;
  readonly commit: string | undefined;
  readonly memoryBytes: number | undefined;
  /** Its last log lines, without private fields. */
  readonly lines: readonly string[];
  /** Undefined when it is not started again. */
  readonly restartInMs: number | undefined;
}

export interface SupervisedChildListener {
  record(record: ServiceRecord): void;
  changed(child: SupervisedChild): void;
  crashed(crash: Crash): void;
}

export interface SupervisedChildOptions {
  readonly plan: ServicePlan;
  readonly host: ChildHost;
  readonly clock: Clock;
  readonly listener: SupervisedChildListener;
}

export interface SupervisedChildStatus extends RunFacts {
  readonly name: string;
  readonly state: ChildState;
  /** Starts after an end that nobody asked for. */
  readonly restarts: number;
  /** Why it ended last, or is where it is. */
  readonly lastReason: string;
}

/** Services stop in order within 15 s, or end themselves. */
const orderlyStopMs = 16_000;
const illStopMs = 10_000;

export class SupervisedChild {
  readonly #options: SupervisedChildOptions;
  readonly #policy = new RestartPolicy();
  /** Of its next start. */
  #plan: ServicePlan;
  /** What its process was started with, or has taken since. */
  #running: ServicePlan;
  #state: ChildState = "stopped";
  /** What its end will mean. */
  #intent: "run" | "stop" | "restart" | "recover" = "run";
  #run: ChildRun | undefined;
  #backOff: Timer | undefined;
  #restarts = 0;
  #lastReason = "";
  #waiters: (() => void)[] = [];

  constructor(options: SupervisedChildOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.#running = options.plan;
  }

  get name(): string {
    return this.#plan.name;
  }

  get state(): ChildState {
    return this.#state;
  }

  /** What its process goes by, or the last one did. */
  get running(): ServicePlan {
    return this.#running;
  }

  /** Counts from its next start on, but for the limit of its memory. */
  adopt(plan: ServicePlan): void {
    this.#plan = plan;
    this.#run?.adopt(plan);
  }

  /** Has the running service read its options again; undefined while none is ready. */
  async reload(secrets: PlanDifference["secrets"]): Promise<ReloadVerdict | undefined> {
    const run = this.#run;
    // Another one may be adopted before the answer comes.
    const plan = this.#plan;
    const verdict = this.#state === "ready" ? await run?.reload(secrets) : undefined;
    if (run !== undefined && run === this.#run && verdict?.kind === "taken") {
      this.#running = plan;
      run.recent.showsPrivate = plan.showsPrivate;
    }
    return verdict;
  }

  status(): SupervisedChildStatus {
    return {
      name: this.name,
      state: this.#state,
      restarts: this.#restarts,
      lastReason: this.#lastReason,
      ...(this.#run?.facts() ?? noRun),
    };
  }

  /** A person wants it to run: what was before does not count, a stop that waits for calls among it. */
  start(): void {
    if (this.#state === "draining") {
      void this.#takeCallsAgain();
      return;
    }
    if (hasProcess(this.#state)) {
      if (this.#intent === "stop") this.#intent = "restart";
      return;
    }
    this.#policy.reset();
    this.#backOff?.cancel();
    this.#begin("start");
  }

  /** Resolves when its process has ended; calls get `drainLimitMs` to end by themselves. */
  async stop(drainLimitMs: number): Promise<void> {
    if (!hasProcess(this.#state)) {
      this.#backOff?.cancel();
      this.#step("stop");
      return;
    }
    this.#intent = "stop";
    await this.#leave(drainLimitMs);
  }

  /** Resolves when the old process has ended and the new one is started. */
  async restart(drainLimitMs: number): Promise<void> {
    if (!hasProcess(this.#state)) {
      this.start();
      return;
    }
    this.#policy.reset();
    this.#intent = "restart";
    await this.#leave(drainLimitMs);
  }

  /** Ends it at once and for good. */
  kill(): void {
    this.#intent = "stop";
    this.#backOff?.cancel();
    this.#step("stop");
    this.#run?.kill();
  }

  #begin(input: ChildInput): void {
    const { host, clock } = this.#options;
    this.#intent = "run";
    this.#running = this.#plan;
    try {
      this.#run = new ChildRun({ plan: this.#plan, host, clock, listener: this.#runListener() });
      this.#step(input);
    } catch (error) {
      this.#step(input);
      this.#failed({ code: null, signal: null }, describeError(error));
    }
  }

  #runListener(): ChildRunListener {
    return {
      record: (record) => this.#options.listener.record(record),
      ready: () => this.#step("ready"),
      ill: (reason) => this.#recover(reason),
      ended: (end) => this.#ended(end),
    };
  }

  #leave(drainLimitMs: number): Promise<void> {
    const run = this.#run;
    const ended = new Promise<void>((resolve) => this.#waiters.push(resolve));
    if (this.#state === "draining" && drainLimitMs === 0) run?.endDrain();
    const isDrained = this.#state !== "ready" || drainLimitMs === 0 || !callTakers.has(this.name);
    if (isDrained) {
      if (this.#state !== "draining") this.#terminate(orderlyStopMs);
      return ended;
    }
    this.#step("drain");
    void run?.drain(drainLimitMs).then(() => {
      if (this.#run === run && this.#state === "draining") this.#terminate(orderlyStopMs);
    });
    return ended;
  }

  /** A stop or restart is taken back: whoever waits for it waits no longer. */
  async #takeCallsAgain(): Promise<void> {
    const run = this.#run;
    this.#intent = "run";
    this.#step("undrain");
    this.#settle();
    try {
      await run?.undrain();
    } catch (error) {
      if (this.#run === run) this.#recover(`it takes no calls any more: ${describeError(error)}`);
    }
  }

  #recover(reason: string): void {
    if (this.#intent !== "run") return;
    this.#intent = "recover";
    this.#lastReason = reason;
    this.#terminate(illStopMs);
  }

  #terminate(limitMs: number): void {
    if (this.#state === "stopping") return;
    this.#step("stop");
    this.#run?.terminate(limitMs);
  }

  #ended(end: ProcessEnd): void {
    const intent = this.#intent;
    if (intent === "run" || intent === "recover") {
      const lastWords = this.#run?.recent.lastWords ?? "";
      this.#failed(end, intent === "run" ? describeEnd(end, lastWords) : this.#lastReason);
      this.#settle();
      return;
    }
    this.#run = undefined;
    this.#lastReason = intent === "stop" ? "stopped" : "restarted";
    if (intent === "restart") this.#begin("again");
    else this.#step("gone");
    this.#settle();
  }

  #settle(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** It ended, or could not be started, without anybody having asked for that. */
  #failed(end: ProcessEnd, why: string): void {
    const run = this.#run;
    this.#run = undefined;
    const verdict = this.#policy.ended({ livedMs: run?.livedMs ?? 0, code: end.code });
    const restartInMs = verdict.kind === "wait" ? verdict.delayMs : undefined;
    this.#lastReason = restartInMs === undefined ? this.#explain(end, why) : why;
    const crash = { ...end, service: this.name, reason: this.#lastReason, restartInMs };
    this.#options.listener.crashed({ ...crash, ...evidenceOf(run) });
    this.#step(restartInMs === undefined ? "hopeless" : "failed");
    if (restartInMs === undefined) return;
    this.#backOff = this.#options.clock.after(restartInMs, () => {
      this.#restarts += 1;
      this.#begin("due");
    });
  }

  #explain({ code }: ProcessEnd, why: string): string {
    if (code === wrongUsageCode) return `given up: its options or configuration are wrong: ${why}`;
    return `given up after ${this.#policy.quickEnds} ends soon after the start: ${why}`;
  }

  #step(input: ChildInput): void {
    const before = this.#state;
    this.#state = nextChildState(before, input);
    if (this.#state !== before) this.#options.listener.changed(this);
  }
}

function describeEnd({ code, signal }: ProcessEnd, lastWords: string): string {
  const how = signal === null ? `ended with exit code ${code ?? "unknown"}` : `ended by ${signal}`;
  return lastWords === "" ? how : `${how}: ${lastWords}`;
}

type Evidence = Pick<Crash, "pid" | "livedMs" | "version" | "commit" | "memoryBytes" | "lines">;

/** What a run leaves behind; a process that could not be started leaves nothing. */
function evidenceOf(run: ChildRun | undefined): Evidence {
  return {
    pid: run?.pid ?? 0,
    livedMs: Math.round(run?.livedMs ?? 0),
    version: run?.status?.version,
    commit: run?.status?.commit,
    memoryBytes: run?.lastMemoryBytes,
    lines: run?.recent.lines() ?? [],
  };
}
