/**
 * How followers ask for events on a status socket. The first line is `events`, for what comes from now on, or
 * `events since STREAM SEQ`, for all that is kept behind that position as well. From then on the service
 * writes, and the follower may say at any time, also at once behind its question, whether it wants events
 * that pass, such as unfinished texts: `passing off` or `passing on`, a line each. Who says nothing gets
 * them, and services of older versions give them always: both skip what they do not know.
 */
import type { EventPosition } from "./event-stream.ts";

/** Turns a connection into a stream of events; a service that has none describes itself instead. */
export const eventsQuestion: Uint8Array = new TextEncoder().encode("events\n");

/** The same, with all that came behind that position and is still kept first. */
export function eventsSinceQuestion({ stream, seq }: EventPosition): Uint8Array {
  return new TextEncoder().encode(`events since ${stream} ${seq}\n`);
}

export function passingWord(isWanted: boolean): Uint8Array {
  return new TextEncoder().encode(`passing ${isWanted ? "on" : "off"}\n`);
}

export interface AskedEvents {
  readonly since: EventPosition | undefined;
}

const eventsForm = /^events(?: since ([\w.-]{1,64}) (\d{1,15}))?\n/;
/** A follower that says more than this at once says nothing that is known. */
const maxReadBytes = 256;

/** Undefined when something else is asked. */
export function readEventsQuestion(bytes: Uint8Array): AskedEvents | undefined {
  const form = eventsForm.exec(textOf(bytes));
  if (form === null) return undefined;
  const [, stream, seq] = form;
  return { since: stream === undefined ? undefined : { stream, seq: Number(seq) } };
}

/** What was said last of events that pass; undefined when nothing was. */
export function readPassingWord(bytes: Uint8Array): boolean | undefined {
  const words = [...textOf(bytes).matchAll(/^passing (on|off)$/gm)];
  const last = words.at(-1)?.[1];
  return last === undefined ? undefined : last === "on";
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, maxReadBytes));
}
