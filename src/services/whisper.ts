/** `--service whisper`: joins registration, recognition and the LLaMA bridge into one process. */
import { availableParallelism } from "node:os";
import type { OptionTable, OptionValues } from "../config/options.ts";
import { LoopDelayMonitor } from "../core/loop-delay.ts";
import type { SocketControl } from "../core/socket-control.ts";
import { LlamaBridge } from "../llama-bridge/bridge.ts";
import type { HearingSettings } from "../whisper/call-session.ts";
import { Calls } from "../whisper/calls.ts";
import type { Recogniser } from "../whisper/recogniser.ts";
import { RegistrationListener } from "../whisper/registration-listener.ts";
import { registrationPort, transcriptPort } from "../wire/ports.ts";
import { type LoadedModel, loadRecogniser } from "./recognition.ts";
import {
  commonOptions,
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";

const options = {
  model: {
    kind: "string",
    short: "m",
    value: "FILE",
    help: "ggml whisper model; without it the embedded demo model",
  },
  threads: {
    kind: "integer",
    short: "t",
    value: "N",
    min: 1,
    max: 64,
    default: 1,
    help: "threads per lane",
  },
  lanes: {
    kind: "integer",
    value: "N",
    min: 1,
    max: 64,
    help: "utterances decoded at the same time; without it as many as the cores carry",
  },
  language: {
    kind: "string",
    short: "l",
    value: "LANG",
    default: "en",
    help: "spoken language, or auto",
  },
  port: {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: registrationPort,
    help: "UDP port for registrations",
  },
  bind: { kind: "string", value: "ADDRESS", default: "127.0.0.1", help: "address to listen on" },
  "llama-host": {
    kind: "string",
    value: "HOST",
    default: "127.0.0.1",
    help: "where the LLaMA listens",
  },
  "llama-port": {
    kind: "integer",
    value: "PORT",
    min: 1,
    max: 65_535,
    default: transcriptPort,
    help: "TCP port of the LLaMA",
  },
  translate: { kind: "boolean", help: "translate to English" },
  "no-timestamps": { kind: "boolean", help: "decode without time stamps" },
  "no-gpu": { kind: "boolean", help: "do not use a graphics processor" },
  "chunk-utterance": {
    kind: "integer",
    value: "MS",
    min: 0,
    max: 60_000,
    default: 400,
    help: "a chunk at least this long is a finished utterance; 0 never",
  },
  "end-silence": {
    kind: "integer",
    value: "MS",
    min: 100,
    max: 5000,
    default: 500,
    help: "silence that ends an utterance",
  },
  "max-utterance": {
    kind: "integer",
    value: "MS",
    min: 1000,
    max: 29_000,
    help: "longer ones are split; without it as long as the model hears well",
  },
  "idle-limit": {
    kind: "integer",
    value: "S",
    min: 1,
    max: 86_400,
    default: 900,
    help: "a call without any audio for this long is over",
  },
  ...commonOptions,
} as const satisfies OptionTable;

export type WhisperValues = OptionValues<typeof options>;

export const whisperService: ServiceDefinition<typeof options> = {
  name: "whisper",
  summary:
    "Hears calls: takes their audio, transcribes it with whisper.cpp, passes the text to the LLaMA.",
  example: "wildfire --service whisper --model /models/ggml-base.en.bin",
  options,
  start: startWhisper,
};

/** What was heard must be finished by then. */
const drainLimitMs = 8000;
const farewellLimitMs = 2000;

interface Parts {
  readonly values: WhisperValues;
  readonly context: ServiceContext;
  readonly model: LoadedModel;
  readonly bridge: LlamaBridge;
  readonly calls: Calls;
  readonly listener: RegistrationListener;
  readonly loopDelay: LoopDelayMonitor;
}

async function startWhisper(
  values: WhisperValues,
  context: ServiceContext,
): Promise<RunningService> {
  const startedMs = context.clock.nowMs();
  const model = await loadRecogniser({
    modelPath: values.model,
    language: values.language,
    lanes: values.lanes ?? lanesFor(values.threads),
    threadsPerLane: values.threads,
    useGpu: !values["no-gpu"],
    context,
  });
  const parts = await joinParts(values, context, model);
  const { listener } = parts;
  context.log.info("whisper is ready", {
    model: model.name,
    cpu: model.cpu,
    lanes: model.recogniser.status().lanes,
    port: listener.port,
    llama: `${values["llama-host"]}:${values["llama-port"]}`,
    startMs: Math.round(context.clock.nowMs() - startedMs),
  });
  return { status: () => describe(parts), stop: () => stop(parts), finished: runsUntilStopped };
}

async function joinParts(
  values: WhisperValues,
  context: ServiceContext,
  model: LoadedModel,
): Promise<Parts> {
  const { clock, log } = context;
  const control: SocketControl | undefined = model.socketControl;
  const bridge = new LlamaBridge({
    hostname: values["llama-host"],
    port: values["llama-port"],
    clock,
    log,
    control,
    readSocketTables: model.readSocketTables,
  });
  const settings = hearingSettings(values, model);
  const calls = new Calls({
    recogniser: model.recogniser,
    settings,
    texts: bridge,
    clock,
    log,
    control,
  });
  const listener = await RegistrationListener.open({
    hostname: values.bind,
    port: values.port,
    clock,
    log,
    control,
    onRegister: (callId, address) => calls.register(callId, address),
    onBye: (callId) => calls.bye(callId),
  });
  return {
    values,
    context,
    model,
    bridge,
    calls,
    listener,
    loopDelay: new LoopDelayMonitor(clock),
  };
}

/** One lane per core, or as many as there are cores for lanes of several threads. */
function lanesFor(threadsPerLane: number): number {
  return Math.max(1, Math.floor(availableParallelism() / threadsPerLane));
}

function hearingSettings(values: WhisperValues, model: LoadedModel): HearingSettings {
  const chunkMs = values["chunk-utterance"];
  return {
    decode: {
      language: values.language,
      translate: values.translate,
      timestamps: !values["no-timestamps"],
      audioContext: model.audioContext,
    },
    chunkUtteranceMs: chunkMs === 0 ? Number.POSITIVE_INFINITY : chunkMs,
    endSilenceMs: values["end-silence"],
    maxUtteranceMs: values["max-utterance"] ?? model.maxUtteranceMs,
    idleLimitMs: values["idle-limit"] * 1000,
  };
}

function describe(parts: Parts): Record<string, unknown> {
  const { model, bridge, calls, listener, loopDelay } = parts;
  const registration = listener.status();
  return {
    patterns: registration.patterns,
    model: { name: model.name, cpu: model.cpu, audioContext: model.audioContext },
    registration,
    totals: calls.totals,
    calls: calls.status(),
    llama: bridge.status(),
    recogniser: model.recogniser.status(),
    eventLoopDelay: loopDelay.read(),
    memoryBytes: process.memoryUsage.rss(),
  };
}

async function stop(parts: Parts): Promise<void> {
  const { context, model, bridge, calls, listener, loopDelay } = parts;
  listener.close();
  await calls.shutdown(drainLimitMs);
  const givenUp = await bridge.close(farewellLimitMs);
  if (givenUp > 0) context.log.warn("texts that the LLaMA did not take", { count: givenUp });
  loopDelay.close();
  await closeRecogniser(model.recogniser);
  context.log.info("whisper has stopped", { ...calls.totals });
}

async function closeRecogniser(recogniser: Recogniser): Promise<void> {
  await recogniser.close();
}
