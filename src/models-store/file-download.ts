/** Downloads one file into a partial one: goes on where it broke off, and hashes while it writes. */
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import type { Clock } from "../core/clock.ts";
import { hideCredentials } from "../config/hidden-credentials.ts";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { readRangeAnswer } from "./model-source.ts";

export interface DownloadOptions {
  readonly url: string;
  /** Kept when the download breaks, so that the next one goes on with it. */
  readonly partialPath: string;
  /** Undefined where nobody told. */
  readonly expectedBytes: number | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly limits?: Partial<DownloadLimits>;
  /** Bytes on disk so far, and of how many; told for each piece. */
  readonly onProgress: (doneBytes: number, totalBytes: number | undefined) => void;
  /** The connection broke, and is tried again. */
  readonly onRetry: (reason: string, delayMs: number) => void;
}

export interface DownloadLimits {
  readonly firstByteMs: number;
  readonly betweenBytesMs: number;
  /** Before each try without any progress; after the last one the download fails. */
  readonly retryDelaysMs: readonly number[];
}

export interface DownloadedFile {
  readonly sha256: string;
  readonly bytes: number;
}

const usualLimits: DownloadLimits = {
  firstByteMs: 30_000,
  betweenBytesMs: 30_000,
  retryDelaysMs: [500, 2000, 5000, 10_000],
};
/** No file of models is larger. */
const maxFileBytes = 20e9;

/** Resolves when all is on disk; rejects with a WildfireError of one line. */
export async function downloadFile(options: DownloadOptions): Promise<DownloadedFile> {
  return await new Download(options).run();
}

/** Asking again would bring the same. */
class FinalFailure extends WildfireError {}

