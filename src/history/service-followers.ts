/** Follows the events of all services at once: each goes into the history, and to whoever shows it. */
import type { Clock } from "../core/clock.ts";
import type { WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { EventFollower, fromTheBeginning, parseObject } from "../services/event-follower.ts";
import type { EventPosition } from "../services/event-stream.ts";
import { type EventFields, numberOf } from "./event-fields.ts";
import type { StreamEvent } from "./event-applier.ts";

/** A history recorder, or nobody. */
export interface EventTaker {
  take(event: StreamEvent): void;
  since(service: string, pid: number): EventPosition | undefined;
}

export interface ServiceFollowersOptions {
  readonly stateFolder: string;
  readonly services: readonly string[];
  readonly taker: EventTaker;
  /** As in `EventFollowerOptions`. */
  readonly passing?: boolean;
  /** Every event, also what is not kept; `line` is the same as the service wrote it. */
  readonly onEvent?: (service: string, pid: number, fields: EventFields, line: string) => void;
  readonly onJoined?: (service: string, pid: number) => void;
  readonly onLeft?: (service: string, pid: number) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ServiceFollowers {
  readonly #options: ServiceFollowersOptions;
  readonly #followers: EventFollower[];
  readonly #joined = new Set<string>();
  readonly #refused = new Set<string>();

  constructor(options: ServiceFollowersOptions) {
    this.#options = options;
    this.#followers = options.services.map((service) => this.#follow(service));
  }

  /** For `HistoryRecorderOptions.isRunning`. */
  isJoined(service: string, pid: number): boolean {
    return this.#joined.has(`${service}/${pid}`);
  }

  /** Whether somebody watches what callers are saying just now. */
  wantPassing(isWanted: boolean): void {
    for (const follower of this.#followers) follower.wantPassing(isWanted);
  }

  close(): void {
    for (const follower of this.#followers) follower.close();
    this.#joined.clear();
  }

  #follow(service: string): EventFollower {
    const { stateFolder, clock, taker, passing = true } = this.#options;
    return new EventFollower({
      stateFolder,
      service,
      clock,
      passing,
      since: (pid) => taker.since(service, pid) ?? fromTheBeginning,
      onJoined: (pid) => {
        this.#joined.add(`${service}/${pid}`);
        this.#refused.delete(service);
        this.#options.onJoined?.(service, pid);
      },
      onLeft: (pid) => {
        this.#joined.delete(`${service}/${pid}`);
        this.#options.onLeft?.(service, pid);
      },
      onLine: (pid, line, position) => this.#line({ service, pid, line, position }),
      onRefused: (error) => this.#refuse(service, error),
    });
  }

  #line({ service, pid, line, position }: FollowedLine): void {
    const { taker, onEvent, log } = this.#options;
    const fields = parseObject(line);
    if (fields === undefined || fields["kind"] === "listening") return;
    if (fields["kind"] === "missed") {
      const count = numberOf(fields, "count") ?? 0;
      log.warn("events of a service were gone before they were read", { of: service, pid, count });
    }
    if (position !== undefined) taker.take({ service, pid, ...position, fields });
    onEvent?.(service, pid, fields, line);
  }

  /** It is tried again twice a second. */
  #refuse(service: string, error: WildfireError): void {
    if (this.#refused.has(service)) return;
    this.#refused.add(service);
    this.#options.log.warn("a service cannot be listened to", {
      of: service,
      reason: error.summary,
    });
  }
}

interface FollowedLine {
  readonly service: string;
  readonly pid: number;
  readonly line: string;
  readonly position: EventPosition | undefined;
}
