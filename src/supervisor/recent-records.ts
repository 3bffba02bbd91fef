/** The last records of a service, for the report of its crash. */
import { BoundedQueue } from "../core/bounded-queue.ts";
import { formatRecordText, rawOutputMessage, type ServiceRecord } from "./service-record.ts";

const keptRecords = 20;
const maxLineCharacters = 1000;
const maxReasonCharacters = 300;

export class RecentRecords {
  /** Any field may hold words of callers, so that none is kept. */
  showsPrivate: boolean;
  readonly #lines = new BoundedQueue<string>(keptRecords);
  #lastWords = "";
  #lastError = "";

  constructor(showsPrivate: boolean) {
    this.showsPrivate = showsPrivate;
  }

  add(record: ServiceRecord): void {
    const isRaw = record.message === rawOutputMessage;
    const shown = this.showsPrivate && !isRaw ? { ...record, fields: {} } : record;
    this.#lines.push(formatRecordText(shown).slice(0, maxLineCharacters));
    this.#lastWords = wordsOf(shown);
    if (isRaw || record.level === "error") this.#lastError = this.#lastWords;
  }

  /** Oldest first, as people read them. */
  lines(): readonly string[] {
    const lines: string[] = [];
    for (let left = this.#lines.length; left > 0; left -= 1) {
      const line = this.#lines.shift();
      if (line === undefined) break;
      lines.push(line);
      this.#lines.push(line);
    }
    return lines;
  }

  /** What it said of its end, if anything: the last error, or else the last line. */
  get lastWords(): string {
    return this.#lastError === "" ? this.#lastWords : this.#lastError;
  }
}

function wordsOf({ message, fields }: ServiceRecord): string {
  const { text, reason } = fields;
  const detail = typeof reason === "string" ? `${message}: ${reason}` : message;
  const words = message === rawOutputMessage && typeof text === "string" ? text : detail;
  return words
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, maxReasonCharacters);
}
