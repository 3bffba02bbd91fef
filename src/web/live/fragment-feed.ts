/** Keeps a page's pieces up to date for all who look at it: each gets what differs from what it has. */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Fragment } from "../pages/now-page.ts";
import type { Role } from "../roles.ts";
import type { EventWriter } from "./event-response.ts";

export interface FragmentFeedOptions {
  readonly clock: Clock;
  /** At most that often. */
  readonly renewMs: number;
  /** Looks again without being told, while somebody watches. */
  readonly everyMs: number;
  /** As somebody with that role sees them; when it rejects everything stays as it is. */
  readonly fragments: (role: Role) => Promise<readonly Fragment[]>;
}

interface Watcher {
  readonly role: Role;
  readonly writer: EventWriter;
  /** What it has, by the id of the fragment. */
  readonly has: Map<string, string>;
}

export class FragmentFeed {
  readonly #options: FragmentFeedOptions;
  readonly #watchers = new Set<Watcher>();
  #timer: Timer | undefined;
  #looks: Timer | undefined;
  #isRenewing = false;
  #isStale = false;

  constructor(options: FragmentFeedOptions) {
    this.#options = options;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Something looks different now. */
  changed(): void {
    if (this.#watchers.size === 0) return;
    this.#timer ??= this.#options.clock.after(this.#options.renewMs, () => {
      this.#timer = undefined;
      void this.#renew();
    });
  }

  /** Everything first, since the page was made a moment ago; returns what ends it. */
  watch(writer: EventWriter, role: Role): () => void {
    const watcher = { role, writer, has: new Map<string, string>() };
    this.#watchers.add(watcher);
    this.#looks ??= this.#options.clock.every(this.#options.everyMs, () => this.changed());
    void this.#renew();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.close();
    };
  }

  close(): void {
    this.#timer?.cancel();
    this.#looks?.cancel();
    this.#timer = undefined;
    this.#looks = undefined;
    this.#watchers.clear();
  }

  async #renew(): Promise<void> {
    if (this.#isRenewing) {
      this.#isStale = true;
      return;
    }
    this.#isRenewing = true;
    try {
      await this.#bringUpToDate();
    } catch {
      // Said by whoever asks for the page itself.
    } finally {
      this.#isRenewing = false;
    }
    if (!this.#isStale) return;
    this.#isStale = false;
    this.changed();
  }

  async #bringUpToDate(): Promise<void> {
    const roles = new Set([...this.#watchers].map(({ role }) => role));
    for (const role of roles) {
      const fragments = await this.#options.fragments(role);
      for (const watcher of this.#watchers) if (watcher.role === role) send(watcher, fragments);
    }
  }
}

function send({ has, writer }: Watcher, fragments: readonly Fragment[]): void {
  for (const { id, html } of fragments) {
    if (has.get(id) === html.text) continue;
    has.set(id, html.text);
    writer.send({ name: "fragment", data: JSON.stringify({ id, html: html.text }) });
  }
}
