/**
 * The doctor, run for whoever looks at the page: a process of its own behind all others in the queue for
 * the processor, since it measures how fast this machine hears, one at a time, and only while somebody waits.
 */
import { chmod, mkdir, rm } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import type { Clock, Timer } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { type DoctorProgress, parseProgress } from "../doctor/doctor-report.ts";
import { LineCutter } from "../supervisor/line-cutter.ts";
import type { DoctorDesk, DoctorState } from "../web/doctor-view.ts";

export interface WebDoctorOptions {
  /** Starts this program again. */
  readonly self: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stateFolder: string;
  /** Undefined: the program finds it as it does on a terminal. */
  readonly configPath: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Whoever polls instead of watching comes again within that time. */
const askedLimitMs = 20_000;
const lookEveryMs = 2000;
/** The checks have limits of their own, which come to less. */
const runLimitMs = 300_000;
const killMs = 5000;
const maxLineCharacters = 64 * 1024;
const maxChecks = 50;
const keptErrorLines = 3;

const neverRun: DoctorState = {
  phase: "never",
  withCall: false,
  startedMs: undefined,
  endedMs: undefined,
  checks: [],
  level: "skipped",
  conclusion: "",
  hasArchive: false,
};

export class WebDoctor implements DoctorDesk {
  readonly #options: WebDoctorOptions;
  #state = neverRun;
  #run: DoctorRun | undefined;
  #watchers = 0;
  #askedMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #isClosed = false;
  readonly #listeners = new Set<() => void>();

  constructor(options: WebDoctorOptions) {
    this.#options = options;
  }

  state(): DoctorState {
    this.#askedMs = this.#options.clock.nowMs();
    return this.#state;
  }

  async begin(withCall: boolean): Promise<DoctorState> {
    if (this.#state.phase === "running") {
      throw new WildfireError("state", "the doctor is at work already", {
        hint: "wait for its verdict, or stop it",
      });
    }
    const { clock } = this.#options;
    this.#askedMs = clock.nowMs();
    this.#set({ ...neverRun, phase: "running", withCall, startedMs: clock.wallMs() });
    try {
      await this.#prepare();
      this.#start(withCall);
    } catch (error) {
      const reason = describeError(error);
      this.#end("failed", `the doctor could not be started: ${reason}`, false);
    }
    return this.#state;
  }

  watch(): () => void {
    this.#watchers += 1;
    let isWatching = true;
    return () => {
      if (isWatching) this.#watchers -= 1;
      isWatching = false;
      this.#askedMs = this.#options.clock.nowMs();
    };
  }

  stop(): void {
    this.#run?.stop("it was stopped");
  }

  archive(): string | undefined {
    return this.#state.hasArchive ? this.#archivePath : undefined;
  }

  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#run?.stop("the web service stops");
    await this.#run?.over;
    await rm(this.#archivePath, { force: true }).catch(() => undefined);
  }

  get #archivePath(): string {
    return join(this.#options.stateFolder, "web", "support.tar.gz");
  }

  async #prepare(): Promise<void> {
    const folder = join(this.#options.stateFolder, "web");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await rm(this.#archivePath, { force: true });
  }

