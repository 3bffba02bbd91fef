/** `--service whisper`: joins registration, recognition and the LLaMA bridge into one process. */
import type { Clock } from "../core/clock.ts";
import type { OptionTable, OptionValues } from "../config/options.ts";
import type { Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { LoopDelayMonitor } from "../core/loop-delay.ts";
import { TextBridge } from "../llama-bridge/bridge.ts";
import type { HearingSettings } from "../whisper/call-session.ts";
import { Calls } from "../whisper/calls.ts";
import { LaneScheduler, type Overload } from "../whisper/lane-scheduler.ts";
import { RegistrationListener } from "../whisper/registration-listener.ts";
import { registrationPort, transcriptPort, voiceSignalPort } from "../wire/ports.ts";
import { versionInfo } from "../version.ts";
import { CallerSignals, type SignalPeer } from "./caller-signals.ts";
import { EventStream } from "./event-stream.ts";
import { type CallHearing, describeHearing } from "./hearing-record.ts";
import { resolveHost } from "./host-port.ts";
import { earSettings, hearingOptions, loadOptions } from "./hearing-options.ts";
import { type LoadedModel, loadRecogniser } from "./recognition.ts";
import { openRecorder, type Recorder, recorderOptions } from "./recorder.ts";
import {
  commonOptions,
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";

const options = {
  ...hearingOptions,
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
  "llama-signal-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    help: "UDP port of the LLaMA, which is told of calls and callers; without it --llama-port; 0 none",
  },
  "voice-host": {
    kind: "string",
    value: "HOST",
    default: "127.0.0.1",
    help: "where the voice listens",
  },
  "voice-signal-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: voiceSignalPort,
    help: "UDP port of the voice, which is told when callers speak; 0 none",
  },
  "back-channel": {
    kind: "integer",
    value: "MS",
    min: 0,
    max: 5000,
    default: 400,
    help: "less speech than this lets the agent only pause; 0: any sound interrupts it",
  },
  "chunk-utterance": {
    kind: "integer",
    value: "MS",
    min: 0,
    max: 60_000,
    default: 400,
    help: "a chunk at least this long is a finished utterance; 0 never",
  },
  "no-partials": { kind: "boolean", help: "no texts of unfinished utterances for those who watch" },
  "idle-limit": {
    kind: "integer",
    value: "S",
    min: 1,
    max: 86_400,
    default: 900,
    help: "a call without any audio for this long is over",
  },
  ...recorderOptions,
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
const overloadCheckMs = 1000;

interface Parts {
  readonly values: WhisperValues;
  readonly context: ServiceContext;
  readonly model: LoadedModel;
  readonly recorder: Recorder | undefined;
  readonly events: EventStream<CallHearing>;
  readonly bridge: TextBridge;
  readonly signals: CallerSignals;
  readonly scheduler: LaneScheduler;
  readonly overloadCheck: Timer;
  readonly calls: Calls;
  readonly listener: RegistrationListener;
  readonly loopDelay: LoopDelayMonitor;
}

async function startWhisper(
  values: WhisperValues,
  context: ServiceContext,
): Promise<RunningService> {
  const startedMs = context.clock.nowMs();
  const model = await loadRecogniser(loadOptions(values, context));
  const parts = await joinParts(values, context, model);
  const { listener, events } = parts;
  return {
    ready: {
      model: model.name,
      cpu: model.cpu,
      lanes: model.recogniser.status().lanes,
      port: listener.port,
      llama: `${values["llama-host"]}:${values["llama-port"]}`,
      startMs: Math.round(context.clock.nowMs() - startedMs),
    },
    status: () => describe(parts),
    stop: () => stop(parts),
    events,
    finished: runsUntilStopped,
  };
}

async function joinParts(
  values: WhisperValues,
  context: ServiceContext,
  model: LoadedModel,
): Promise<Parts> {
  const { clock, log } = context;
  const { recogniser, socketControl: control } = model;
  const recorder = await openRecorderIfAsked(values, context, model);
  const events = newEvents(clock);
  const bridge = newBridge(values, context, model);
  const signals = await openSignals(values, context, () => listener.port);
  const onOverload = (overload: Overload): void => warnOfOverload(log, overload);
  const scheduler = new LaneScheduler({ recogniser, clock, onOverload });
  const calls = new Calls({
    recogniser: scheduler,
    voice: model.voice,
    settings: hearingSettings(values, model),
    texts: bridge,
    openSignals: (callId, address) => signals.begin(callId, address),
    onEvent: (call, event) => {
      events.publish({ call, event });
      if (event.kind === "final") recorder?.keep(call, event);
    },
    isWatched: () => events.isWatched,
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
  const overloadCheck = clock.every(overloadCheckMs, () => scheduler.check());
  const loopDelay = new LoopDelayMonitor(clock, () => calls.size > 0);
  return {
    values,
    context,
    model,
    recorder,
    events,
    bridge,
    signals,
    scheduler,
    overloadCheck,
    calls,
    listener,
    loopDelay,
  };
}

function newBridge(
  values: WhisperValues,
  { clock, log }: ServiceContext,
  { socketControl: control, readSocketTables }: LoadedModel,
): TextBridge {
  const hostname = values["llama-host"];
  const port = values["llama-port"];
  return new TextBridge({ hostname, port, clock, log, control, readSocketTables });
}

async function openSignals(
  values: WhisperValues,
  { clock, log }: ServiceContext,
  ownPort: () => number,
): Promise<CallerSignals> {
  const voice = await signalPeer(values, "voice-host", values["voice-signal-port"]);
  const llamaPort = values["llama-signal-port"] ?? values["llama-port"];
  const llama = await signalPeer(values, "llama-host", llamaPort);
  return await CallerSignals.open({ voice, llama, ownPort, clock, log });
}

/** Datagrams are sent to addresses, which are looked up here, once. */
async function signalPeer(
  values: WhisperValues,
  option: "voice-host" | "llama-host",
  port: number,
): Promise<SignalPeer | undefined> {
  if (port === 0) return undefined;
  return { address: await resolveHost(values[option], `--${option}`), port };
}

async function openRecorderIfAsked(
  values: WhisperValues,
  context: ServiceContext,
  model: LoadedModel,
): Promise<Recorder | undefined> {
  const folder = values.record;
  if (folder === undefined) return undefined;
  const { clock, log } = context;
  const limitBytes = values["record-limit"] * 1_000_000;
  const about = { ...versionInfo(), model: model.name, cpu: model.cpu };
  return await openRecorder({ folder, limitBytes, clock, log, about });
}

function hearingSettings(values: WhisperValues, model: LoadedModel): HearingSettings {
  const chunkMs = values["chunk-utterance"];
  return {
    ...earSettings(values, model),
    backChannelMs: values["back-channel"],
    chunkUtteranceMs: chunkMs === 0 ? Number.POSITIVE_INFINITY : chunkMs,
    partials: !values["no-partials"],
    idleLimitMs: values["idle-limit"] * 1000,
  };
}

function warnOfOverload(log: Logger, overload: Overload): void {
  const { oldestFinalMs, waitingFinals, lanes, neededLanes } = overload;
  const missing = Math.max(1, Math.ceil(neededLanes - lanes));
  log.warn(`recognition lags behind: a caller's words have waited ${oldestFinalMs} ms`, {
    waiting: waitingFinals,
    lanes,
    needed: neededLanes.toFixed(1),
    advice: `give it ${missing} more ${missing === 1 ? "core" : "cores"}, or a smaller --model`,
  });
}

function describe(parts: Parts): Record<string, unknown> {
  const { model, recorder, events, bridge, signals, scheduler, calls, listener, loopDelay } = parts;
  const registration = listener.status();
  return {
    patterns: registration.patterns,
    model: { name: model.name, cpu: model.cpu },
    registration,
    totals: calls.totals,
    calls: calls.status(),
    llama: bridge.status(),
    signals: signals.status(),
    recogniser: scheduler.status(),
    voiceActivity: model.voice.status(),
    events: events.status(),
    recorder: recorder?.status() ?? null,
    eventLoopDelay: loopDelay.read(),
    memoryBytes: process.memoryUsage.rss(),
  };
}

async function stop(parts: Parts): Promise<void> {
  const { context, model, recorder, bridge, signals, calls, listener, loopDelay } = parts;
  listener.close();
  parts.overloadCheck.cancel();
  await calls.shutdown(drainLimitMs);
  signals.close();
  const givenUp = await bridge.close(farewellLimitMs);
  if (givenUp > 0) context.log.warn("texts that the LLaMA did not take", { count: givenUp });
  loopDelay.close();
  await recorder?.close();
  await model.recogniser.close();
  await model.voice.close();
  context.log.info("whisper has stopped", { ...calls.totals });
}

function newEvents(clock: Clock): EventStream<CallHearing> {
  const { pid } = process;
  return new EventStream({
    service: "whisper",
    pid,
    clock,
    describe: describeHearing,
    isPassing: ({ event }) => event.kind === "partial",
  });
}
