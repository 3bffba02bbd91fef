/** All services together: started by readiness, stopped in reverse, steered by commands. */
import type { Clock, Timer } from "../core/clock.ts";
import { quote, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { ChildHost } from "./child-run.ts";
import { differenceBetween, type ServicePlan, type SupervisorPlan } from "./service-plan.ts";
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

/** What a new plan changed, by the names of services. */
export interface PlanChange {
  readonly started: readonly string[];
  readonly restarted: readonly string[];
  readonly stopped: readonly string[];
  /** They took it while they ran. */
  readonly reloaded: readonly string[];
  /** Something is wrong for them: they go on as they were. */
  readonly refused: readonly string[];
  /** Of each that is named above, for people. */
  readonly why: Readonly<Record<string, string>>;
}

type Outcome = Exclude<keyof PlanChange, "why">;

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

  /** Services that are no more wanted stop, new ones start, others take what has changed or are restarted. */
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
      // A plan that is being applied may have dropped one meanwhile.
      await Promise.all(
        group.map(async (name) => await this.#children.get(name)?.stop(drainLimitMs)),
      );
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
    const change = new ChangeNotes();
    if (this.#isStopping) return change;
    const wanted = new Map(plan.services.map((service) => [service.name, service]));
    for (const [name, child] of this.#children) {
      if (wanted.has(name)) continue;
      await child.stop(plan.drainLimitMs);
      if (this.#isStopping) return change;
      // Somebody wants it to run all the same.
      if (child.state !== "stopped") continue;
      this.#children.delete(name);
      change.note("stopped", name, "it is not configured to run any more");
    }
    for (const service of plan.services) {
      await this.#adopt(service, change);
      if (this.#isStopping) return change;
    }
    return change;
  }

  async #adopt(service: ServicePlan, change: ChangeNotes): Promise<void> {
    const { name } = service;
    const child = this.#children.get(name);
    if (child === undefined) {
      this.#add(service).start();
      change.note("started", name, "it is configured to run now");
      return;
    }
    const { outside, own, secrets } = differenceBetween(child.running, service);
    const keys = [...outside, ...own, ...(Object.keys(secrets).length > 0 ? ["secrets"] : [])];
    child.adopt(service);
    if (child.state === "stopped") return;
    // What it cannot read itself needs no question.
    const verdict = outside.length > 0 ? undefined : await child.reload(secrets);
    if (this.#isStopping) return;
    if (verdict === undefined) {
      if (keys.length > 0) await this.#restart(child, keys, change);
    } else if (verdict.kind === "refused") change.note("refused", name, verdict.reason);
    else if (verdict.kind === "restart") await this.#restart(child, verdict.keys, change);
    else if (verdict.changed.length > 0) change.note("reloaded", name, verdict.changed.join(", "));
  }

  async #restart(
    child: SupervisedChild,
    keys: readonly string[],
    change: ChangeNotes,
  ): Promise<void> {
    change.note("restarted", child.name, keys.join(", "));
    await child.restart(this.#plan.drainLimitMs);
  }
}

class ChangeNotes implements PlanChange {
  readonly started: string[] = [];
  readonly restarted: string[] = [];
  readonly stopped: string[] = [];
  readonly reloaded: string[] = [];
  readonly refused: string[] = [];
  readonly why: Record<string, string> = {};

  note(outcome: Outcome, service: string, why: string): void {
    this[outcome].push(service);
    this.why[service] = why;
  }
}