  #start(withCall: boolean): void {
    if (this.#isClosed) throw new WildfireError("state", "the web service stops");
    const { self, stateFolder, configPath, env, clock } = this.#options;
    const argv = [
      "doctor",
      "--progress",
      "--bundle",
      this.#archivePath,
      "--state-dir",
      stateFolder,
    ];
    if (configPath !== undefined) argv.push("--config", configPath);
    if (withCall) argv.push("--call");
    const run = new DoctorRun({
      command: [...self, ...argv],
      env,
      clock,
      onProgress: (progress) => this.#progress(progress),
    });
    this.#run = run;
    this.#timer = clock.every(lookEveryMs, () => this.#look(run));
    void run.over.then(({ isComplete, words }) => this.#ended(run, isComplete, words));
  }

  #look(run: DoctorRun): void {
    const { clock } = this.#options;
    const waitedMs = clock.nowMs() - this.#askedMs;
    if (this.#watchers === 0 && waitedMs > askedLimitMs) run.stop("nobody waited for it any more");
    else if (run.ageMs > runLimitMs) run.stop(`it took longer than ${runLimitMs / 60_000} minutes`);
  }

  #progress(progress: DoctorProgress): void {
    const { checks } = this.#state;
    if (progress.kind === "begin") {
      const planned = progress.checks.slice(0, maxChecks);
      this.#set({ checks: planned.map((check) => ({ ...check, result: undefined })) });
    } else if (progress.kind === "check") {
      const { result } = progress;
      this.#set({
        checks: checks.map((check) => (check.name === result.name ? { ...check, result } : check)),
      });
    } else {
      this.#set({ level: progress.level, conclusion: progress.conclusion });
    }
  }

  #ended(run: DoctorRun, isComplete: boolean, words: string): void {
    this.#timer?.cancel();
    this.#run = undefined;
    const { log } = this.#options;
    if (isComplete) {
      log.info("the doctor has looked", {
        verdict: this.#state.level,
        tookMs: Math.round(run.ageMs),
      });
      this.#end("done", this.#state.conclusion, true);
    } else if (run.stopReason !== "") {
      log.info("the doctor was stopped", { reason: run.stopReason });
      this.#end("stopped", `Not finished: ${run.stopReason}.`, false);
    } else {
      log.warn("the doctor failed", { reason: words });
      this.#end("failed", `The doctor ended too early: ${words}`, false);
    }
  }

  #end(phase: DoctorState["phase"], conclusion: string, hasArchive: boolean): void {
    this.#set({ phase, conclusion, hasArchive, endedMs: this.#options.clock.wallMs() });
  }

  #set(change: Partial<DoctorState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

interface DoctorRunOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly onProgress: (progress: DoctorProgress) => void;
}

interface DoctorEnd {
  /** It said so itself, with its archive written. */
  readonly isComplete: boolean;
  /** The last it said where it should not. */
  readonly words: string;
}

/** One process. */
class DoctorRun {
  readonly over: Promise<DoctorEnd>;
  readonly #options: DoctorRunOptions;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #startedMs: number;
  readonly #words: string[] = [];
  #isComplete = false;
  #stopReason = "";
  #kill: Timer | undefined;

  constructor(options: DoctorRunOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
    this.#child = Bun.spawn([...options.command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...options.env },
    });
    giveWay(this.#child.pid);
    this.over = this.#follow();
  }

  get ageMs(): number {
    return this.#options.clock.nowMs() - this.#startedMs;
  }

  /** Empty when nobody stopped it. */
  get stopReason(): string {
    return this.#stopReason;
  }

  /** It gets some seconds to end what it started. */
  stop(reason: string): void {
    if (this.#stopReason !== "") return;
    this.#stopReason = reason;
    this.#child.kill("SIGTERM");
    this.#kill = this.#options.clock.after(killMs, () => this.#child.kill("SIGKILL"));
  }

  async #follow(): Promise<DoctorEnd> {
    const { stdout, stderr } = this.#child;
    const results = eachLine(stdout, (line) => {
      const progress = parseProgress(line);
      if (progress?.kind === "end") this.#isComplete = true;
      if (progress !== undefined) this.#options.onProgress(progress);
    });
    const complaints = eachLine(stderr, (line) => {
      this.#words.push(line.replaceAll(/\p{Cc}+/gu, " "));
      if (this.#words.length > keptErrorLines) this.#words.shift();
    });
    const code = await this.#child.exited;
    this.#kill?.cancel();
    await Promise.all([results, complaints]);
    const words = this.#words.at(-1) ?? `exit code ${code}`;
    return { isComplete: this.#isComplete && this.#stopReason === "", words };
  }
}

/** Calls come first; a system that refuses has its reasons. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It is over already, or may not be made slower.
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const cutter = new LineCutter(maxLineCharacters, onLine);
  for await (const bytes of stream) cutter.push(bytes);
  cutter.end();
}
