/**
 * Tells systemd how the supervisor does. Its socket takes datagrams, which Bun cannot send to a path, so
 * the words go through systemd's own `systemd-notify`; the unit needs NotifyAccess=all for that.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of systemd-notify, if there is one. */
  readonly program: string | undefined;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const programLimitMs = 5000;
/** For services to stop in order, group after group, behind the last call. */
const orderlyStopMs = 60_000;

export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #isWanted: boolean;
  #watchdog: Timer | undefined;
  #last: Promise<void> = Promise.resolve();
  #isBusy = false;

  constructor(options: ServiceManagerOptions) {
    const { env, program, log } = options;
    this.#options = options;
    const isAsked = (env["NOTIFY_SOCKET"] ?? "") !== "";
    this.#isWanted = isAsked && program !== undefined;
    if (isAsked && program === undefined) {
      log.warn("systemd waits to be told that we are ready, but systemd-notify is not installed", {
        hint: "install systemd's tools, or use Type=exec and no WatchdogSec= in the unit",
      });
    }
  }

  /** Everything that is to run was started; from now on the watchdog is fed. */
  ready(): void {
    this.#say("READY=1");
    const intervalMs = this.#watchdogMs();
    if (intervalMs === undefined || this.#watchdog !== undefined) return;
    this.#watchdog = this.#options.clock.every(intervalMs, () => {
      if (!this.#isBusy) this.#say("WATCHDOG=1");
    });
  }

  /** Calls get `drainLimitMs` to end, so that systemd must wait as well; resolves when it is said. */
  async stopping(drainLimitMs: number): Promise<void> {
    this.#watchdog?.cancel();
    const stopUsec = (drainLimitMs + orderlyStopMs) * 1000;
    this.#say("STOPPING=1", `EXTEND_TIMEOUT_USEC=${stopUsec}`);
    await this.#last;
  }

  /** Half of the time after which systemd would end us. */
  #watchdogMs(): number | undefined {
    const { env, pid } = this.#options;
    const owner = env["WATCHDOG_PID"];
    if (owner !== undefined && owner !== String(pid)) return undefined;
    const microseconds = Number(env["WATCHDOG_USEC"]);
    return microseconds > 0 ? microseconds / 2000 : undefined;
  }

  #say(...words: readonly string[]): void {
    if (this.#isWanted) this.#last = this.#last.then(() => this.#run(words));
  }

  async #run(words: readonly string[]): Promise<void> {
    const { program, env, log } = this.#options;
    if (program === undefined) return;
    const told = words.join(" ");
    this.#isBusy = true;
    try {
      const run = Bun.spawn([program, ...words], {
        stdin: "ignore",
        stdout: "ignore",
        stderr: "ignore",
        timeout: programLimitMs,
        env: { ...env },
      });
      const code = await run.exited;
      if (code !== 0) log.warn("systemd was not told", { words: told, code });
    } catch (error) {
      log.warn("systemd was not told", { words: told, reason: String(error) });
    } finally {
      this.#isBusy = false;
    }
  }
}
