/** The call ids that we allocate: even ones, so that no port of one call is that of another. */
import { callIdOf, type CallId } from "./call-id.ts";

const lowest = 2;
const highest = 998;
const step = 2;

/** Hands out the id that has been free for the longest time: what a call left behind has time to go. */
export class CallIdPool {
  readonly #free: CallId[] = [];
  readonly #taken = new Set<CallId>();

  constructor() {
    for (let number = lowest; number <= highest; number += step) this.#free.push(callIdOf(number));
  }

  /** Undefined when all are in use. */
  take(): CallId | undefined {
    const callId = this.#free.shift();
    if (callId !== undefined) this.#taken.add(callId);
    return callId;
  }

  /** An id that was not taken, or was given back before, is left alone. */
  give(callId: CallId): void {
    if (this.#taken.delete(callId)) this.#free.push(callId);
  }

  get free(): number {
    return this.#free.length;
  }
}
