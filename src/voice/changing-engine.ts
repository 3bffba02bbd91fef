/** A speech engine in whose place another can be put: what is being spoken is spoken to its end. */
import type { SpeechEngine, SpeechRequest, SpeechSink } from "./engines/engine.ts";

interface Held<Engine> {
  readonly engine: Engine;
  /** Texts that it is speaking. */
  busy: number;
  isReplaced: boolean;
}

export class ChangingEngine<Engine extends SpeechEngine> implements SpeechEngine {
  #held: Held<Engine>;
  /** Those that were replaced and are not free yet. */
  readonly #old = new Set<Held<Engine>>();

  constructor(engine: Engine) {
    this.#held = { engine, busy: 0, isReplaced: false };
  }

  /** The one that speaks what comes. */
  get current(): Engine {
    return this.#held.engine;
  }

  get name(): string {
    return this.current.name;
  }

  get voices(): readonly string[] {
    return this.current.voices;
  }

  /** From the next text on; the one before is closed when it has finished its own. */
  replace(engine: Engine): void {
    const old = this.#held;
    this.#held = { engine, busy: 0, isReplaced: false };
    old.isReplaced = true;
    this.#old.add(old);
    this.#free(old);
  }

  async speak(request: SpeechRequest, sink: SpeechSink, signal: AbortSignal): Promise<void> {
    const held = this.#held;
    held.busy += 1;
    try {
      await held.engine.speak(request, sink, signal);
    } finally {
      held.busy -= 1;
      this.#free(held);
    }
  }

  async close(): Promise<void> {
    const all = [this.#held, ...this.#old];
    this.#old.clear();
    await Promise.all(all.map(({ engine }) => engine.close()));
  }

  #free(held: Held<Engine>): void {
    if (!held.isReplaced || held.busy > 0 || !this.#old.delete(held)) return;
    void held.engine.close();
  }
}
