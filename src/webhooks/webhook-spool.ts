/** Webhooks that wait, on disk: who still has to get them, and how far the events of each service are read. */
import type { Database } from "bun:sqlite";

export interface SpoolLimits {
  readonly messages: number;
  readonly bytes: number;
}

export interface SpoolPosition {
  readonly stream: string;
  readonly seq: number;
}

/** What one event gave: its messages and the position count together or not at all. */
export interface SpoolEntry {
  readonly position: SpoolPosition;
  readonly messages: readonly NewMessage[];
}

export interface NewMessage {
  /** Sent along; the same whenever the same event is read again. */
  readonly name: string;
  readonly lane: string;
  readonly atMs: number;
  readonly body: string;
}

/** A message for one receiver; its body stays on disk until it is sent. */
export interface WaitingMessage {
  readonly id: number;
  readonly lane: string;
  readonly atMs: number;
  readonly tries: number;
}

export interface ReceiverRow {
  readonly id: number;
  readonly url: string;
  /** What happened before is not for it. */
  readonly addedMs: number;
  readonly goneMs: number | null;
  readonly delivered: number;
  readonly dropped: number;
}

export interface AddedMessage extends WaitingMessage {
  readonly receivers: readonly number[];
}

/** Of a row beside its body. */
const rowBytes = 200;
/** Of services whose streams ended long ago. */
const maxPositions = 1000;

/** All methods throw the error of the disk, and then nothing was changed. */
export class WebhookSpool {
  readonly #db: Database;
  readonly #limits: SpoolLimits;
  #count = 0;
  #bytes = 0;

