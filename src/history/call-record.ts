/** A call as readers get it: rows as values, times in milliseconds. */

/** One line of a list. */
export interface CallSummary {
  readonly id: number;
  /** Names the call for ever, also in exports. */
  readonly key: string;
  /** Which service knows it best: sip, audiosocket, web, whisper, llama or kokoro. */
  readonly service: string;
  /** By which the services called it meanwhile; comes again. */
  readonly callId: string;
  /** `incoming`, `outgoing`, or empty where no telephone told. */
  readonly direction: string;
  readonly line: string;
  readonly remote: string;
  readonly name: string;
  /** Heard most; ISO 639-1. */
  readonly language: string;
  readonly startedMs: number;
  readonly answeredMs: number | null;
  /** Null while it goes on. */
  readonly endedMs: number | null;
  readonly endedBy: string;
  readonly endReason: string;
  /** Of SIP, where it was refused. */
  readonly status: number | null;
  readonly codec: string;
  readonly meanOpinionScore: number | null;
  readonly jitterMs: number | null;
  readonly lossFraction: number | null;
  readonly utterances: number;
  /** Answers; the greeting is none. */
  readonly turns: number;
  /** From the caller's last sound to the agent's first, the mean of all answers. */
  readonly answerMs: number | null;
}

export interface UtteranceRecord {
  /** Who tells it. */
  readonly service: string;
  /** Wall clock, when its text was there. */
  readonly atMs: number;
  /** From the beginning of the call's audio. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly text: string;
  readonly language: string;
  readonly averageLogProbability: number | null;
  readonly noSpeechProbability: number | null;
  readonly speechProbability: number | null;
  readonly silenceMs: number | null;
  readonly textMs: number | null;
  readonly queuedMs: number | null;
  readonly decodeMs: number | null;
  readonly error: string;
  /** What was thrown away as invented, as JSON; empty mostly. */
  readonly invention: string;
}

/** What the agent says before it was asked anything. */
export const greetingTurn = 0;

export interface TurnRecord {
  /** Who tells it. */
  readonly service: string;
  /** Answers count from 1. */
  readonly turn: number;
  readonly atMs: number;
  readonly question: string;
  readonly answer: string;
  /** Of the answer as the model wrote it; null where nobody told. */
  readonly heardCharacters: number | null;
  readonly isAllHeard: number;
  readonly isInterrupted: number;
  /** `stop`, `cancelled`, `failed: …`. */
  readonly outcome: string;
  readonly rounds: number;
  readonly tokens: number | null;
  readonly tokensPerSecond: number | null;
  readonly modelMs: number | null;
  readonly cancelMs: number | null;
  readonly silenceMs: number | null;
  readonly recognitionMs: number | null;
  readonly gatherMs: number | null;
  readonly firstTokenMs: number | null;
  readonly clauseMs: number | null;
  readonly voiceMs: number | null;
  readonly lineMs: number | null;
  readonly totalMs: number | null;
}

export interface CallEventRecord {
  readonly atMs: number;
  readonly service: string;
  readonly kind: string;
  /** A JSON object. */
  readonly fields: string;
}

export interface AudioRecord {
  readonly atMs: number;
  readonly path: string;
  /** 0 while it is being written, and when whoever wrote it was killed. */
  readonly bytes: number;
  /** Wall clock of its first sample; null where nobody told. */
  readonly startedMs: number | null;
  readonly durationMs: number | null;
  /** Why it is not the whole call; empty mostly. */
  readonly problem: string;
}

export interface CallPartRecord {
  readonly service: string;
  readonly pid: number;
  readonly key: string;
  readonly startedMs: number;
  readonly endedMs: number | null;
}

export interface CallRecord extends CallSummary {
  readonly parts: readonly CallPartRecord[];
  readonly heard: readonly UtteranceRecord[];
  readonly said: readonly TurnRecord[];
  readonly events: readonly CallEventRecord[];
  readonly audio: readonly AudioRecord[];
}
