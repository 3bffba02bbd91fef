/** The calls that are up, from the events of all services, which know a call by an id that comes again. */
import type { Clock } from "../../core/clock.ts";
import { knowsCalls, rankOf, tellsStart } from "../../services/service-ranks.ts";
import { applyCallRule, qualityIn } from "./call-rules.ts";
import { type Fields, objectIn, objectsIn, textIn, timeIn } from "../../services/event-fields.ts";
import { absorb, type LiveCall, type LivePart, newLiveCall } from "./live-call.ts";

export interface LiveCallsOptions {
  readonly clock: Clock;
  /** It looks different now; it may be gone, too. */
  readonly onChange: (call: LiveCall) => void;
}

/** One process of a service. */
export interface ServiceProcess {
  readonly service: string;
  readonly pid: number;
}

/** As many as all telephones may have up; those that have ended make room. */
const maxCalls = 1200;
/** How long one that has ended is still shown. */
const shownAfterEndMs = 15_000;
/** Whisper is told of a call shortly before the telephone says that it is up, and ends later. */
const earlyMs = 2000;
const lateMs = 10_000;
/** What was told so shortly before a status may not be in it. */
const settledMs = 1500;

export class LiveCalls {
  readonly #options: LiveCallsOptions;
  /** By their beginning, the oldest first. */
  readonly #calls = new Map<string, LiveCall>();
  #count = 0;

  constructor(options: LiveCallsOptions) {
    this.#options = options;
  }

  /** Those that are up and those that have just ended, the oldest first. */
  list(): readonly LiveCall[] {
    const nowMs = this.#options.clock.wallMs();
    return [...this.#calls.values()]
      .filter(({ endedMs }) => endedMs === undefined || nowMs - endedMs < shownAfterEndMs)
      .toSorted((one, other) => one.startedMs - other.startedMs);
  }

  get active(): number {
    return [...this.#calls.values()].filter(({ endedMs }) => endedMs === undefined).length;
  }

  /** By its id here, or by the one that services know it by. */
  find(id: string): LiveCall | undefined {
    return this.#calls.get(id) ?? this.list().findLast(({ callId }) => callId === id);
  }

  /** The call that the event is about; undefined when it is about none. */
  take(process: ServiceProcess, fields: Fields): LiveCall | undefined {
    const key = textIn(fields, "key");
    if (key === "" || !knowsCalls(process.service)) return undefined;
    const atMs = timeIn(fields, this.#options.clock.wallMs());
    const callId = textIn(fields, "callId");
    const rank = rankOf(process.service, tellsStart(process.service, textIn(fields, "kind")));
    const { call, part } = this.#partOf({ ...process, key, callId, rank, atMs });
    part.lastMs = Math.max(part.lastMs, atMs);
    if (applyCallRule(process.service, { call, part, fields, atMs })) {
      this.#settle(call, part.lastMs);
      this.#options.onChange(call);
    }
    return call;
  }

  /** What the status of that process says of its calls, for ends that nobody told and calls without events. */
  reconcile(process: ServiceProcess, status: Fields): void {
    const current = currentCalls(status);
    if (process.service === "audiosocket") this.#takeCurrent(process, current);
    const nowMs = this.#options.clock.wallMs();
    for (const call of this.#calls.values()) {
      const part = call.parts.find(
        ({ service, pid }) => service === process.service && pid === process.pid,
      );
      if (part === undefined || call.endedMs !== undefined) continue;
      const entry = current.find(({ names }) => names.includes(part.key) || isNamed(call, names));
      if (entry !== undefined) this.#measure(call, entry.fields);
      else if (nowMs - part.lastMs > settledMs) this.#partEnds(call, part, nowMs);
    }
    this.#forgetEnded();
  }

  /** The process is gone, and what it knew with it. */
  left({ service, pid }: ServiceProcess): void {
    const nowMs = this.#options.clock.wallMs();
    for (const call of this.#calls.values()) {
      const part = call.parts.find((one) => one.service === service && one.pid === pid);
      if (part !== undefined) this.#partEnds(call, part, nowMs);
    }
  }

  #partEnds(call: LiveCall, part: LivePart, atMs: number): void {
    part.isOver = true;
    this.#settle(call, atMs);
    this.#options.onChange(call);
  }

  /** A call ends with the part that knows its end best. */
  #settle(call: LiveCall, atMs: number): void {
    const best = call.parts.toSorted((one, other) => one.rank - other.rank)[0];
    if (call.endedMs !== undefined || best?.isOver !== true) return;
    // A service that starts again knows the call anew.
    if (call.parts.some((part) => part.service === best.service && !part.isOver)) return;
    call.endedMs = atMs;
    call.partial = undefined;
  }

  #measure(call: LiveCall, fields: Fields): void {
    const quality = qualityIn(objectIn(fields, "rtp"));
    if (quality === undefined) return;
    call.quality = quality;
    this.#options.onChange(call);
  }