class Download {
  readonly #options: DownloadOptions;
  readonly #limits: DownloadLimits;
  #hash = new Bun.CryptoHasher("sha256");
  #doneBytes = 0;
  #totalBytes: number | undefined;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#limits = { ...usualLimits, ...options.limits };
    this.#totalBytes = options.expectedBytes;
  }

  async run(): Promise<DownloadedFile> {
    const file = await openPartial(this.#options.partialPath);
    try {
      await this.#hashWhatIsThere(file);
      await this.#tryUntilDone(file);
      await file.sync();
    } finally {
      await file.close();
      if (this.#doneBytes === 0) await discardPartial(this.#options.partialPath);
    }
    return { sha256: this.#hash.digest("hex"), bytes: this.#doneBytes };
  }

  async #hashWhatIsThere(file: FileHandle): Promise<void> {
    const piece = new Uint8Array(1 << 20);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length, this.#doneBytes);
      if (bytesRead === 0) return;
      this.#hash.update(piece.subarray(0, bytesRead));
      this.#doneBytes += bytesRead;
      this.#options.signal.throwIfAborted();
    }
  }

  async #tryUntilDone(file: FileHandle): Promise<void> {
    let failures = 0;
    for (;;) {
      const before = this.#doneBytes;
      try {
        await this.#fetchRest(file);
        return;
      } catch (error) {
        if (this.#options.signal.aborted) throw stopped();
        if (error instanceof FinalFailure) throw error;
        failures = this.#doneBytes > before ? 0 : failures;
        // A name that nobody knows now will not be known in a second.
        const isHopeless = errnoOf(error) === "ENOTFOUND" && failures === 0;
        const delayMs = isHopeless ? undefined : this.#limits.retryDelaysMs[failures];
        if (delayMs === undefined) throw unreachable(this.#options.url, error);
        failures += 1;
        this.#options.onRetry(describeError(error), delayMs);
        await this.#pause(delayMs);
      }
    }
  }

  async #fetchRest(file: FileHandle): Promise<void> {
    const watch = new StallWatch(this.#options.clock, this.#options.signal);
    watch.expect(this.#limits.firstByteMs);
    try {
      const response = await fetch(this.#options.url, {
        headers: { "Accept-Encoding": "identity", ...this.#rangeHeader() },
        // A connection that stays open would keep the command from ending.
        keepalive: false,
        signal: watch.signal,
      });
      const isMore = await this.#begin(response, file);
      if (isMore) await this.#take(response, file, watch);
    } catch (error) {
      throw watch.isStalled ? new WildfireError("timeout", "no data came any more") : error;
    } finally {
      watch.close();
    }
    if (this.#totalBytes !== undefined && this.#doneBytes < this.#totalBytes) {
      throw new WildfireError(
        "socket",
        `it ended at ${this.#doneBytes} of ${this.#totalBytes} bytes`,
      );
    }
  }

  #rangeHeader(): Readonly<Record<string, string>> {
    return this.#doneBytes === 0 ? {} : { Range: `bytes=${this.#doneBytes}-` };
  }

  /** False when nothing is left to be fetched. */
  async #begin(response: Response, file: FileHandle): Promise<boolean> {
    const { status, headers } = response;
    const head = {
      status,
      contentRange: headers.get("content-range"),
      contentLength: headers.get("content-length"),
    };
    const answer = readRangeAnswer(head, this.#doneBytes);
    if (answer.kind === "refused") {
      await response.body?.cancel();
      throw refusal(this.#options.url, response);
    }
    this.#requireSize(answer.totalBytes);
    if (answer.kind === "nothing-left") {
      await response.body?.cancel();
      if (this.#doneBytes === this.#totalBytes) return false;
      await this.#startOver(file);
      throw new WildfireError("socket", "what was there is not part of this file");
    }
    if (answer.offset === 0 && this.#doneBytes > 0) await this.#startOver(file);
    return true;
  }

  #requireSize(totalBytes: number | undefined): void {
    if (totalBytes === undefined) return;
    const { expectedBytes, url } = this.#options;
    const wrong = expectedBytes !== undefined && expectedBytes !== totalBytes;
    if (!wrong && totalBytes <= maxFileBytes) {
      this.#totalBytes = totalBytes;
      return;
    }
    const told = wrong ? ` instead of ${expectedBytes}` : "";
    throw new FinalFailure("model", `${shownUrl(url)} has ${totalBytes} bytes${told}`, {
      hint: "the server holds another file: try another mirror",
    });
  }

  async #startOver(file: FileHandle): Promise<void> {
    await file.truncate(0);
    this.#hash = new Bun.CryptoHasher("sha256");
    this.#doneBytes = 0;
  }

  async #take(response: Response, file: FileHandle, watch: StallWatch): Promise<void> {
    const { onProgress } = this.#options;
    onProgress(this.#doneBytes, this.#totalBytes);
    const body: ReadableStream<Uint8Array> | null = response.body;
    if (body === null) return;
    for await (const bytes of body) {
      watch.expect(this.#limits.betweenBytesMs);
      this.#requireRoom(bytes.length);
      await writeAll(file, bytes, this.#doneBytes);
      this.#hash.update(bytes);
      this.#doneBytes += bytes.length;
      onProgress(this.#doneBytes, this.#totalBytes);
    }
  }

  #requireRoom(bytes: number): void {
    const most = this.#totalBytes ?? maxFileBytes;
    if (this.#doneBytes + bytes <= most) return;
    throw new FinalFailure("model", `${shownUrl(this.#options.url)} goes on behind ${most} bytes`, {
      hint: "the server holds another file: try another mirror",
    });
  }

  async #pause(delayMs: number): Promise<void> {
    const { clock, signal } = this.#options;
    const over = Promise.withResolvers<void>();
    const timer = clock.after(delayMs, () => over.resolve());
    const stop = (): void => over.resolve();
    signal.addEventListener("abort", stop, { once: true });
    await over.promise;
    signal.removeEventListener("abort", stop);
    timer.cancel();
    if (signal.aborted) throw stopped();
  }
}

/** Ends a request that stands still. */
class StallWatch {
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #stall = new AbortController();
  #timer: ReturnType<Clock["after"]> | undefined;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.signal = AbortSignal.any([signal, this.#stall.signal]);
  }

  get isStalled(): boolean {
    return this.#stall.signal.aborted;
  }

  /** Something must come within that time from now. */
  expect(limitMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(limitMs, () => this.#stall.abort());
  }

  close(): void {
    this.#timer?.cancel();
  }
}

async function openPartial(path: string): Promise<FileHandle> {
  try {
    // Unlike "a+", which cannot write where a file is to begin anew.
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    return await open(path, isThere ? "r+" : "wx+", 0o644);
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  try {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await file.write(
        bytes,
        written,
        bytes.length - written,
        at + written,
      );
      written += bytesWritten;
    }
  } catch (error) {
    const errno = formatErrno(errnoOf(error));
    const hint = "make room on the disk, then say it again: it goes on where it was";
    throw new FinalFailure("state", `the model cannot be written: ${errno}`, {
      cause: error,
      hint,
    });
  }
}

/** For whoever knows that what is there is worth nothing. */
export async function discardPartial(path: string): Promise<void> {
  await rm(path, { force: true });
}

export function unwritable(path: string, error: unknown): WildfireError {
  const errno = formatErrno(errnoOf(error));
  return new WildfireError("state", `${quote(path, 200)} cannot be written: ${errno}`, {
    cause: error,
    hint: "choose a folder of yours with --models-dir, or use sudo",
  });
}

function stopped(): WildfireError {
  return new WildfireError("state", "the download was stopped", {
    hint: "say it again: it goes on where it was",
  });
}

/** A mirror may have a password in its address. */
function shownUrl(url: string): string {
  return quote(hideCredentials(url), 200);
}

function refusal(url: string, { status, statusText }: Response): WildfireError {
  const message = `${shownUrl(url)} answers ${status} ${statusText}`.trim();
  // 408, 429 and the 5xx pass by themselves.
  if (status >= 500 || status === 408 || status === 429) {
    return new WildfireError("socket", message);
  }
  const hint =
    status === 404
      ? "this server does not have it: check --mirror"
      : "check --mirror, or whether the server wants a login";
  return new FinalFailure("socket", message, { hint });
}

function unreachable(url: string, error: unknown): WildfireError {
  const place = URL.parse(url)?.host ?? url;
  const why = describeError(error);
  return new WildfireError("socket", `${place} gives no model: ${why}`, {
    cause: error,
    hint:
      "without a way into the internet use --mirror or a proxy (HTTPS_PROXY), or copy the file here " +
      "from another machine and name it with --model",
  });
}
