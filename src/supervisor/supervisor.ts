/** All services together: started by readiness, stopped in reverse, steered by commands. */
import type { Clock, Timer } from "../core/clock.ts";
import { quote, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { ChildHost } from "./child-run.ts";
import { needsRestart, type ServicePlan, type SupervisorPlan } from "./service-plan.ts";
import type { ServiceRecord } from "./service-record.ts";
import { startsAfter, stopGroups } from "./start-order.ts";
import {
  type Crash,
  SupervisedChild,
  type SupervisedChildListener,
  type SupervisedChildStatus,
} from "./supervised-child.ts";

export interface SupervisorListener {
  record(record: ServiceRecord): void;
  changed(status: SupervisedChildStatus): void;
  crashed(crash: Crash): void;
}

export interface SupervisorOptions {
  readonly plan: SupervisorPlan;
  readonly host: ChildHost;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listener: SupervisorListener;
}

/** What a new plan changed. */
export interface PlanChange {
  readonly started: readonly string[];
  readonly restarted: readonly string[];
  readonly stopped: readonly string[];
}

type ChangedNames = Readonly<Record<keyof PlanChange, string[]>>;

/** A service that does not get ready holds the others up for so long. */
const holdLimitMs = 60_000;
/** Of a service that is given up. */
const saidLines = 5;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children = new Map<string, SupervisedChild>();
  readonly #settled = Promise.withResolvers<void>();
  /** Not started yet, since others are to be ready first. */
  #held = new Set<string>();
  #hold: Timer | undefined;
  #plan: SupervisorPlan;
  #isStopping = false;
  #applying: Promise<unknown> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#plan = options.plan;
    for (const plan of options.plan.services) this.#add(plan);
  }

  get state(): "starting" | "ready" | "stopping" {
    if (this.#isStopping) return "stopping";
    return this.#hold === undefined ? "ready" : "starting";
  }

  get drainLimitMs(): number {
    return this.#plan.drainLimitMs;
  }

  /** Resolves when each service is ready, or has failed once. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  services(): readonly SupervisedChildStatus[] {
    return [...this.#children.values()].map((child) => child.status());
  }

  start(): void {
    this.#held = new Set(this.#children.keys());
    this.#hold = this.#options.clock.after(holdLimitMs, () => this.#release());
    this.#advance();
  }

  /** Throws a WildfireError("usage") for a service that is not configured. */
  child(name: string): SupervisedChild {
    const child = this.#children.get(name);
    if (child !== undefined) return child;
    throw new WildfireError("usage", `no service ${quote(name)} is configured`, {
      hint: `there are ${[...this.#children.keys()].join(", ")}`,
    });
  }

  startService(name: string): void {
    if (this.#isStopping) throw new WildfireError("state", "the supervisor is stopping");
    const child = this.child(name);
    this.#held.delete(name);
    child.start();
  }

  async restartService(name: string, drainLimitMs: number): Promise<void> {
    if (this.#isStopping) throw new WildfireError("state", "the supervisor is stopping");
    this.#held.delete(name);
    await this.child(name).restart(drainLimitMs);
  }

  async stopService(name: string, drainLimitMs: number): Promise<void> {
    this.#held.delete(name);
    await this.child(name).stop(drainLimitMs);
    this.#advance();
  }

  /** Services that are no more wanted stop, new ones start, changed ones are started again. */
  async apply(plan: SupervisorPlan): Promise<PlanChange> {
    const applied = this.#applying.then(() => this.#apply(plan));
    this.#applying = applied.catch(() => undefined);
    return await applied;
  }

  /** Group after group; calls get `drainLimitMs` to end by themselves. */
  async stop(drainLimitMs: number): Promise<void> {
    this.#isStopping = true;
    this.#held.clear();
    this.#hold?.cancel();
    for (const group of stopGroups([...this.#children.keys()])) {
      await Promise.all(group.map((name) => this.child(name).stop(drainLimitMs)));
    }
  }

  /** All at once and without order, for those who cannot wait. */
  kill(): void {
    this.#isStopping = true;
    for (const child of this.#children.values()) child.kill();
  }

  #add(plan: ServicePlan): SupervisedChild {
    const { host, clock } = this.#options;
    const child = new SupervisedChild({ plan, host, clock, listener: this.#childListener() });
    this.#children.set(plan.name, child);
    return child;
  }

  #childListener(): SupervisedChildListener {
    const { listener } = this.#options;
    return {
      record: (record) => listener.record(record),
      changed: (child) => {
        this.#tell(child.status());
        this.#advance();
      },
      crashed: (crash) => {
        this.#report(crash);
        listener.crashed(crash);
      },
    };
  }

  #tell(status: SupervisedChildStatus): void {
    const { name, state, pid } = status;
    this.#options.log.debug(`${name} is ${state}`, { about: name, state, servicePid: pid });
    this.#options.listener.changed(status);
  }

  #report({ service, pid, reason, livedMs, restartInMs, memoryBytes, lines }: Crash): void {
    const { log } = this.#options;
    const facts = { about: service, servicePid: pid, reason, livedMs, memoryBytes };
    if (restartInMs === undefined) {
      const lastLines = lines.slice(-saidLines).join(" | ");
      log.error("service given up", { ...facts, lastLines });
    } else log.warn("service failed and is started again", { ...facts, restartInMs });
  }

  /** Starts those for whom everybody is there. */
  #advance(): void {
    if (this.#isStopping || this.#hold === undefined) return;
    for (const name of this.#held) {
      const others = startsAfter(name, [...this.#children.keys()]);
      if (others.some((other) => this.#isAwaited(other))) continue;
      this.#held.delete(name);
      this.#children.get(name)?.start();
    }
    const names = [...this.#children.keys()];
    if (this.#held.size === 0 && !names.some((name) => this.#isUnsettled(name))) this.#settle();
  }

  /** It is about to come up: others wait for it. */
  #isAwaited(name: string): boolean {
    const state = this.#children.get(name)?.state;
    return this.#held.has(name) || state === "starting" || state === "waiting";
  }

  #isUnsettled(name: string): boolean {
    return this.#children.get(name)?.state === "starting";
  }

  #release(): void {
    const { log } = this.#options;
    // Starting one may start others.
    const held = this.#held;
    this.#held = new Set();
    for (const name of held) {
      log.warn("started before those it talks to are ready", { about: name });
      this.#children.get(name)?.start();
    }
    this.#settle();
  }

  #settle(): void {
    this.#hold?.cancel();
    this.#hold = undefined;
    this.#settled.resolve();
  }

  async #apply(plan: SupervisorPlan): Promise<PlanChange> {
    this.#plan = plan;
    const change: ChangedNames = { started: [], restarted: [], stopped: [] };
    if (this.#isStopping) return change;
    const wanted = new Map(plan.services.map((service) => [service.name, service]));
    for (const [name, child] of this.#children) {
      if (wanted.has(name)) continue;
      await child.stop(plan.drainLimitMs);
      this.#children.delete(name);
      change.stopped.push(name);
    }
    for (const service of plan.services) await this.#adopt(service, change);
    return change;
  }

  async #adopt(service: ServicePlan, change: ChangedNames): Promise<void> {
    const { name } = service;
    const child = this.#children.get(name);
    if (child === undefined) {
      this.#add(service).start();
      change.started.push(name);
      return;
    }
    const mustRestart = needsRestart(child.plan, service);
    child.plan = service;
    if (!mustRestart || child.state === "stopped") return;
    change.restarted.push(name);
    await child.restart(this.#plan.drainLimitMs);
  }
}
