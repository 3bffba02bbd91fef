/** The AudioSocket service with a clock whose timers can be counted, and what its voice replies. */
import { readOptions } from "../../src/config/options.ts";
import { type Clock, systemClock, type Timer } from "../../src/core/clock.ts";
import { audiosocketService } from "../../src/services/audiosocket.ts";
import type { RunningService } from "../../src/services/service.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";

/** The system's clock, whose open timers can be counted. */
class CountingClock implements Clock {
  readonly open = new Set<object>();

  nowMs(): number {
    return systemClock.nowMs();
  }

  wallMs(): number {
    return systemClock.wallMs();
  }

  after(delayMs: number, action: () => void): Timer {
    const timer = systemClock.after(delayMs, () => {
      this.open.delete(timer);
      action();
    });
    return this.#keep(timer);
  }

  every(intervalMs: number, action: () => void): Timer {
    return this.#keep(systemClock.every(intervalMs, action));
  }

  #keep(timer: Timer): Timer {
    this.open.add(timer);
    return {
      cancel: () => {
        this.open.delete(timer);
        timer.cancel();
      },
    };
  }
}

export class ServiceUnderTest implements AsyncDisposable {
  readonly clock = new CountingClock();
  readonly printed: string[] = [];
  readonly #memory = createMemoryLog(this.clock);
  #service: RunningService | undefined;

  static async start(whisperPort: number, ...argv: readonly string[]): Promise<ServiceUnderTest> {
    const started = new ServiceUnderTest();
    const values = readOptions(audiosocketService.options, {
      argv: ["--listen", "127.0.0.1:0", "--whisper-port", String(whisperPort), ...argv],
      env: {},
      command: "audiosocket",
    });
    started.#service = await audiosocketService.start(values, {
      clock: started.clock,
      log: started.#memory.log,
      stateFolder: "/nonexistent",
      print: (line) => started.printed.push(line),
    });
    return started;
  }

  get status(): Record<string, unknown> {
    return this.#service?.status() ?? {};
  }

  get port(): number {
    return Number(String(this.status["address"]).split(":")[1]);
  }

  get logged(): string {
    return this.#memory.text();
  }

  /** All records, private fields too. */
  get records(): string {
    return JSON.stringify(this.#memory.records);
  }

  count(name: string): number {
    return Number(this.status[name]);
  }

  async counts(name: string, value: number): Promise<void> {
    await until(() => this.count(name) === value, `${name} to be ${value}`);
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** One sample of `reply`. */
export const level = 8192;

export const reply = (ms: number): Float32Array => new Float32Array(8 * ms).fill(level / 32_768);
