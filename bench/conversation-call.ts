/** One telephone call of the conversation benches: its line, and what the services tell of it. */
import { describeError } from "../src/core/errors.ts";
import { until } from "./agent-ear.ts";
import type { CallerLine } from "./caller-line.ts";
import type { PbxCall } from "./pbx-call.ts";

export interface ServiceEvent {
  readonly service: string;
  readonly kind: string;
  /** When the bench read it, by performance.now(). */
  readonly atMs: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class ConversationCall {
  readonly callId: string;
  /** Oldest first. */
  readonly events: ServiceEvent[] = [];
  #pbxCall: PbxCall | undefined;
  #line: CallerLine | undefined;

  constructor(callId: string) {
    this.callId = callId;
  }

  attach(pbxCall: PbxCall, line: CallerLine): void {
    this.#pbxCall = pbxCall;
    this.#line = line;
  }

  get line(): CallerLine {
    if (this.#line === undefined) throw new Error("the call has no line yet");
    return this.#line;
  }

  /** When the PBX knew that the call was answered, by performance.now(). */
  get upAtMs(): number {
    return this.#pbxCall?.upAtMs ?? Number.NaN;
  }

  /** Events of a kind so far, behind the first `skip` of them. */
  told(kind: string, skip = 0): readonly ServiceEvent[] {
    return this.events.filter((event) => event.kind === kind).slice(skip);
  }

  /** The event number `index`, from 0, of a kind. */
  async event(kind: string, index: number, limitMs: number): Promise<ServiceEvent> {
    return await until(limitMs, `the event ${kind} of call ${this.callId}`, () =>
      this.told(kind).at(index),
    );
  }

  /** The last events, for the message of a failure. */
  explain(): string {
    return this.events
      .slice(-12)
      .map(({ atMs, fields }) => `${atMs.toFixed(0)} ${JSON.stringify(fields).slice(0, 160)}`)
      .join("\n");
  }

  /** Resolves to what `act` does; a failure is explained by the last events. */
  async explaining<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw new Error(`${describeError(error)}; call ${this.callId}:\n${this.explain()}`, {
        cause: error,
      });
    }
  }

  async hangUp(): Promise<void> {
    this.#pbxCall?.hangUp();
    await this.#pbxCall?.ended;
  }
}

/** 0 for what is not there. */
export function figureOf({ fields }: ServiceEvent, name: string): number {
  const value = fields[name];
  return typeof value === "number" ? value : 0;
}
