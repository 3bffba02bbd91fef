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
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

interface Held {
  readonly session: Session;
  usedMs: number;
}

export const idleLimitMs = 12 * 3600 * 1000;
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
    this.#held.set(fingerprint(id), { session, usedMs: clock.nowMs() });
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
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - held.usedMs > idleLimitMs) return undefined;
    held.usedMs = nowMs;
    this.#held.set(key, held);
    return held.session;
  }

  /** Without counting as a use. */
  isOpen(id: string): boolean {
    const held = this.#held.get(fingerprint(id));
    return held !== undefined && this.#options.clock.nowMs() - held.usedMs <= idleLimitMs;
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
}
