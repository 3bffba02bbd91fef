/**
 * Tries a whisper model on this processor: how long it takes for the beginning of the demonstration
 * call, and what it hears. It is loaded by a process of its own, this program's `transcribe`: a model
 * that breaks the native code, or takes all memory, ends that process and no service.
 */
import { embedded } from "#embedded";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { encodeWav } from "../audio/wav-writer.ts";
import { childEnvironment, selfCommand } from "../commands/self.ts";
import type { Clock } from "../core/clock.ts";
import { describeError, quote } from "../core/errors.ts";
import { fault, type Finding, ok, skipped, warning } from "../doctor/finding.ts";
import { readMemory } from "../doctor/machine-memory.ts";
import { readRecording } from "../evaluation/recording.ts";
import { countOf, fieldOf, itemsOf, textOf } from "../llama-bridge/chat/loose-json.ts";
import { stopped, TrialEnd } from "./trial.ts";

export interface HearingTry {
  /** A ggml file; undefined for the demo model. */
  readonly modelPath: string | undefined;
  /** `en` unless given. */
  readonly language?: string | undefined;
  /** 1 unless given. */
  readonly threads?: number | undefined;
  readonly useGpu?: boolean | undefined;
  /** Calls that are up now, and slow the measurement down. */
  readonly callsUp?: number | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For all of it, 90 s unless given. */
  readonly limitMs?: number | undefined;
}

export interface HearingTrial extends Finding {
  readonly verdict: "heard" | "too-large" | "failed" | "stopped";
  /** For people. */
  readonly model: string;
  /** Of the sound that was to be heard. */
  readonly audioMs: number;
  /** The better of two; undefined where nothing was measured. */
  readonly decodeMs: number | undefined;
  /** `decodeMs` by `audioMs`: above 1 the model does not keep up with speech. */
  readonly realTimeFactor: number | undefined;
  /** The words heard. */
  readonly text: string;
}

const usualLimitMs = 90_000;
const speechMs = 3000;
const sampleRateHz = 16_000;
/** The answer comes that much later than it could. */
const fluentMs = 900;
/** Recognition that lags behind speech never catches up. */
const hopelessShare = 1;
const maxOutputCharacters = 1 << 20;

