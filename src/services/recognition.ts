/** Brings up speech recognition: the right library for this CPU, a checked model, the native pool. */
import { embedded } from "#embedded";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { quote, WildfireError } from "../core/errors.ts";
import type { SocketControl } from "../core/socket-control.ts";
import type { EmbeddedLibrary } from "../embedded/embedded.ts";
import { findPlatform, readCpuFlags, readSocketTables } from "../platform/host-platform.ts";
import { chooseVariant, type Platform } from "../platform/platform.ts";
import { inspectGgmlFile } from "../whisper/ggml-file.ts";
import { candidateFolders, prepareLibrary } from "../whisper/library.ts";
import { openRecogniser, type RecogniserModel } from "../whisper/native-recogniser.ts";
import { openVoiceActivity } from "../whisper/native-voice-activity.ts";
import { findLoadProblem, nativeSocketControl } from "../whisper/native.ts";
import type { AudioContextRule } from "../whisper/audio-context.ts";
import type { Recogniser } from "../whisper/recogniser.ts";
import type { VoiceActivity } from "../whisper/voice-activity.ts";
import type { ServiceContext } from "./service.ts";
import { currentStateFolder } from "./state-folder.ts";

export interface LoadOptions {
  /** A ggml file; undefined for the embedded demo model. */
  readonly modelPath: string | undefined;
  readonly language: string;
  readonly lanes: number;
  readonly threadsPerLane: number;
  readonly useGpu: boolean;
  /** 0..19: how much decoding gives way to the PBX's own audio when cores are short. */
  readonly niceness: number;
  readonly context: ServiceContext;
}

export interface LoadedModel {
  readonly name: string;
  /** The variant of the native library that this CPU runs. */
  readonly cpu: string;
  /** The encoder positions that the model hears well with. */
  readonly audioContext: AudioContextRule;
  /** The longest utterance that the model hears well. */
  readonly maxUtteranceMs: number;
  readonly recogniser: Recogniser;
  readonly voice: VoiceActivity;
  readonly socketControl: SocketControl;
  readonly readSocketTables: () => Promise<string>;
}

type ModelFacts = Pick<LoadedModel, "name" | "audioContext" | "maxUtteranceMs">;

/** The demo model was trained on up to 9 s of sound in 10.24 s of context. */
const demoFacts: ModelFacts = {
  name: "demo",
  audioContext: { floor: 256, margin: 25 },
  maxUtteranceMs: 9000,
};
/**
 * Whisper's own models were taught with 30 s of context, and very short ones make them stammer. With
 * 2.5 s beyond the utterance people measured no more errors; 384 is what that makes of five seconds.
 */
const realAudioContext: AudioContextRule = { floor: 384, margin: 128 };
/** A little less than whisper's window of 30 s. */
const realMaxUtteranceMs = 28_000;
/** Above what calls with bounded lines of utterances can have waiting together. */
const jobLimit = 4096;

/** Throws a WildfireError("native" or "model") in one line that says what to do. */
export async function loadRecogniser(options: LoadOptions): Promise<LoadedModel> {
  const { context, lanes, threadsPerLane, useGpu, niceness } = options;
  const platform = requirePlatform();
  const library = await requireLibrary(platform);
  const { facts, model } = await chooseModel(options);
  const path = await placeLibrary(library, platform, context);
  const { clock, log } = context;
  const recogniser = await openRecogniser({
    library: path,
    model,
    lanes,
    threadsPerLane,
    useGpu,
    jobLimit,
    niceness,
    clock,
    logger: log,
  });
  await requireLanguage(recogniser, options.language);
  const voiceModel = await Bun.file(embedded.voiceActivityModel).bytes();
  const voice = await openVoiceActivity({ library: path, model: voiceModel, clock, logger: log });
  const socketControl = nativeSocketControl(platform);
  return {
    ...facts,
    cpu: library.cpu,
    recogniser,
    voice,
    socketControl,
    readSocketTables: () => readSocketTables(platform),
  };
}

/** Too short for whisper.cpp to decode, so that this costs nothing but the check of its arguments. */
const probeSamples = 800;

/** A wrong --language is told at the start, not with each utterance of the first call. */
async function requireLanguage(recogniser: Recogniser, language: string): Promise<void> {
  const samples = new Float32Array(probeSamples);
  const settings = { language, audioContext: 0, translate: false, timestamps: true, prompt: "" };
  try {
    await recogniser.submit({ samples, ...settings, urgency: "final" }).result;
  } catch (error) {
    await recogniser.close();
    throw new WildfireError("usage", `--language: whisper does not know ${quote(language)}`, {
      cause: error,
      hint: "use a code such as en or de, or auto",
    });
  }
}

/** The variant of the native library that this CPU would run, for `--version`. */
export async function selectedCpu(): Promise<string> {
  return (await requireLibrary(requirePlatform())).cpu;
}

async function placeLibrary(
  library: EmbeddedLibrary,
  platform: Platform,
  context: ServiceContext,
): Promise<string> {
  const folders = candidateFolders({
    requested: context.stateFolder,
    usual: currentStateFolder(),
    runtime: process.env["XDG_RUNTIME_DIR"],
    shared: platform.sharedFolders,
    userId: process.getuid?.() ?? 0,
  });
  const path = await prepareLibrary({
    source: library.path,
    suffix: platform.librarySuffix,
    sha256: library.sha256,
    folders,
    findLoadProblem,
  });
  context.log.debug("native library", { path, cpu: library.cpu });
  return path;
}

function requirePlatform(): Platform {
  const platform = findPlatform(process.platform);
  if (platform !== undefined) return platform;
  throw new WildfireError("native", `Wildfire does not run on ${quote(process.platform)}`, {
    hint: "use Linux or macOS",
  });
}

async function requireLibrary(platform: Platform): Promise<EmbeddedLibrary> {
  const variant = chooseVariant(platform, process.arch, await readCpuFlags(platform));
  const library = embedded.nativeLibraries.find(({ cpu }) => cpu === variant?.name);
  if (library !== undefined) return library;
  throw new WildfireError(
    "native",
    `no native library for this ${process.arch} processor is inside`,
    {
      hint: "on x64 SSE4.2 is needed; otherwise use the executable for this kind of machine",
    },
  );
}

async function chooseModel(
  options: LoadOptions,
): Promise<{ readonly facts: ModelFacts; readonly model: RecogniserModel }> {
  const { modelPath, context } = options;
  if (modelPath !== undefined) {
    const { type, quantisation } = await inspectGgmlFile(modelPath);
    const name = `${modelPath} (${type}, ${quantisation})`;
    const facts = {
      name,
      audioContext: realAudioContext,
      maxUtteranceMs: realMaxUtteranceMs,
    };
    return { facts, model: { path: modelPath } };
  }
  context.log.info(
    "using the embedded demo model, which knows a few hundred words of telephone English; " +
      "for real calls give a ggml whisper model with --model",
  );
  const compressed = await Bun.file(embedded.demoModelGz).bytes();
  const bytes = await promisify(gunzip)(compressed);
  return { facts: demoFacts, model: { bytes, name: "embedded demo model" } };
}
