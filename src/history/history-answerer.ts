/** Answers questions about the history from its file, also when another file has taken its place. */
import { statSync } from "node:fs";
import { exportCall } from "./export-call.ts";
import { listPiece } from "./export-list.ts";
import type { HistoryAnswer, HistoryQuestion } from "./history-messages.ts";
import { HistoryReader } from "./history-reader.ts";

export class HistoryAnswerer {
  readonly #path: string;
  #reader: HistoryReader | undefined;
  #inode = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws what the disk or SQLite says; the next question is tried with the file as it is then. */
  answer(question: HistoryQuestion): HistoryAnswer {
    try {
      return answerFrom(this.#current(), question);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  #current(): HistoryReader {
    const { ino } = statSync(this.#path);
    if (ino !== this.#inode) this.close();
    this.#inode = ino;
    this.#reader ??= HistoryReader.open(this.#path);
    return this.#reader;
  }
}

function answerFrom(reader: HistoryReader, question: HistoryQuestion): HistoryAnswer {
  switch (question.kind) {
    case "page":
      return { kind: "page", page: reader.page(question.query) };
    case "call":
      return { kind: "call", call: reader.call(question.which) };
    case "export": {
      const call = reader.call(question.which);
      const file = call === undefined ? undefined : exportCall(call, question.format);
      return { kind: "export", file };
    }
    case "list":
      return { kind: "list", piece: listPiece(reader, question.query) };
    case "lines":
      return { kind: "lines", lines: reader.lines() };
    case "checkpoint":
      reader.checkpoint();
      return { kind: "checkpoint" };
  }
}
