/** What is known of each service: from the supervisor where there is one, and from its own status. */
import type { Clock, Timer } from "../../core/clock.ts";
import { type Fields, numberIn, objectsIn } from "../../services/event-fields.ts";
import type { ServiceProcess } from "./live-calls.ts";
import { type ServiceView, viewOf } from "./service-view.ts";

/** How the board gets at running processes. */
export interface StatusReader {
  /** Processes of that service that have a status socket. */
  processes(service: string): readonly number[];
  /** Rejects when it does not answer within a second or two. */
  read(process: ServiceProcess): Promise<Fields>;
}

export interface ServiceBoardOptions {
  readonly services: readonly string[];
  readonly reader: StatusReader;
  readonly clock: Clock;
  readonly onChange: () => void;
  /** Each status that came. */
  readonly onStatus: (process: ServiceProcess, status: Fields) => void;
  /** Somebody looks, or calls are up: then it is asked often. */
  readonly isWatched: () => boolean;
}

export const supervisorService = "supervisor";
const watchedMs = 2000;
const idleMs = 10_000;
/** Of a start that is computed from an uptime in seconds. */
const startToleranceMs = 1500;

export class ServiceBoard {
  readonly #options: ServiceBoardOptions;
  readonly #statuses = new Map<string, Fields>();
  #views: readonly ServiceView[] = [];
  readonly #timer: Timer;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: ServiceBoardOptions) {
    this.#options = options;
    this.#timer = options.clock.every(watchedMs, () => this.#tick());
  }

  /** In the order in which a call meets them. */
  services(): readonly ServiceView[] {
    return this.#views;
  }

  service(name: string): ServiceView | undefined {
    return this.#views.find((view) => view.name === name);
  }

  /** The last one that its process gave; undefined when none runs. */
  status(service: string): Fields | undefined {
    return this.#statuses.get(service);
  }

  get hasSupervisor(): boolean {
    return this.#statuses.has(supervisorService);
  }

  /** Asks all now; the same answer for those who ask while it is under way. */
  async refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
  }

  #tick(): void {
    const { clock, isWatched } = this.#options;
    const isDue = clock.nowMs() - this.#askedMs >= idleMs;
    if (isDue || isWatched()) void this.refresh();
  }

  async #ask(): Promise<void> {
    const { services, clock } = this.#options;
    this.#askedMs = clock.nowMs();
    await Promise.all([supervisorService, ...services].map((service) => this.#askService(service)));
    if (this.#isClosed) return;
    const before = JSON.stringify(this.#views);
    this.#views = this.#viewsNow();
    if (JSON.stringify(this.#views) !== before) this.#options.onChange();
  }

  async #askService(service: string): Promise<void> {
    const { reader, onStatus } = this.#options;
    const pids = reader.processes(service);
    const answers = await Promise.all(
      pids.map(async (pid) => {
        const status = await reader.read({ service, pid }).catch(() => undefined);
        if (status !== undefined && !this.#isClosed) onStatus({ service, pid }, status);
        return status;
      }),
    );
    const [status] = answers
      .filter((answer) => answer !== undefined)
      .toSorted((one, other) => uptimeOf(one) - uptimeOf(other));
    if (status !== undefined) this.#statuses.set(service, status);
    else this.#statuses.delete(service);
  }

  #viewsNow(): readonly ServiceView[] {
    const supervised = objectsIn(this.#statuses.get(supervisorService) ?? {}, "services");
    const nowMs = this.#options.clock.wallMs();
    return this.#options.services.flatMap((name) => {
      const child = supervised.find((entry) => entry["name"] === name);
      const status = this.#statuses.get(name);
      if (child === undefined && status === undefined) return [];
      const view = viewOf({ name, child, status, nowMs });
      return [{ ...view, startedMs: this.#steadyStart(name, view.startedMs) }];
    });
  }

  /** An uptime in whole seconds must not move the start to and fro. */
  #steadyStart(name: string, startedMs: number | undefined): number | undefined {
    const known = this.service(name)?.startedMs;
    if (known === undefined || startedMs === undefined) return startedMs;
    return Math.abs(known - startedMs) <= startToleranceMs ? known : startedMs;
  }
}

/** The latest that was started counts, where there are several. */
function uptimeOf(status: Fields): number {
  return numberIn(status, "uptimeS") ?? Number.POSITIVE_INFINITY;
}