  constructor(db: Database, limits: SpoolLimits) {
    this.#db = db;
    this.#limits = limits;
    this.#measure();
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Messages with lower numbers are gone; 0 when none waits. */
  get firstId(): number {
    const sql = "SELECT MIN(id) AS id FROM messages";
    return this.#db.query<{ id: number | null }, []>(sql).get()?.id ?? 0;
  }

  /** Of exactly these addresses; others and what waited for them are forgotten. */
  receivers(urls: readonly string[], nowMs: number): readonly ReceiverRow[] {
    return this.#atOnce(() => {
      const insert = this.#db.query("INSERT OR IGNORE INTO receivers (url, addedMs) VALUES (?, ?)");
      for (const url of urls) insert.run(url, nowMs);
      const rows = this.#db.query<ReceiverRow, []>("SELECT * FROM receivers ORDER BY id").all();
      for (const { id, url } of rows) {
        if (urls.includes(url)) continue;
        this.#forgetDeliveries(id);
        this.#db.query("DELETE FROM receivers WHERE id = ?").run(id);
      }
      return rows.filter(({ url }) => urls.includes(url));
    });
  }

  waiting(receiver: number): readonly WaitingMessage[] {
    const sql = `SELECT m.id, m.lane, m.atMs, d.tries FROM deliveries d
      JOIN messages m ON m.id = d.message WHERE d.receiver = ? ORDER BY m.id`;
    return this.#db.query<WaitingMessage, [number]>(sql).all(receiver);
  }

  /** How far that stream is read; 0 when nothing of it ever gave a message. */
  seqOf(stream: string): number {
    const sql = "SELECT seq FROM positions WHERE stream = ?";
    return this.#db.query<{ seq: number }, [string]>(sql).get(stream)?.seq ?? 0;
  }

  /** Those that have receivers; entries that were added before are skipped. */
  add(
    entries: readonly SpoolEntry[],
    receivers: readonly Pick<ReceiverRow, "id" | "addedMs">[],
    nowMs: number,
  ): readonly AddedMessage[] {
    return this.#atOnce(() => {
      const added: AddedMessage[] = [];
      for (const { position, messages } of entries) {
        if (position.seq <= this.seqOf(position.stream)) continue;
        this.#advance(position, nowMs);
        for (const message of messages) {
          const wanted = receivers.filter(({ addedMs }) => message.atMs >= addedMs);
          const row = wanted.length === 0 ? undefined : this.#insert(message, wanted);
          if (row !== undefined) added.push(row);
        }
      }
      this.#makeRoom();
      return added;
    });
  }

  /** Undefined when it had to make room. */
  read(message: number): { readonly name: string; readonly body: string } | undefined {
    const sql = "SELECT name, body FROM messages WHERE id = ?";
    return this.#db.query<{ name: string; body: string }, [number]>(sql).get(message) ?? undefined;
  }

  delivered(receiver: number, message: number): void {
    this.#finish(receiver, message, "delivered");
  }

  /** It was given up. */
  dropped(receiver: number, message: number): void {
    this.#finish(receiver, message, "dropped");
  }

  tried(receiver: number, message: number): void {
    const sql = "UPDATE deliveries SET tries = tries + 1 WHERE receiver = ? AND message = ?";
    this.#db.query(sql).run(receiver, message);
  }

  /** It wants no more: what waits for it is dropped. */
  gone(receiver: number, nowMs: number): void {
    this.#atOnce(() => {
      this.#db.query("UPDATE receivers SET goneMs = ? WHERE id = ?").run(nowMs, receiver);
      this.#forgetDeliveries(receiver);
    });
  }

  revived(receiver: number): void {
    this.#db.query("UPDATE receivers SET goneMs = NULL WHERE id = ?").run(receiver);
  }

  counts(receiver: number): { readonly delivered: number; readonly dropped: number } {
    const sql = "SELECT delivered, dropped FROM receivers WHERE id = ?";
    const row = this.#db.query<{ delivered: number; dropped: number }, [number]>(sql).get(receiver);
    return row ?? { delivered: 0, dropped: 0 };
  }

  close(): void {
    this.#db.close();
  }

  #atOnce<Result>(action: () => Result): Result {
    try {
      return this.#db.transaction(action).immediate();
    } catch (error) {
      this.#measure();
      throw error;
    }
  }

  #advance({ stream, seq }: SpoolPosition, nowMs: number): void {
    const sql = `INSERT INTO positions (stream, seq, lastMs) VALUES (?, ?, ?)
      ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, lastMs = excluded.lastMs`;
    this.#db.query(sql).run(stream, seq, nowMs);
    if (seq % maxPositions !== 0) return;
    const old = `DELETE FROM positions WHERE stream NOT IN
      (SELECT stream FROM positions ORDER BY lastMs DESC LIMIT ${maxPositions})`;
    this.#db.query(old).run();
  }

  #insert(
    { name, lane, atMs, body }: NewMessage,
    receivers: readonly Pick<ReceiverRow, "id">[],
  ): AddedMessage | undefined {
    const sql = "INSERT OR IGNORE INTO messages (name, lane, atMs, body) VALUES (?, ?, ?, ?)";
    const { changes, lastInsertRowid } = this.#db.query(sql).run(name, lane, atMs, body);
    if (changes === 0) return undefined;
    const id = Number(lastInsertRowid);
    const link = this.#db.query("INSERT INTO deliveries (receiver, message) VALUES (?, ?)");
    for (const receiver of receivers) link.run(receiver.id, id);
    this.#count += 1;
    this.#bytes += Buffer.byteLength(body) + rowBytes;
    return { id, lane, atMs, tries: 0, receivers: receivers.map((receiver) => receiver.id) };
  }

  /** The oldest go first: they wait for receivers that took nothing for the longest time. */
  #makeRoom(): void {
    const { messages, bytes } = this.#limits;
    while (this.#count > messages || this.#bytes > bytes) {
      const oldest = this.#db
        .query<{ id: number }, []>("SELECT id FROM messages ORDER BY id LIMIT 1")
        .get();
      if (oldest === null) return;
      const count = `UPDATE receivers SET dropped = dropped + 1
        WHERE id IN (SELECT receiver FROM deliveries WHERE message = ?)`;
      this.#db.query(count).run(oldest.id);
      this.#db.query("DELETE FROM deliveries WHERE message = ?").run(oldest.id);
      this.#remove(oldest.id);
    }
  }

  #finish(receiver: number, message: number, column: "delivered" | "dropped"): void {
    this.#atOnce(() => {
      const sql = "DELETE FROM deliveries WHERE receiver = ? AND message = ?";
      if (this.#db.query(sql).run(receiver, message).changes === 0) return;
      this.#db.query(`UPDATE receivers SET ${column} = ${column} + 1 WHERE id = ?`).run(receiver);
      this.#removeIfDone(message);
    });
  }

  #forgetDeliveries(receiver: number): void {
    const sql = "SELECT message FROM deliveries WHERE receiver = ?";
    const rows = this.#db.query<{ message: number }, [number]>(sql).all(receiver);
    this.#db.query("DELETE FROM deliveries WHERE receiver = ?").run(receiver);
    const count = "UPDATE receivers SET dropped = dropped + ? WHERE id = ?";
    this.#db.query(count).run(rows.length, receiver);
    for (const { message } of rows) this.#removeIfDone(message);
  }

  #removeIfDone(message: number): void {
    const sql = "SELECT 1 AS there FROM deliveries WHERE message = ? LIMIT 1";
    if (this.#db.query(sql).get(message) === null) this.#remove(message);
  }

  #remove(message: number): void {
    const sql = "DELETE FROM messages WHERE id = ? RETURNING length(CAST(body AS BLOB)) AS bytes";
    const row = this.#db.query<{ bytes: number }, [number]>(sql).get(message);
    if (row === null) return;
    this.#count -= 1;
    this.#bytes -= row.bytes + rowBytes;
  }

  #measure(): void {
    const sql = `SELECT COUNT(*) AS count, COALESCE(SUM(length(CAST(body AS BLOB))), 0) AS bytes
      FROM messages`;
    const row = this.#db.query<{ count: number; bytes: number }, []>(sql).get();
    this.#count = row?.count ?? 0;
    this.#bytes = (row?.bytes ?? 0) + this.#count * rowBytes;
  }
}
