/** Who has logged in: random ids in cookies, forgotten when they are idle, too many, or logged out. */
import type { Clock } from "../core/clock.ts";
import type { Role } from "./roles.ts";
import { fingerprint, newSecret, type RandomBytes } from "./secret-tokens.ts";

export interface Session {
  readonly name: string;
  readonly role: Role;
  readonly csrfToken: string;
  /** Of the token by which it was opened; it ends with that. */
  readonly tokenId: string | undefined;
  /** From where it was opened. */
  readonly address: string;
}

/** For people who look who is logged in. */
export interface SessionView extends Pick<Session, "name" | "role" | "address"> {
  /** Names it and opens nothing. */
  readonly id: string;
  /** Wall clock. */
  readonly sinceMs: number;
  readonly usedMs: number;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

interface Held {
  readonly session: Session;
  readonly openedMs: number;
  usedMs: number;
}

export const idleLimitMs = 12 * 3600 * 1000;
/** However much it is used: a cookie that was stolen is of no use for ever. */
export const lifeLimitMs = 7 * 24 * 3600 * 1000;
const shownIdCharacters = 16;
const maxSessions = 1000;

export class Sessions {
  readonly #options: SessionsOptions;
  /** By the fingerprint of the id, the longest unused first. */
  readonly #held = new Map<string, Held>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#held.size;
  }

  /** The id, which is the secret of the browser. */
  open(who: Omit<Session, "csrfToken">): string {
    const { clock, randomBytes } = this.#options;
    const id = newSecret(randomBytes);
    const session = { ...who, csrfToken: newSecret(randomBytes) };
    const nowMs = clock.nowMs();
    this.#held.set(fingerprint(id), { session, openedMs: nowMs, usedMs: nowMs });
    for (const key of this.#held.keys()) {
      if (this.#held.size <= maxSessions) break;
      this.#held.delete(key);
    }
    return id;
  }

  /** Counts as a use; undefined when there is none, or it was idle for too long. */
  find(id: string): Session | undefined {
    const key = fingerprint(id);
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    this.#held.delete(key);
    if (this.#isOver(held)) return undefined;
    held.usedMs = this.#options.clock.nowMs();
    this.#held.set(key, held);
    return held.session;
  }

  /** Without counting as a use. */
  peek(id: string): Session | undefined {
    const held = this.#held.get(fingerprint(id));
    return held === undefined || this.#isOver(held) ? undefined : held.session;
  }

  /** The latest used first. */
  list(): readonly SessionView[] {
    const { clock } = this.#options;
    const [nowMs, wallMs] = [clock.nowMs(), clock.wallMs()];
    const open = [...this.#held].filter(([, held]) => !this.#isOver(held)).toReversed();
    return open.map(
      ([
        key,
        {
          session: { name, role, address },
          openedMs,
          usedMs,
        },
      ]) => ({
        id: key.slice(0, shownIdCharacters),
        name,
        role,
        address,
        sinceMs: wallMs - (nowMs - openedMs),
        usedMs: wallMs - (nowMs - usedMs),
      }),
    );
  }

  /** As `list` names it. */
  shownId(id: string): string {
    return fingerprint(id).slice(0, shownIdCharacters);
  }

  /** By the id of `list`; false when there is none. */
  end(shownId: string): boolean {
    const key = [...this.#held.keys()].find((one) => one.slice(0, shownIdCharacters) === shownId);
    return key !== undefined && this.#held.delete(key);
  }

  /** All but that one; returns how many. */
  closeOthers(id: string | undefined): number {
    const own = id === undefined ? undefined : fingerprint(id);
    const others = [...this.#held.keys()].filter((key) => key !== own);
    for (const key of others) this.#held.delete(key);
    return others.length;
  }

  close(id: string): void {
    this.#held.delete(fingerprint(id));
  }

  /** All that were opened by that token. */
  closeOf(tokenId: string): void {
    for (const [key, { session }] of this.#held) {
      if (session.tokenId === tokenId) this.#held.delete(key);
    }
  }

  #isOver({ openedMs, usedMs }: Held): boolean {
    const nowMs = this.#options.clock.nowMs();
    return nowMs - usedMs > idleLimitMs || nowMs - openedMs > lifeLimitMs;
  }
}
