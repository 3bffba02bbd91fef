/** What a reader of the history and its worker thread say to each other. */
import type { CallRecord } from "./call-record.ts";
import type { ExportedCall, ExportFormat } from "./export-call.ts";
import type { ListPiece, ListQuery } from "./export-list.ts";
import type { CallPage, CallPageQuery } from "./history-reader.ts";

export type HistoryQuestion =
  | { readonly kind: "page"; readonly query: CallPageQuery }
  | { readonly kind: "call"; readonly which: string | number }
  | { readonly kind: "export"; readonly which: string | number; readonly format: ExportFormat }
  /** A piece of the export of many. */
  | { readonly kind: "list"; readonly query: ListQuery }
  | { readonly kind: "lines" }
  /** Brings what was written into the file itself, which waits for the disk. */
  | { readonly kind: "checkpoint" };

export type HistoryAnswer =
  | { readonly kind: "page"; readonly page: CallPage }
  | { readonly kind: "call"; readonly call: CallRecord | undefined }
  | { readonly kind: "export"; readonly file: ExportedCall | undefined }
  | { readonly kind: "list"; readonly piece: ListPiece }
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | { readonly kind: "checkpoint" }
  | { readonly kind: "failed"; readonly message: string };

export type ToHistoryWorker =
  | { readonly kind: "open"; readonly path: string }
  | { readonly kind: "ask"; readonly id: number; readonly question: HistoryQuestion };

/** One for each question, in order. */
export interface FromHistoryWorker {
  readonly id: number;
  readonly answer: HistoryAnswer;
}
