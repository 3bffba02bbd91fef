/** Keeps the sound of calls beside their history: one file for each call, within the limits of both. */
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { formatErrno } from "../core/errno.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { CallRecording, type RecordingNote } from "./call-recording.ts";
import { type GrowingFile, openGrowingFile } from "./growing-file.ts";
import { RecordingFolder, recordingName } from "./recording-folder.ts";

export interface CallRecorderOptions {
  readonly folder: string;
  readonly limitBytes: number;
  /** Recordings that are older are removed, also those that no history knows. */
  readonly keepMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Another disk than the real one, for tests. */
  readonly open?: (path: string) => Promise<GrowingFile>;
}

export interface CallRecorderStatus {
  readonly folder: string;
  readonly active: number;
  readonly written: number;
  /** Ended before their call, or never begun. */
  readonly failed: number;
  readonly lastProblem: string | null;
}

/** A disk that hangs must not keep the service from stopping. */
const closeLimitMs = 2000;

export class CallRecorder {
  readonly #options: CallRecorderOptions;
  readonly #folder: RecordingFolder;
  readonly #repeated: RepeatedLog;
  readonly #active = new Set<CallRecording>();
  #number = 0;
  #written = 0;
  #failed = 0;
  #lastProblem: string | null = null;

  private constructor(options: CallRecorderOptions, folder: RecordingFolder) {
    this.#options = options;
    this.#folder = folder;
    this.#repeated = new RepeatedLog(options.log, options.clock);
  }

  /** Undefined, with a word in the log, when the folder cannot be used: calls go on without it. */
  static async open(options: CallRecorderOptions): Promise<CallRecorder | undefined> {
    const { folder: path, limitBytes, log } = options;
    try {
      const folder = await RecordingFolder.open({ path, limitBytes });
      log.info("the sound of calls is kept: what callers say lies on this disk", {
        folder: folder.path,
        recordings: folder.recordings,
        bytes: folder.bytes,
      });
      return new CallRecorder(options, folder);
    } catch (error) {
      log.error("the sound of calls cannot be kept; calls go on without it", {
        folder: path,
        reason: describeError(error),
      });
      return undefined;
    }
  }

  /** `callName` becomes part of the file's name. */
  begin(callName: string, tell: (note: RecordingNote) => void): CallRecording {
    const { clock } = this.#options;
    this.#number += 1;
    const name = recordingName(clock.wallMs(), callName, this.#number);
    const recording = new CallRecording({
      path: this.#folder.pathOf(name),
      wallMs: () => clock.wallMs(),
      open: async (path) => await this.#open(name, path),
      tell,
      onEnd: (ended, { bytes, problem }) => {
        this.#active.delete(ended);
        this.#folder.settle(name, bytes);
        if (problem !== "") this.#complain(problem);
        else if (bytes > 0) this.#written += 1;
      },
    });
    this.#active.add(recording);
    return recording;
  }

  status(): CallRecorderStatus {
    return {
      folder: this.#folder.path,
      active: this.#active.size,
      written: this.#written,
      failed: this.#failed,
      lastProblem: this.#lastProblem,
    };
  }

  /** Writes what waits, but never waits long for a disk that hangs. */
  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(closeLimitMs, () => late.resolve());
    const endings = [...this.#active].map(async (recording) => {
      recording.finish();
      await recording.settled();
    });
    await Promise.race([Promise.all(endings), late.promise]);
    timer.cancel();
    this.#repeated.close();
  }

  async #open(name: string, path: string): Promise<GrowingFile> {
    const { clock, keepMs, open = openGrowingFile } = this.#options;
    await this.#folder.claim(name, clock.wallMs() - keepMs);
    return await open(path);
  }

  #complain(problem: string): void {
    this.#failed += 1;
    this.#lastProblem = problem;
    const reason = /^E[A-Z0-9]+$/.test(problem) ? formatErrno(problem) : problem;
    this.#repeated.say("error", "the sound of a call is not kept to its end", () => ({
      folder: this.#folder.path,
      reason,
      advice: "look at the space and the rights of that disk; the call itself goes on",
    }));
  }
}
