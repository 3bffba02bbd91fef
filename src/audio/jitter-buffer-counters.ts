/** What a jitter buffer has seen and done, for the statistics of a call. */

/** Since the buffer was made. */
export interface JitterBufferCounters {
  /** Packets that were put, whatever became of them. */
  received: number;
  /** Packets whose turn has come. */
  played: number;
  duplicate: number;
  /** Packets that came after they had been given up: each is also counted as lost. */
  late: number;
  lost: number;
  /** Packets that had to make room because nobody took them, or because the stream started anew. */
  overflowed: number;
  /** Payloads longer than 60 ms. */
  refused: number;
  /** New beginnings of the sequence or the timestamp within one stream. */
  jumps: number;
  restarts: number;
  missingMs: number;
  silenceMs: number;
  /** Silence that turned out to lie between two pieces of sound, because the second came late. */
  insertedMs: number;
}

export function createJitterBufferCounters(): JitterBufferCounters {
  return {
    received: 0,
    played: 0,
    duplicate: 0,
    late: 0,
    lost: 0,
    overflowed: 0,
    refused: 0,
    jumps: 0,
    restarts: 0,
    missingMs: 0,
    silenceMs: 0,
    insertedMs: 0,
  };
}
