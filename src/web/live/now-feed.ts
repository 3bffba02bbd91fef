/** Keeps the pages "Now" up to date: each gets what differs from what it has, some times a second at most. */
import type { Clock, Timer } from "../../core/clock.ts";
import {
  type Fragment,
  nowFragments,
  type NowFragments,
  type NowView,
  orderOf,
} from "../pages/now-page.ts";
import type { EventWriter } from "./event-response.ts";

export interface NowFeedOptions {
  readonly clock: Clock;
  readonly view: (canSteer: boolean) => NowView;
  /** Another number of pages is open now. */
  readonly onWatchers?: () => void;
}

interface Watcher {
  readonly canSteer: boolean;
  readonly writer: EventWriter;
  /** What it has, by the id of the fragment or the name of the region. */
  readonly has: Map<string, string>;
}

/** Words come faster than anybody reads. */
const renewMs = 120;

export class NowFeed {
  readonly #options: NowFeedOptions;
  readonly #watchers = new Set<Watcher>();
  #timer: Timer | undefined;

  constructor(options: NowFeedOptions) {
    this.#options = options;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Something looks different now. */
  changed(): void {
    if (this.#watchers.size === 0) return;
    this.#timer ??= this.#options.clock.after(renewMs, () => this.#renew());
  }

  /** Everything first, since the page was made a moment ago; returns what ends it. */
  watch(writer: EventWriter, canSteer: boolean): () => void {
    const watcher = { canSteer, writer, has: new Map<string, string>() };
    const { view, onWatchers } = this.#options;
    this.#watchers.add(watcher);
    onWatchers?.();
    bringUpToDate(watcher, nowFragments(view(canSteer)));
    return () => {
      this.#watchers.delete(watcher);
      onWatchers?.();
    };
  }

  close(): void {
    this.#timer?.cancel();
    this.#watchers.clear();
  }

  #renew(): void {
    this.#timer = undefined;
    const made = new Map<boolean, NowFragments>();
    for (const watcher of this.#watchers) {
      const { canSteer } = watcher;
      const fragments = made.get(canSteer) ?? nowFragments(this.#options.view(canSteer));
      made.set(canSteer, fragments);
      bringUpToDate(watcher, fragments);
    }
  }
}

function bringUpToDate(watcher: Watcher, { summary, services, calls }: NowFragments): void {
  arrange(watcher, "services", services);
  arrange(watcher, "calls", calls);
  const current = [summary, ...services, ...calls];
  for (const { id, html } of current) {
    if (watcher.has.get(id) === html.text) continue;
    watcher.has.set(id, html.text);
    watcher.writer.send({ name: "fragment", data: JSON.stringify({ id, html: html.text }) });
  }
  forgetOthers(watcher, current);
}

function arrange({ has, writer }: Watcher, region: string, fragments: readonly Fragment[]): void {
  const order = orderOf(fragments);
  if (has.get(region) === order) return;
  has.set(region, order);
  writer.send({
    name: "order",
    data: JSON.stringify({ region, ids: fragments.map(({ id }) => id) }),
  });
}

/** Calls end; what is not on the page any more is not remembered. */
function forgetOthers({ has }: Watcher, current: readonly Fragment[]): void {
  const kept = new Set(["services", "calls", ...current.map(({ id }) => id)]);
  for (const id of has.keys()) {
    if (!kept.has(id)) has.delete(id);
  }
}
