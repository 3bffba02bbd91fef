/** The engine under the four machines of section 17: a table says what happens, this makes it so. */
import type { Clock, Timer } from "../../../core/clock.ts";

export interface Step<Next, Action> {
  readonly next: Next;
  readonly actions: readonly Action[];
}

/** `ignored` may happen and means nothing; `impossible` is a timer that does not run in that state. */
export type Cell<State, Action> = Step<State | "terminated", Action> | "ignored" | "impossible";

/** All but `terminated`, in which nothing happens any more. */
export interface MachineTable<
  State extends string,
  Input extends string,
  Action extends string,
  TimerName extends string,
> {
  readonly initial: State;
  readonly cells: Readonly<
    Record<State, Readonly<Record<Input | `timer${TimerName}`, Cell<State, Action>>>>
  >;
  /**
   * A timer starts when a state that lists it is entered, keeps running while states list it, and
   * starts again when it ran out and the next state still lists it.
   */
  readonly timers: Readonly<Record<State, readonly TimerName[]>>;
  /** Undefined: not needed on this flow. 0: it runs out at once. */
  timerMs(timer: TimerName, situation: TimerSituation<State>): number | undefined;
}

export interface TimerSituation<State> {
  readonly state: State;
  /** How often it ran out before. */
  readonly fired: number;
  readonly isReliable: boolean;
}

export interface MachineOptions<Action, Context> {
  readonly clock: Clock;
  readonly isReliable: boolean;
  /** `context` is what came with the input; timers bring none. */
  readonly perform: (action: Action, context: Context | undefined) => void;
  /** Comes before the actions of the last step, so that they find the transaction gone. */
  readonly onTerminated: () => void;
}

export function to<Next extends string, Action extends string = never>(
  next: Next,
  ...actions: Action[]
): Step<Next, Action> {
  return { next, actions };
}

/** What runners need of a machine, whichever table it has. */
export interface Machine<Input extends string, Context> {
  readonly isTerminated: boolean;
  start(): void;
  dispatch(input: Input, context?: Context): void;
  /** Ends it at once: no timer is left and no action is performed. */
  stop(): void;
}

export class TransactionMachine<
  State extends string,
  Input extends string,
  Action extends string,
  TimerName extends string,
  Context,
> implements Machine<Input, Context> {
  readonly #table: MachineTable<State, Input, Action, TimerName>;
  readonly #options: MachineOptions<Action, Context>;
  readonly #running = new Map<TimerName, Timer>();
  readonly #fired = new Map<TimerName, number>();
  /** What actions cause waits until their step is complete. */
  readonly #queue: { input: Input | `timer${TimerName}`; context: Context | undefined }[] = [];
  #state: State | "terminated";
  #isStepping = false;

  constructor(
    table: MachineTable<State, Input, Action, TimerName>,
    options: MachineOptions<Action, Context>,
  ) {
    this.#table = table;
    this.#options = options;
    this.#state = table.initial;
  }

  get isTerminated(): boolean {
    return this.#state === "terminated";
  }

  start(): void {
    this.#setTimers(this.#table.initial);
  }

  dispatch(input: Input, context?: Context): void {
    this.#queue.push({ input, context });
    this.#runQueue();
  }

  stop(): void {
    if (this.#state === "terminated") return;
    this.#terminate();
  }

  #runQueue(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) {
        this.#step(entry.input, entry.context);
      }
    } finally {
      this.#isStepping = false;
    }
  }

  #step(input: Input | `timer${TimerName}`, context: Context | undefined): void {
    if (this.#state === "terminated") return;
    const cell = this.#table.cells[this.#state][input];
    if (cell === "ignored" || cell === "impossible") return;
    if (cell.next === "terminated") {
      this.#terminate();
    } else {
      this.#state = cell.next;
      this.#setTimers(cell.next);
    }
    for (const action of cell.actions) this.#options.perform(action, context);
  }

  #terminate(): void {
    this.#state = "terminated";
    for (const timer of this.#running.values()) timer.cancel();
    this.#running.clear();
    this.#queue.length = 0;
    this.#options.onTerminated();
  }

  #setTimers(state: State): void {
    const wanted = this.#table.timers[state];
    for (const [name, timer] of this.#running) {
      if (wanted.includes(name)) continue;
      timer.cancel();
      this.#running.delete(name);
    }
    for (const name of wanted) {
      if (!this.#running.has(name)) this.#startTimer(name, state);
    }
  }

  #startTimer(name: TimerName, state: State): void {
    const fired = this.#fired.get(name) ?? 0;
    const { clock, isReliable } = this.#options;
    const delayMs = this.#table.timerMs(name, { state, fired, isReliable });
    if (delayMs === undefined) return;
    const input = `timer${name}` as const;
    if (delayMs === 0) {
      this.#queue.push({ input, context: undefined });
      return;
    }
    const timer = clock.after(delayMs, () => {
      this.#running.delete(name);
      this.#fired.set(name, fired + 1);
      this.#queue.push({ input, context: undefined });
      this.#runQueue();
    });
    this.#running.set(name, timer);
  }
}
