/** Who takes the calls of browsers: what the page and its route need of it. */
import type { SocketHandlers } from "./socket-answer.ts";

/** Who calls. */
export interface TalkCaller {
  /** Of the login. */
  readonly name: string;
  /** Whether the login still holds. */
  readonly mayStay: () => boolean;
}

export interface TalkState {
  /** 0: browsers cannot call. */
  readonly maxCalls: number;
  readonly calls: number;
  /** Longest call. */
  readonly limitMs: number;
  /** What keeps a call from being a good one, for people: services that are not ready. */
  readonly notes: readonly string[];
}

export interface TalkDesk {
  /** Asks the services how they are. */
  state(): Promise<TalkState>;
  /** A call, as soon as the connection is open. */
  take(caller: TalkCaller): SocketHandlers;
}
