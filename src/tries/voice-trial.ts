/** Tries a voice by having it speak: when its first sound comes, and what it sounds like. */
import { joinSamples } from "../audio/join-samples.ts";
import { encodeWav } from "../audio/wav-writer.ts";
import { hideCredentials } from "../config/hidden-credentials.ts";
import type { Clock } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { fault, type Finding, ok, warning } from "../doctor/finding.ts";
import { openBuiltinVoice } from "../services/builtin-voice.ts";
import type { SpeechEngine } from "../voice/engines/engine.ts";
import { OpenAiSpeech } from "../voice/engines/openai-speech.ts";
import { refusedTrial, stopped, TrialEnd } from "./trial.ts";

export type VoiceEngineName = "builtin" | "openai-speech";

export interface VoiceTry {
  readonly engine: VoiceEngineName;
  readonly url?: string | undefined;
  /** What the speech server calls its model; `kokoro` unless given. */
  readonly model?: string | undefined;
  readonly voice?: string | undefined;
  /** 1 is natural. */
  readonly speed?: number | undefined;
  readonly language?: string | undefined;
  readonly key?: string | undefined;
  /** "Hello." unless given; at most `maxTrialCharacters`. */
  readonly text?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** For all of it, 25 s unless given. */
  readonly limitMs?: number | undefined;
}

export interface VoiceTrial extends Finding {
  readonly verdict: "spoken" | "failed" | "wrong-settings" | "stopped";
  readonly engine: VoiceEngineName;
  readonly firstSoundMs: number | undefined;
  /** Length of what was spoken. */
  readonly soundMs: number;
  readonly totalMs: number;
  /** 16-bit mono, for listening; undefined where there was no sound. */
  readonly wav: Uint8Array | undefined;
}

export const maxTrialCharacters = 1000;

const usualLimitMs = 25_000;
const slowSoundMs = 1500;

/** Never rejects. */
export async function tryVoice(wanted: VoiceTry): Promise<VoiceTrial> {
  const { clock, limitMs = usualLimitMs, signal, engine: name } = wanted;
  const end = new TrialEnd(clock, limitMs, signal);
  let engine: SpeechEngine | undefined;
  try {
    engine = await openEngine(wanted);
    await warmUp(engine, wanted, end.signal);
    const { problem, ...spoken } = await speakOnce(engine, wanted, end.signal);
    const circumstances = { name, isLate: end.isLate, signal, problem };
    return { ...spoken, engine: name, ...judge(spoken, circumstances) };
  } catch (error) {
    const finding = refusedTrial(error, "correct [kokoro] in the configuration");
    const none = { firstSoundMs: undefined, soundMs: 0, totalMs: 0, wav: undefined };
    return { ...finding, verdict: "wrong-settings", engine: name, ...none };
  } finally {
    end.release();
    await engine?.close();
  }
}

/** Throws a WildfireError for settings that cannot be right. */
async function openEngine(wanted: VoiceTry): Promise<SpeechEngine> {
  const { engine, url, model, voice, key, clock, log, text = "" } = wanted;
  if (text.length > maxTrialCharacters) {
    throw new WildfireError("usage", `the text has ${text.length} characters`, {
      hint: `try one of at most ${maxTrialCharacters}`,
    });
  }
  if (engine === "builtin") {
    return await openBuiltinVoice({ clock, log, stateFolder: "", print: () => undefined });
  }
  if (url === undefined || url === "") {
    throw new WildfireError("config", "[kokoro] has no url", {
      hint: 'write url = "http://127.0.0.1:8880"',
    });
  }
  return new OpenAiSpeech({ url, model, voice, key, clock, log });
}

/** The threads of the built-in voice have just been started, which a call never waits for. */
async function warmUp(
  engine: SpeechEngine,
  { engine: name, voice }: VoiceTry,
  signal: AbortSignal,
): Promise<void> {
  if (name !== "builtin") return;
  // What is wrong, the trial itself will say.
  await engine
    .speak({ text: "One.", voice }, { samples: () => undefined }, signal)
    .catch(() => undefined);
}

interface Spoken {
  readonly firstSoundMs: number | undefined;
  readonly soundMs: number;
  readonly totalMs: number;
  readonly wav: Uint8Array | undefined;
}

interface Outcome extends Spoken {
  readonly problem: unknown;
}

async function speakOnce(
  engine: SpeechEngine,
  { clock, text = "Hello.", voice, speed, language }: VoiceTry,
  signal: AbortSignal,
): Promise<Outcome> {
  const startedMs = clock.nowMs();
  const blocks: Float32Array[] = [];
  let firstSoundMs: number | undefined;
  let rateHz = 0;
  let problem: unknown;
  const samples = (block: Float32Array, blockRateHz: number): void => {
    firstSoundMs ??= clock.nowMs() - startedMs;
    rateHz = blockRateHz;
    blocks.push(block.slice());
  };
  try {
    await engine.speak({ text, voice, speed, language }, { samples }, signal);
  } catch (error) {
    problem = error;
  }
  const all = joinSamples(blocks);
  const soundMs = rateHz === 0 ? 0 : (all.length * 1000) / rateHz;
  const wav = all.length === 0 ? undefined : encodeWav(all, rateHz);
  return { firstSoundMs, soundMs, totalMs: clock.nowMs() - startedMs, wav, problem };
}

interface Circumstances {
  readonly name: VoiceEngineName;
  readonly isLate: boolean;
  /** Of whoever wanted the trial. */
  readonly signal: AbortSignal;
  readonly problem: unknown;
}

function judge(
  spoken: Spoken,
  { name, isLate, signal, problem }: Circumstances,
): Finding & Pick<VoiceTrial, "verdict"> {
  if (signal.aborted) return { ...stopped(), verdict: "stopped" };
  if (isLate) {
    const fix = "look into the log of the speech server, and whether its host is overloaded";
    return { ...fault(`${name} did not finish in time`, fix), verdict: "failed" };
  }
  if (problem !== undefined) return { ...judgeProblem(name, problem), verdict: "failed" };
  const finding = judgeSpoken(name, spoken);
  return { ...finding, verdict: finding.level === "fault" ? "failed" : "spoken" };
}

function judgeProblem(name: VoiceEngineName, problem: unknown): Finding {
  const isOurs = problem instanceof WildfireError;
  const said = hideCredentials(isOurs ? problem.message : describeError(problem));
  const hint = isOurs ? problem.hint : undefined;
  return fault(`${name} does not speak: ${said}`, hint ?? usualFixes[name]);
}

const usualFixes: Readonly<Record<VoiceEngineName, string>> = {
  "openai-speech": "check [kokoro] url and the speech server; until then the built-in voice speaks",
  builtin: "install this executable anew: its built-in voice does not work",
};

/** How soon the first sound came. */
export function judgeSpoken(
  name: VoiceEngineName,
  { firstSoundMs, soundMs }: Pick<Spoken, "firstSoundMs" | "soundMs">,
): Finding {
  if (firstSoundMs === undefined || soundMs <= 0) {
    return fault(`${name} gave no sound`, usualFixes[name]);
  }
  const seen = `${name}: first sound after ${Math.round(firstSoundMs)} ms, ${Math.round(soundMs)} ms in all`;
  if (firstSoundMs <= slowSoundMs) return ok(seen);
  return warning(seen, 'callers wait that long: a faster speech server, or engine = "builtin"');
}
