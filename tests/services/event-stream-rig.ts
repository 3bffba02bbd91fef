/** A stream of what whisper hears, and a reader in memory. */
import { expect } from "bun:test";
import { parseObject } from "../../src/services/event-follower.ts";
import { EventStream, type EventStreamOptions } from "../../src/services/event-stream.ts";
import { type CallHearing, describeHearing } from "../../src/services/hearing-record.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

export const call = { callId: "111", key: "111-3" };
export const time = "2026-01-01T00:00:00.000Z";
export const pid = 4711;

export function newStream(
  options: Partial<EventStreamOptions<CallHearing>> = {},
): EventStream<CallHearing> {
  return new EventStream({
    service: "whisper",
    pid,
    clock: new FakeClock(),
    describe: describeHearing,
    isPassing: ({ event }) => event.kind === "partial",
    ...options,
  });
}

/** A reader in memory that takes as much as a test allows. */
export class ScriptedReader {
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  pendingBytes = 0;
  /** How many more writes are taken. */
  room = Number.POSITIVE_INFINITY;

  write(bytes: Uint8Array): boolean {
    if (this.room <= 0) return false;
    this.room -= 1;
    const text = new TextDecoder().decode(bytes);
    expect(text.endsWith("\n")).toBe(true);
    this.lines.push(parseObject(text) ?? {});
    return true;
  }

  get kinds(): unknown[] {
    return this.lines.map(({ kind }) => kind);
  }
}

/** Events that are kept, one a millisecond. */
export function say(stream: EventStream<CallHearing>, count: number): void {
  for (let index = 0; index < count; index += 1) {
    stream.publish({ call, event: { kind: "speech-start", atMs: index } });
  }
}