/** Never rejects. */
export async function tryHearing(wanted: HearingTry): Promise<HearingTrial> {
  const { modelPath, clock, limitMs = usualLimitMs, signal } = wanted;
  const model = modelPath ?? "the demo model";
  const nothing = {
    model,
    audioMs: speechMs,
    decodeMs: undefined,
    realTimeFactor: undefined,
    text: "",
  };
  if (modelPath !== undefined && (await isTooLarge(modelPath))) {
    const seen = `not measured: reading ${modelPath} again might take memory that calls need`;
    return { ...skipped(seen), verdict: "too-large", ...nothing };
  }
  const end = new TrialEnd(clock, limitMs, signal);
  let folder: string | undefined;
  try {
    // What another user unpacked into the services' own folder, they would not trust.
    folder = await mkdtemp(join(tmpdir(), "wildfire-hearing-"));
    const heard = await hear(wanted, folder, end.signal);
    if (signal.aborted) return { ...stopped(), verdict: "stopped", ...nothing };
    if (end.isLate) return { ...tooSlow(model, limitMs), verdict: "failed", ...nothing };
    if (!heard.ok) return { ...fault(heard.problem, usualFix), verdict: "failed", ...nothing };
    return measured(wanted, model, heard);
  } catch (error) {
    return {
      ...fault(`${model} could not be tried: ${describeError(error)}`, usualFix),
      verdict: "failed",
      ...nothing,
    };
  } finally {
    end.release();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

const usualFix = "choose another model file: wildfire models list";
const smallerFix = "take a smaller or quantised model: wildfire models list";

function tooSlow(model: string, limitMs: number): Finding {
  return fault(`${model} was not loaded and done within ${limitMs / 1000} s`, smallerFix);
}

function measured({ callsUp = 0 }: HearingTry, model: string, heard: Heard): HearingTrial {
  const { decodeMs, text } = heard;
  const facts = { model, audioMs: speechMs, decodeMs, cores: availableParallelism(), callsUp };
  const realTimeFactor = decodeMs / speechMs;
  return {
    ...judgeSpeed(facts),
    verdict: "heard",
    model,
    audioMs: speechMs,
    decodeMs,
    realTimeFactor,
    text,
  };
}

export interface SpeedFacts {
  readonly model: string;
  readonly audioMs: number;
  /** The better of two. */
  readonly decodeMs: number;
  readonly cores: number;
  /** Calls that are up now, and slow the measurement down. */
  readonly callsUp: number;
}

export function judgeSpeed({ model, audioMs, decodeMs, cores, callsUp }: SpeedFacts): Finding {
  const factor = decodeMs / Math.max(1, audioMs);
  const shown = (audioMs / 1000).toFixed(1);
  const seen =
    `${shown} s of speech took ${Math.round(decodeMs)} ms on one of ${cores} cores ` +
    `(real-time factor ${factor.toFixed(2)}) with ${model}`;
  if (factor >= hopelessShare && callsUp === 0) return fault(seen, smallerFix);
  if (decodeMs <= fluentMs) return ok(seen);
  return warning(callsUp === 0 ? seen : `${seen}, beside ${callsUp} calls`, smallerFix);
}

/** It is read a second time beside the one that serves calls, which must not cost them memory. */
async function isTooLarge(path: string): Promise<boolean> {
  const size = await stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
  const available = (await readMemory())?.availableBytes ?? Number.POSITIVE_INFINITY;
  return size * 2 > available;
}

interface Heard {
  readonly ok: true;
  readonly decodeMs: number;
  readonly text: string;
}

type HearResult = Heard | { readonly ok: false; readonly problem: string };

/** The process is gone when this resolves. */
async function hear(wanted: HearingTry, folder: string, signal: AbortSignal): Promise<HearResult> {
  const recording = join(folder, "speech.wav");
  const call = await readRecording({ path: embedded.demoCallWav, name: "demonstration call" });
  const samples = call.slice(0, (speechMs * sampleRateHz) / 1000);
  await Bun.write(recording, encodeWav(samples, sampleRateHz));
  const child = Bun.spawn([...selfCommand(), ...argumentsFor(wanted, recording, folder)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: plainEnvironment(),
  });
  const kill = (): void => child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  try {
    const [out, complaints] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
    await child.exited;
    return readHeard(out, complaints);
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
  }
}

/** The same twice: the first one warms up the caches. */
function argumentsFor(wanted: HearingTry, recording: string, folder: string): readonly string[] {
  const { modelPath, language = "en", threads = 1, useGpu = true } = wanted;
  const model = modelPath === undefined ? [] : ["--model", modelPath];
  const gpu = useGpu ? [] : ["--no-gpu"];
  const how = ["--language", language, "--threads", String(threads), "--lanes", "1", "--nice", "0"];
  const options = ["--whole", "--json", ...how, ...gpu, ...model, "--state-dir", folder];
  return ["transcribe", ...options, recording, recording];
}

/** Options of services that stand in the environment must not count for this one. */
function plainEnvironment(): Record<string, string | undefined> {
  const entries = Object.entries(childEnvironment());
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith("WILDFIRE_")));
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text = (text + decoder.decode(bytes, { stream: true })).slice(-maxOutputCharacters);
  }
  return text;
}

/** Of what `transcribe --json` printed: pure. */
export function readHeard(out: string, complaints: string): HearResult {
  const utterances = out.split("\n").flatMap(readUtterances);
  const times = utterances.flatMap((one) => countOf(fieldOf(one, "decodeMs")) ?? []);
  const wrong = utterances.map((one) => textOf(fieldOf(one, "error"))).find((text) => text !== "");
  if (times.length > 0 && wrong === undefined) {
    return {
      ok: true,
      decodeMs: Math.min(...times),
      text: textOf(fieldOf(utterances.at(-1), "text")),
    };
  }
  return { ok: false, problem: wrong ?? lastComplaint(complaints) };
}

function readUtterances(line: string): readonly unknown[] {
  try {
    return itemsOf(fieldOf(JSON.parse(line), "utterances"), 10);
  } catch {
    return [];
  }
}

const complaintMark = "wildfire: ";

function lastComplaint(complaints: string): string {
  const lines = complaints.trimEnd().split("\n");
  const said = lines.findLast((line) => line.startsWith(complaintMark));
  if (said !== undefined) return said.slice(complaintMark.length);
  const last = lines.at(-1) ?? "";
  return `the model was not loaded${last === "" ? "" : `: ${quote(last, 200)}`}`;
}