  #takeCurrent(process: ServiceProcess, current: readonly CurrentCall[]): void {
    const atMs = this.#options.clock.wallMs();
    for (const { fields } of current) {
      const [key, callId] = [textIn(fields, "key"), textIn(fields, "callId")];
      if (key === "" || callId === "") continue;
      const rank = rankOf(process.service, true);
      const { call, part } = this.#partOf({ ...process, key, callId, rank, atMs });
      if (part.lastMs === atMs) this.#options.onChange(call);
    }
  }

  #partOf(sought: SoughtPart): { readonly call: LiveCall; readonly part: LivePart } {
    for (const call of this.#calls.values()) {
      const part = call.parts.find((one) => isPart(one, sought));
      if (part === undefined) continue;
      if (call.callId === "" && sought.callId !== "") this.#name(call, sought.callId);
      return { call, part };
    }
    const call = this.#callFor(sought) ?? this.#begin(sought.atMs);
    const { service, pid, key, rank, atMs, callId } = sought;
    const part = { service, pid, key, rank, lastMs: atMs, isOver: false };
    call.parts.push(part);
    if (callId !== "") this.#name(call, callId);
    return { call, part };
  }

  /** Others may have told of it under this id before the telephone did. */
  #name(call: LiveCall, callId: string): void {
    call.callId = callId;
    for (const other of this.#calls.values()) {
      const isSame = other !== call && other.callId === callId && other.endedMs === undefined;
      if (!isSame || !isNear(call, other.startedMs) || overlap(call, other)) continue;
      absorb(call, other);
      this.#calls.delete(other.id);
      this.#options.onChange(other);
    }
  }

  /** The latest call of that id in which the service has no other one at that time. */
  #callFor({ service, pid, callId, rank, atMs }: SoughtPart): LiveCall | undefined {
    if (callId === "") return undefined;
    const candidates = [...this.#calls.values()].filter(
      (call) =>
        call.callId === callId &&
        isNear(call, atMs) &&
        (isHeldAbove(call, rank) ||
          !call.parts.some((part) => part.service === service && part.pid === pid)) &&
        !call.parts.some((part) => part.service === service && !part.isOver),
    );
    return candidates.toSorted((one, other) => other.startedMs - one.startedMs)[0];
  }

  #begin(atMs: number): LiveCall {
    this.#count += 1;
    const call = newLiveCall(`c${this.#count}`, atMs);
    this.#calls.set(call.id, call);
    if (this.#calls.size > maxCalls) this.#dropOne();
    return call;
  }

  #dropOne(): void {
    const ended = [...this.#calls.values()].find(({ endedMs }) => endedMs !== undefined);
    const [oldest] = this.#calls.values();
    const dropped = ended ?? oldest;
    if (dropped !== undefined) this.#calls.delete(dropped.id);
  }

  /** They are not shown any more; what is told of them late still finds them for a while. */
  #forgetEnded(): void {
    const nowMs = this.#options.clock.wallMs();
    for (const call of this.#calls.values()) {
      if (call.endedMs === undefined || nowMs - call.endedMs < shownAfterEndMs) continue;
      this.#calls.delete(call.id);
      this.#options.onChange(call);
    }
  }
}

interface SoughtPart extends ServiceProcess {
  readonly key: string;
  readonly callId: string;
  readonly rank: number;
  readonly atMs: number;
}

interface CurrentCall {
  /** Key, and the id that services know it by. */
  readonly names: readonly string[];
  readonly fields: Fields;
}

/** Each kind of service lists its calls in its own way. */
function currentCalls(status: Fields): readonly CurrentCall[] {
  const inner = objectIn(status, "calls");
  const lists = [
    objectsIn(status, "current"),
    objectsIn(status, "calls"),
    objectsIn(inner, "up"),
    objectsIn(inner, "open"),
  ];
  return lists.flat().map((fields) => ({
    fields,
    names: ["key", "call", "callId"]
      .map((name) => textIn(fields, name))
      .filter((name) => name !== ""),
  }));
}

/** Sip and whisper tell keys, which are unique; the others ids, of which one is up at a time. */
function isNamed({ callId }: LiveCall, names: readonly string[]): boolean {
  return callId !== "" && names.includes(callId);
}

function isPart(part: LivePart, { service, pid, key }: SoughtPart): boolean {
  return part.service === service && part.pid === pid && part.key === key;
}

function isNear({ startedMs, answeredMs, endedMs }: LiveCall, atMs: number): boolean {
  const isBegun = atMs >= Math.min(startedMs, answeredMs ?? startedMs) - earlyMs;
  return isBegun && atMs <= (endedMs ?? Number.POSITIVE_INFINITY) + lateMs;
}

function overlap(one: LiveCall, other: LiveCall): boolean {
  return one.parts.some(({ service }) => other.parts.some((part) => part.service === service));
}

/** A service that knows better has it still, so that the id cannot be that of another call. */
function isHeldAbove({ parts, endedMs }: LiveCall, rank: number): boolean {
  return endedMs === undefined && parts.some((part) => !part.isOver && part.rank < rank);
}
