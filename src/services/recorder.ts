/** Keeps what was heard beside what was understood, so that a bad transcription can be looked into. */
import { encodeLinear16, encodeWavHeader, wavHeaderBytes } from "../audio/wav-writer.ts";
import { BoundedQueue } from "../core/bounded-queue.ts";
import type { Clock } from "../core/clock.ts";
import { errnoOf, formatErrno } from "../core/errno.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import type { OptionTable } from "../config/options.ts";
import type { HearingEvent } from "../whisper/hearing-events.ts";
import { whisperSampleRateHz } from "../whisper/recogniser.ts";
import type { EventCall } from "./hearing-record.ts";
import { describeFinal } from "./final-record.ts";
import { type RecordingDisk, RecordingFolder, recordingName } from "./recording-folder.ts";

export const recorderOptions = {
  record: {
    kind: "string",
    value: "DIR",
    help: "keep each utterance in this folder, as a WAV file beside its text and timings (JSON)",
  },
  "record-limit": {
    kind: "integer",
    value: "MB",
    min: 1,
    max: 100_000,
    default: 500,
    help: "size of that folder; the oldest recordings make room",
  },
} as const satisfies OptionTable;

export interface RecorderOptions {
  readonly folder: string;
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** What decided the texts, for whoever gets a recording: model, version, commit, options. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Another disk than the real one, for tests. */
  readonly disk?: RecordingDisk;
}

export type FinalEvent = Extract<HearingEvent, { kind: "final" }>;

export interface RecorderStatus {
  readonly folder: string;
  readonly recordings: number;
  readonly bytes: number;
  readonly limitBytes: number;
  /** Of this run. */
  readonly written: number;
  readonly waiting: number;
  /** Not written because too many waited for the disk. */
  readonly dropped: number;
  /** Not written because the disk refused. */
  readonly failed: number;
  /** Old ones that made room. */
  readonly removed: number;
  readonly lastErrno: string | null;
}

/** The longest utterances together stay below the second limit: 28 s are 1.8 MB as floats. */
const maxWaiting = 64;
const maxWaitingBytes = 32 * 1024 * 1024;
/** A second of sound, which is encoded in a fraction of a millisecond. */
const pieceSamples = whisperSampleRateHz;
/** A disk that hangs must not keep the service from stopping. */
const closeLimitMs = 2000;

interface Waiting {
  readonly call: EventCall;
  readonly event: FinalEvent;
  readonly wallMs: number;
}

/** Throws a WildfireError("usage") when the folder cannot be used. */
export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const { folder: path, limitBytes, log } = options;
  const disk = options.disk === undefined ? {} : { disk: options.disk };
  const folder = await RecordingFolder.open({ path, limitBytes, ...disk });
  log.info("each utterance is recorded: what callers say is kept on this disk", {
    folder: folder.path,
    recordings: folder.recordings,
    bytes: folder.bytes,
    limitBytes,
  });
  return new Recorder(options, folder);
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #folder: RecordingFolder;
  readonly #repeated: RepeatedLog;
  readonly #queue = new BoundedQueue<Waiting>(maxWaiting);
  #waitingBytes = 0;
  #number = 0;
  #written = 0;
  #dropped = 0;
  #failed = 0;
  #lastErrno: string | null = null;
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: RecorderOptions, folder: RecordingFolder) {
    this.#options = options;
    this.#folder = folder;
    this.#repeated = new RepeatedLog(options.log, options.clock);
  }

  /** Returns at once; the samples are kept by reference until they are written. */
  keep(call: EventCall, event: FinalEvent): void {
    if (this.#isClosed) return;
    const { byteLength } = event.final.utterance.samples;
    const isFull = this.#queue.length >= maxWaiting;
    if (isFull || this.#waitingBytes + byteLength > maxWaitingBytes) {
      this.#drop();
      return;
    }
    this.#queue.push({ call, event, wallMs: this.#options.clock.wallMs() });
    this.#waitingBytes += byteLength;
    this.#writing ??= this.#writeAll();
  }

  status(): RecorderStatus {
    const { path, recordings, bytes, removed } = this.#folder;
    return {
      folder: path,
      recordings,
      bytes,
      limitBytes: this.#options.limitBytes,
      written: this.#written,
      waiting: this.#queue.length,
      dropped: this.#dropped,
      failed: this.#failed,
      removed,
      lastErrno: this.#lastErrno,
    };
  }

  /** Writes what waits, but never waits long for a disk that hangs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(closeLimitMs, () => {
      while (this.#queue.shift() !== undefined) this.#drop();
      late.resolve();
    });
    await Promise.race([this.#writing, late.promise]);
    timer.cancel();
    this.#repeated.close();
  }

  #drop(): void {
    this.#dropped += 1;
    this.#repeated.say("warn", "recordings are dropped: the disk does not keep up", () => ({
      folder: this.#folder.path,
      dropped: this.#dropped,
    }));
  }

  async #writeAll(): Promise<void> {
    let waiting = this.#queue.shift();
    while (waiting !== undefined) {
      await this.#write(waiting);
      this.#waitingBytes -= waiting.event.final.utterance.samples.byteLength;
      waiting = this.#queue.shift();
    }
    this.#writing = undefined;
  }

  async #write(waiting: Waiting): Promise<void> {
    const { samples } = waiting.event.final.utterance;
    this.#number += 1;
    const name = recordingName(waiting.wallMs, waiting.call.key, this.#number);
    try {
      await this.#folder.add({
        name,
        wavBytes: wavHeaderBytes + samples.length * 2,
        wav: encodePieces(samples),
        json: this.#describe(waiting, name),
      });
      this.#written += 1;
    } catch (error) {
      this.#fail(error);
    }
  }

  #describe({ call, event, wallMs }: Waiting, name: string): string {
    const record = {
      audio: `${name}.wav`,
      time: new Date(wallMs).toISOString(),
      ...call,
      callStartMs: event.startMs,
      ...describeFinal(event.final, 0),
      about: this.#options.about,
    };
    return `${JSON.stringify(record, undefined, 2)}\n`;
  }

  #fail(error: unknown): void {
    const errno = errnoOf(error);
    this.#failed += 1;
    this.#lastErrno = formatErrno(errno);
    this.#repeated.say("error", `cannot record an utterance: ${formatErrno(errno)}`, () => ({
      folder: this.#folder.path,
      advice: adviceFor(errno),
    }));
  }
}

function* encodePieces(samples: Float32Array): Generator<Uint8Array> {
  yield encodeWavHeader(samples.length, whisperSampleRateHz);
  for (let start = 0; start < samples.length; start += pieceSamples) {
    yield encodeLinear16(samples.subarray(start, start + pieceSamples));
  }
}

const advices: Readonly<Record<string, string>> = {
  ENOSPC: "free space on that disk, or set --record-limit lower",
  EDQUOT: "free space in this user's quota, or set --record-limit lower",
  EACCES: "give the folder back to the user of this service, with mode 700",
  EPERM: "give the folder back to the user of this service, with mode 700",
  EROFS: "the disk has become read-only: look at the kernel's log",
  ENOENT: "the folder is gone: make it again with mode 700, or restart without --record",
};

function adviceFor(errno: string): string {
  return advices[errno] ?? "check that folder and its disk";
}
