/**
 * What others are told of one call, behind all that they are told of the call before with the same id:
 * peers know a call by its id only.
 */
import type { CallerSignal } from "./caller-activity-states.ts";
import type { TurnTiming } from "./hearing-events.ts";

/** One call, as its peers are told of it. */
export interface CallTeller {
  /** A caller begins or stops to speak. */
  tell(signal: CallerSignal): void;
  /** A transcript follows. */
  turn(timing: TurnTiming): void;
  /** The call is over. */
  end(): void;
}

export interface CallSignalsOptions {
  /** Tells that the call has begun. */
  readonly open: () => CallTeller;
  /** Resolves when nothing more is told of the earlier call with this id. */
  readonly after: Promise<void>;
}

export class CallSignals implements CallTeller {
  readonly #options: CallSignalsOptions;
  #teller: CallTeller | undefined;
  #isFree = false;
  #hasBegun = false;
  #hasEnded = false;
  /** What the peers would know if they were told already. */
  #untold: CallerSignal | undefined;

  constructor(options: CallSignalsOptions) {
    this.#options = options;
    void options.after.then(() => {
      this.#isFree = true;
      this.#open();
    });
  }

  /** The peer is the right one: from now on this is a call. */
  begin(): void {
    this.#hasBegun = true;
    this.#open();
  }

  tell(signal: CallerSignal): void {
    if (this.#teller !== undefined) this.#teller.tell(signal);
    else this.#untold = signal === "speech" || signal === "pause" ? signal : undefined;
  }

  turn(timing: TurnTiming): void {
    this.#teller?.turn(timing);
  }

  end(): void {
    this.#hasEnded = true;
    this.#teller?.end();
    this.#teller = undefined;
  }

  #open(): void {
    if (!this.#isFree || !this.#hasBegun || this.#hasEnded) return;
    if (this.#teller !== undefined) return;
    this.#teller = this.#options.open();
    if (this.#untold !== undefined) this.#teller.tell(this.#untold);
    this.#untold = undefined;
  }
}
