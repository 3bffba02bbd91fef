/**
 * Where the history is asked: a thread of its own searches it, since a search in a hundred thousand calls
 * takes some tens of milliseconds, and brings what was written into the file, which waits for the disk.
 */
import type { Clock, Timer } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import type { CallRecord } from "./call-record.ts";
import type { ExportedCall, ExportFormat } from "./export-call.ts";
import type { ListPiece, ListQuery } from "./export-list.ts";
import type {
  FromHistoryWorker,
  HistoryAnswer,
  HistoryQuestion,
  ToHistoryWorker,
} from "./history-messages.ts";
import type { CallPage, CallPageQuery } from "./history-reader.ts";

export interface HistoryDeskOptions {
  readonly workerUrl: URL;
  readonly path: string;
  readonly clock: Clock;
}

interface Asked {
  readonly deadline: Timer;
  readonly resolve: (answer: HistoryAnswer) => void;
  readonly reject: (error: WildfireError) => void;
}

/** The slowest search is a hundred times faster; a disk may be slow. */
const answerLimitMs = 10_000;
const checkpointMs = 5000;
/** More than people ask at a time. */
const maxAsked = 100;

export class HistoryDesk {
  readonly #options: HistoryDeskOptions;
  readonly #asked = new Map<number, Asked>();
  readonly #checkpoints: Timer;
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(options: HistoryDeskOptions) {
    this.#options = options;
    this.#checkpoints = options.clock.every(checkpointMs, () => {
      // Where there is no file yet there is nothing to bring into it.
      this.#ask({ kind: "checkpoint" }).catch(() => undefined);
    });
  }

  /** Like the other questions it rejects with a WildfireError when the history cannot be read. */
  async page(query: CallPageQuery): Promise<CallPage> {
    const answer = await this.#ask({ kind: "page", query });
    return answer.kind === "page" ? answer.page : failed(answer);
  }

  /** By its key or its row; undefined when there is no such call. */
  async call(which: string | number): Promise<CallRecord | undefined> {
    const answer = await this.#ask({ kind: "call", which });
    return answer.kind === "call" ? answer.call : failed(answer);
  }

  async export(which: string | number, format: ExportFormat): Promise<ExportedCall | undefined> {
    const answer = await this.#ask({ kind: "export", which, format });
    return answer.kind === "export" ? answer.file : failed(answer);
  }

  /** One piece of the export of many calls. */
  async list(query: ListQuery): Promise<ListPiece> {
    const answer = await this.#ask({ kind: "list", query });
    return answer.kind === "list" ? answer.piece : failed(answer);
  }

  /** Lines that there are calls of. */
  async lines(): Promise<readonly string[]> {
    const answer = await this.#ask({ kind: "lines" });
    return answer.kind === "lines" ? answer.lines : failed(answer);
  }

  close(): void {
    this.#isClosed = true;
    this.#checkpoints.cancel();
    this.#end(new WildfireError("state", "the history is closed"));
  }

  async #ask(question: HistoryQuestion): Promise<HistoryAnswer> {
    if (this.#isClosed) throw new WildfireError("state", "the history is closed");
    if (this.#asked.size >= maxAsked) {
      throw new WildfireError("state", `the history is asked ${maxAsked} questions already`, {
        hint: "try again in a moment",
      });
    }
    const worker = (this.#worker ??= this.#open());
    const { promise, resolve, reject } = Promise.withResolvers<HistoryAnswer>();
    this.#lastId += 1;
    const deadline = this.#options.clock.after(answerLimitMs, () => this.#giveUp());
    this.#asked.set(this.#lastId, { deadline, resolve, reject });
    const message: ToHistoryWorker = { kind: "ask", id: this.#lastId, question };
    worker.postMessage(message, []);
    return await promise;
  }

  #open(): Worker {
    const { workerUrl, path } = this.#options;
    const worker = new Worker(workerUrl, { name: "wf-history" });
    worker.addEventListener("message", ({ data }: MessageEvent<FromHistoryWorker>) => {
      const asked = this.#asked.get(data.id);
      this.#asked.delete(data.id);
      asked?.deadline.cancel();
      asked?.resolve(data.answer);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (worker !== this.#worker) return;
      this.#end(new WildfireError("state", `the reader of the history broke: ${event.message}`));
    });
    const message: ToHistoryWorker = { kind: "open", path };
    worker.postMessage(message, []);
    return worker;
  }

  #giveUp(): void {
    const message = `the history did not answer within ${answerLimitMs / 1000} s`;
    this.#end(
      new WildfireError("timeout", message, { hint: "see whether its disk is overloaded" }),
    );
  }

  /** The next question gets a new thread. */
  #end(reason: WildfireError): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { deadline, reject } of asked) {
      deadline.cancel();
      reject(reason);
    }
  }
}

function failed(answer: HistoryAnswer): never {
  const reason = answer.kind === "failed" ? answer.message : `an answer about ${answer.kind} came`;
  throw new WildfireError("state", `the history cannot be read: ${reason}`, {
    hint: "see in the log of the web service why it is not written",
  });
}
