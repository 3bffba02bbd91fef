/**
 * The tables of the history, as migrations: one entry for each version of the file.
 *
 * A *part* is what one service has seen of a call; rows hang on parts, parts on calls. So what is learnt
 * late about which parts are one call moves parts and nothing else.
 */
import type { Database } from "bun:sqlite";
import { WildfireError } from "../core/errors.ts";

const firstVersion = `
CREATE TABLE streams (
  stream TEXT PRIMARY KEY, service TEXT NOT NULL, pid INTEGER NOT NULL, seq INTEGER NOT NULL,
  lastMs INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX streamsByProcess ON streams (service, pid, lastMs);

CREATE TABLE calls (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, service TEXT NOT NULL,
  callId TEXT NOT NULL DEFAULT '', direction TEXT NOT NULL DEFAULT '', line TEXT NOT NULL DEFAULT '',
  remote TEXT NOT NULL DEFAULT '', name TEXT NOT NULL DEFAULT '', language TEXT NOT NULL DEFAULT '',
  startedMs INTEGER NOT NULL, answeredMs INTEGER, endedMs INTEGER,
  endedBy TEXT NOT NULL DEFAULT '', endReason TEXT NOT NULL DEFAULT '', status INTEGER,
  codec TEXT NOT NULL DEFAULT '', meanOpinionScore REAL, jitterMs REAL, lossFraction REAL,
  utterances INTEGER NOT NULL DEFAULT 0, turns INTEGER NOT NULL DEFAULT 0, answerMs REAL,
  isIndexed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX callsByStart ON calls (startedMs, id);
CREATE INDEX callsByLine ON calls (line, startedMs, id);
CREATE INDEX callsUnindexed ON calls (id) WHERE isIndexed = 0;

CREATE TABLE parts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, call INTEGER, service TEXT NOT NULL, stream TEXT NOT NULL,
  pid INTEGER NOT NULL, key TEXT NOT NULL, callId TEXT NOT NULL DEFAULT '',
  startedMs INTEGER NOT NULL, lastMs INTEGER NOT NULL, endedMs INTEGER,
  isStartTold INTEGER NOT NULL DEFAULT 0, details TEXT NOT NULL DEFAULT '{}',
  UNIQUE (stream, key)
);
CREATE INDEX partsOfCall ON parts (call);
CREATE INDEX partsById ON parts (callId, startedMs);
CREATE INDEX partsOpen ON parts (lastMs) WHERE endedMs IS NULL;

CREATE TABLE utterances (
  id INTEGER PRIMARY KEY, part INTEGER NOT NULL, seq INTEGER NOT NULL, atMs INTEGER NOT NULL,
  startMs REAL, endMs REAL, text TEXT NOT NULL, language TEXT NOT NULL DEFAULT '',
  averageLogProbability REAL, noSpeechProbability REAL, speechProbability REAL,
  silenceMs REAL, textMs REAL, queuedMs REAL, decodeMs REAL,
  error TEXT NOT NULL DEFAULT '', invention TEXT NOT NULL DEFAULT '',
  UNIQUE (part, seq)
);

CREATE TABLE turns (
  id INTEGER PRIMARY KEY, part INTEGER NOT NULL, turn INTEGER NOT NULL, atMs INTEGER NOT NULL,
  question TEXT NOT NULL DEFAULT '', answer TEXT NOT NULL DEFAULT '',
  heardCharacters INTEGER, isAllHeard INTEGER NOT NULL DEFAULT 0,
  isInterrupted INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT '',
  rounds INTEGER NOT NULL DEFAULT 0, tokens INTEGER, tokensPerSecond REAL, modelMs REAL, cancelMs REAL,
  silenceMs REAL, recognitionMs REAL, gatherMs REAL, firstTokenMs REAL, clauseMs REAL, voiceMs REAL,
  lineMs REAL, totalMs REAL,
  UNIQUE (part, turn)
);

CREATE TABLE events (
  id INTEGER PRIMARY KEY, part INTEGER, service TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER,
  atMs INTEGER NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL DEFAULT '{}',
  UNIQUE (stream, seq)
);
CREATE INDEX eventsOfPart ON events (part);
CREATE INDEX eventsOfServices ON events (atMs) WHERE part IS NULL;

CREATE TABLE audio (
  id INTEGER PRIMARY KEY, part INTEGER NOT NULL, atMs INTEGER NOT NULL, path TEXT NOT NULL UNIQUE,
  bytes INTEGER NOT NULL
);
CREATE INDEX audioOfPart ON audio (part);
CREATE TABLE totals (audioBytes INTEGER NOT NULL);
INSERT INTO totals VALUES (0);
CREATE TRIGGER audioAdded AFTER INSERT ON audio BEGIN
  UPDATE totals SET audioBytes = audioBytes + NEW.bytes;
END;
CREATE TRIGGER audioRemoved AFTER DELETE ON audio BEGIN
  UPDATE totals SET audioBytes = audioBytes - OLD.bytes;
END;

CREATE VIRTUAL TABLE search USING fts5(
  text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
);
`;

/** A recording is told when it begins and when it is whole: its size is not known before. */
const recordingsGrow = `
ALTER TABLE audio ADD COLUMN startedMs REAL;
ALTER TABLE audio ADD COLUMN durationMs REAL;
ALTER TABLE audio ADD COLUMN problem TEXT NOT NULL DEFAULT '';
CREATE TRIGGER audioGrown AFTER UPDATE OF bytes ON audio BEGIN
  UPDATE totals SET audioBytes = audioBytes + NEW.bytes - OLD.bytes;
END;
`;

const migrations: readonly string[] = [firstVersion, recordingsGrow];

/** Throws a WildfireError when the file was written by a newer version than this one. */
export function requireKnownVersion(db: Database): void {
  const version = versionOf(db);
  if (version <= migrations.length) return;
  throw new WildfireError("state", `the history is of version ${version}, made by a newer build`, {
    hint: "use that build, or another history folder",
  });
}

function versionOf(db: Database): number {
  return db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
}

export function migrate(db: Database): void {
  requireKnownVersion(db);
  const version = versionOf(db);
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    db.transaction(() => {
      db.run(sql);
      db.run(`PRAGMA user_version = ${index + 1}`);
    }).immediate();
  }
}
