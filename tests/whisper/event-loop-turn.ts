/** Waiting in tests for what promises do, without waiting for time. */
import { describeError } from "../../src/core/errors.ts";

/** Lets everything run that is ready to: settled promises reach those who wait for them. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** What the promise was rejected with, in one line. */
export function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "nothing failed", describeError);
}
