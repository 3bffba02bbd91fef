/** Puts utterances, turns and events into their tables; each row once, however often it comes. */
import type { Database } from "bun:sqlite";
import { type EventFields, integerOf, numberOf, textOf } from "./event-fields.ts";
import type { Part } from "./part.ts";
import { turnTimes } from "./turn-times.ts";

/** Of an answer, all clauses together. */
const maxAnswerCharacters = 65_536;
const maxFieldsCharacters = 16_384;

export interface ServiceEvent {
  readonly service: string;
  readonly stream: string;
  readonly seq: number | null;
  readonly atMs: number;
  readonly kind: string;
  readonly fields: EventFields;
}

export interface PartHappening {
  readonly part: Part;
  readonly seq: number;
  readonly atMs: number;
  readonly fields: EventFields;
}

export class RowWriter {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  utterance({ part, seq, atMs, fields }: PartHappening): void {
    const invention = fields["invention"];
    this.#run(
      `INSERT INTO utterances (part, seq, atMs, startMs, endMs, text, language,
        averageLogProbability, noSpeechProbability, speechProbability, silenceMs, textMs, queuedMs,
        decodeMs, error, invention)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      [part.id, seq, atMs],
      ["startMs", "endMs"].map((name) => numberOf(fields, name)),
      [textOf(fields, "text").trim(), textOf(fields, "language")],
      utteranceFigures.map((name) => numberOf(fields, name)),
      [textOf(fields, "error"), invention === undefined ? "" : JSON.stringify(invention)],
    );
  }

  /** The model was asked; called for each round of a turn. */
  asked({ part, atMs }: PartHappening, turn: number, question: string): void {
    this.#touch(part, turn, atMs);
    this.#run(
      `UPDATE turns SET question = CASE question WHEN '' THEN ? ELSE question END
      WHERE part = ? AND turn = ?`,
      [question, part.id, turn],
    );
  }

  clause({ part, atMs }: PartHappening, turn: number, text: string): void {
    this.#touch(part, turn, atMs);
    this.#run(
      `UPDATE turns SET answer = substr(ltrim(answer || ' ' || ?), 1, ${maxAnswerCharacters})
      WHERE part = ? AND turn = ?`,
      [text, part.id, turn],
    );
  }

  answered({ part, atMs, fields }: PartHappening, turn: number): void {
    this.#touch(part, turn, atMs);
    const outcome = textOf(fields, "outcome");
    this.#run(
      `UPDATE turns SET outcome = ?, rounds = rounds + 1, tokens = coalesce(tokens, 0) + ?, tokensPerSecond = ?,
        modelMs = coalesce(modelMs, 0) + ?, cancelMs = coalesce(?, cancelMs)
      WHERE part = ? AND turn = ?`,
      [outcome, integerOf(fields, "tokens") ?? 0],
      [numberOf(fields, "tokensPerSecond"), numberOf(fields, "totalMs") ?? 0],
      [numberOf(fields, "cancelMs"), part.id, turn],
    );
  }

  stages({ part, atMs, fields }: PartHappening, turn: number): void {
    this.#touch(part, turn, atMs);
    this.#run(
      `UPDATE turns SET ${turnTimes.map((name) => `${name} = coalesce(?, ${name})`).join(", ")}
      WHERE part = ? AND turn = ?`,
      turnTimes.map((name) => numberOf(fields, name)),
      [part.id, turn],
    );
  }

  heard({ part, atMs }: PartHappening, turn: number, characters: number, isAll: boolean): void {
    this.#touch(part, turn, atMs);
    this.#run(
      // The latest counts: a voice that had guessed may take some of it back.
      "UPDATE turns SET heardCharacters = ?, isAllHeard = ? WHERE part = ? AND turn = ?",
      [characters, isAll ? 1 : 0, part.id, turn],
    );
  }

  interrupted({ part, atMs }: PartHappening, turn: number): void {
    this.#touch(part, turn, atMs);
    this.#run("UPDATE turns SET isInterrupted = 1 WHERE part = ? AND turn = ?", [part.id, turn]);
  }

  audio({ part, atMs, fields }: PartHappening): void {
    const path = textOf(fields, "path");
    if (path === "") return;
    this.#run(
      // A path that is known of another call is not taken from it.
      `INSERT INTO audio (part, atMs, path, bytes, startedMs, durationMs, problem)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes,
        durationMs = excluded.durationMs, problem = excluded.problem
      WHERE part = excluded.part`,
      [part.id, atMs, path, Math.max(0, integerOf(fields, "bytes") ?? 0)],
      ["startedMs", "durationMs"].map((name) => numberOf(fields, name)),
      [textOf(fields, "problem")],
    );
  }

  event(part: Part | undefined, happened: ServiceEvent): void {
    const { service, stream, seq, atMs, kind, fields } = happened;
    const text = JSON.stringify(fields);
    this.#run(
      `INSERT INTO events (part, service, stream, seq, atMs, kind, fields)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      [part?.id ?? null, service, stream, seq, atMs, kind],
      [text.length > maxFieldsCharacters ? "{}" : text],
    );
  }

  #touch(part: Part, turn: number, atMs: number): void {
    this.#run("INSERT INTO turns (part, turn, atMs) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [
      part.id,
      turn,
      atMs,
    ]);
  }

  #run(sql: string, ...values: (readonly (string | number | null)[])[]): void {
    this.#db.query(sql).run(...values.flat());
  }
}

const utteranceFigures = [
  "averageLogProbability",
  "noSpeechProbability",
  "speechProbability",
  "silenceMs",
  "textMs",
  "queuedMs",
  "decodeMs",
];
