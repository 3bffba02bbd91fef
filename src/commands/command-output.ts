/** Standard output of a command whose reader may be slow, or leave before the end. */
import { errnoOf } from "../core/errno.ts";
import { WildfireError } from "../core/errors.ts";

export class CommandOutput {
  /** Resolves when nobody reads any more, as after `| head`; rejects when the disk is full. */
  readonly gone: Promise<void>;
  readonly #stream: NodeJS.WriteStream;
  readonly #onGone: (error: Error) => void;
  #pending = 0;
  #waiters: (() => void)[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.gone = promise;
    // Whoever only writes need not look.
    promise.catch(() => undefined);
    this.#onGone = (error) => {
      const errno = errnoOf(error);
      if (errno === "EPIPE") resolve();
      else
        reject(new WildfireError("state", `cannot write the output: ${errno}`, { cause: error }));
    };
    stream.on("error", this.#onGone);
  }

  /** Characters that the operating system has not taken yet. */
  get pendingCharacters(): number {
    return this.#pending;
  }

  write(text: string): void {
    this.#pending += text.length;
    this.#stream.write(text, (error) => {
      this.#pending -= text.length;
      if (error instanceof Error) this.#onGone(error);
      if (this.#pending === 0) for (const resolve of this.#waiters.splice(0)) resolve();
    });
  }

  /** Resolves when all of it is written; a process that ends earlier cuts it off. */
  async flushed(): Promise<void> {
    if (this.#pending === 0) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }
}
