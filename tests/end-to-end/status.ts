/** What a running whisper service tells about itself. */
import { eventually } from "./eventually.ts";
import { parseObject, type Program } from "./program.ts";

/** The parts of the status that tests look at. */
export interface WhisperStatus {
  readonly pid: number;
  readonly patterns: readonly { readonly pattern: string }[];
  readonly registration: {
    readonly fileDescriptor: number;
    readonly receiveBufferBytes: number;
    readonly datagrams: number;
    readonly registers: number;
    readonly byes: number;
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly totals: {
    readonly started: number;
    readonly connected: number;
    readonly ended: number;
    readonly transcripts: number;
    readonly failedUtterances: number;
  };
  readonly calls: readonly {
    readonly callId: string;
    readonly state: string;
    readonly audioMs: number;
    readonly utterances: number;
    readonly pendingUtterances: number;
    readonly isDecodingAhead: boolean;
    readonly transcripts: number;
    readonly badSamples: number;
    readonly notReturned: number;
    readonly registers: number;
  }[];
  readonly llama: {
    readonly connections: number;
    readonly open: number;
    readonly waiting: number;
    readonly sent: number;
    readonly resent: number;
    readonly dropped: number;
    readonly lastError: string | null;
  };
  readonly recogniser: {
    readonly lanes: number;
    readonly queued: number;
    readonly running: number;
  };
  readonly memoryBytes: number;
}

/** Asks by SIGUSR1, which is answered with one JSON object on one line of standard output. */
export async function askStatus(program: Program): Promise<WhisperStatus> {
  const before = program.output.length;
  program.signal("SIGUSR1");
  return await eventually({
    what: "the answer to SIGUSR1",
    probe: () => {
      const answers: unknown[] = program.output.slice(before).map(parseObject);
      return answers.find(isWhisperStatus);
    },
    explain: () => program.explain(),
  });
}

export function isWhisperStatus(value: unknown): value is WhisperStatus {
  return typeof value === "object" && value !== null && "calls" in value && "llama" in value;
}
