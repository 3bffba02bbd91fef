/** `--service llama`: holds the conversations of all calls and has the answers spoken. */
import { LoopDelayMonitor } from "../core/loop-delay.ts";
import { TextIntake } from "../links/text-intake.ts";
import { SignalPort } from "../links/signal-port.ts";
import { TextBridge } from "../llama-bridge/bridge.ts";
import type { CallSurroundings } from "../llama-bridge/call/llama-call.ts";
import { LlamaCalls, type VoicePaths } from "../llama-bridge/call/llama-calls.ts";
import type { LlamaCallEvent } from "../llama-bridge/call/call-events.ts";
import { EventStream } from "./event-stream.ts";
import type { EventCall } from "./hearing-record.ts";
import { resolveHost } from "./host-port.ts";
import { LlamaBrain } from "./llama-brain.ts";
import { llamaOptions, type LlamaValues } from "./llama-options.ts";
import { PhoneControl } from "./phone-control.ts";
import {
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
import { KokoroPaths, ReturnPaths } from "./voice-paths.ts";

export const llamaService: ServiceDefinition<typeof llamaOptions> = {
  name: "llama",
  summary: "Holds the conversations of all calls.",
  example: "wildfire --service llama --backend openai --url http://127.0.0.1:8080",
  options: llamaOptions,
  start: startLlama,
};

/** Of answers that go back by the connection that the texts came by, and which nobody may read. */
const maxReturnBytes = 64 * 1024;
const farewellLimitMs = 1000;
/** A caller who is connected for so long has been greeted, or is not to be any more. */
const greetingLimitMs = 3000;

interface CallEvent {
  readonly call: EventCall;
  readonly event: LlamaCallEvent;
}

async function startLlama(values: LlamaValues, context: ServiceContext): Promise<RunningLlama> {
  const { clock, log } = context;
  const brain = await LlamaBrain.open(values, context);
  const voiceAddress = await resolveHost(values["out-host"], "--out-host");
  const events = newEvents(context);
  const phone = new PhoneControl({ stateFolder: context.stateFolder, clock, log });
  const signals = new VoiceSignals(values["voice-signal-port"], voiceAddress);
  const voice = openVoice(values, context, signals);
  const calls = new LlamaCalls({
    settings: brain.settings,
    asker: brain,
    paths: voice.paths,
    lookUp: (callId) => lookUp(phone, callId),
    tell: (call, event) => events.publish({ call, event }),
    onText: values.json ? jsonPrinter(context) : textPrinter(context),
    clock,
    log,
  });
  return run({ values, context, brain, signals, voice, calls, events });
}

type RunningLlama = RunningService<typeof llamaOptions>;

/** Tells the voice to be quiet, from the port for signals, which is opened last. */
class VoiceSignals {
  port: SignalPort | undefined;
  readonly #voicePort: number;
  readonly #address: string;

  constructor(voicePort: number, address: string) {
    this.#voicePort = voicePort;
    this.#address = address;
  }

  send(datagram: Uint8Array): void {
    if (this.#voicePort !== 0) this.port?.send(datagram, this.#voicePort, this.#address);
  }
}

interface Parts {
  readonly values: LlamaValues;
  readonly context: ServiceContext;
  readonly brain: LlamaBrain;
  readonly signals: VoiceSignals;
  readonly voice: Voice;
  readonly calls: LlamaCalls;
  readonly events: EventStream<CallEvent>;
}

async function run(parts: Parts): Promise<RunningLlama> {
  const { values, context, brain, signals, voice, calls, events } = parts;
  const { clock } = context;
  const ports: { intake?: TextIntake } = {};
  const release = async (): Promise<void> => {
    ports.intake?.close();
    calls.close();
    signals.port?.close();
    await voice.bridge?.close(farewellLimitMs);
  };
  const intake = await openPorts(parts, ports).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  const address = `${values.bind}:${intake.port}`;
  const loopDelay = new LoopDelayMonitor(clock, () => calls.size > 0);
  return {
    ready: { backend: brain.backend, address },
    status: () => ({
      address,
      backend: brain.backend,
      ...intake.status(),
      signals: signals.port?.status(),
      calls: calls.status(),
      voice: voice.paths.status(),
      events: events.status(),
      eventLoopDelay: loopDelay.read(),
      memoryBytes: process.memoryUsage.rss(),
    }),
    events,
    async reload(next) {
      const changed = await brain.renew(next);
      calls.renew(brain.settings);
      return changed;
    },
    async stop() {
      loopDelay.close();
      await release();
    },
    finished: runsUntilStopped,
  };
}

/** What is open already stands in `ports` when the other one cannot be had. */
async function openPorts(parts: Parts, ports: { intake?: TextIntake }): Promise<TextIntake> {
  const intake = openIntake(parts);
  ports.intake = intake;
  parts.signals.port = await openSignals(parts, intake.port);
  return intake;
}

function openIntake({ values, context, calls }: Parts): TextIntake {
  const { clock, log } = context;
  return new TextIntake({
    bind: values.bind,
    port: values.port,
    peerName: "whisper",
    maxPendingBytes: maxReturnBytes,
    listener: calls,
    clock,
    log,
  });
}

/** By UDP, the same number as for the texts. */
async function openSignals({ values, context, calls }: Parts, port: number): Promise<SignalPort> {
  const { clock, log } = context;
  return await SignalPort.open({
    bind: values.bind,
    port,
    onSignal: (signal) => calls.signal(signal),
    onReport: (report) => calls.report(report),
    clock,
    log,
  });
}

interface Voice {
  readonly paths: VoicePaths & { status(): Record<string, unknown> };
  /** Undefined where answers go back by the connection that the texts came by. */
  readonly bridge: TextBridge | undefined;
}

function openVoice(
  values: LlamaValues,
  { clock, log }: ServiceContext,
  signals: VoiceSignals,
): Voice {
  const port = values["out-port"];
  if (port === 0) return { paths: new ReturnPaths(), bridge: undefined };
  const bridge = new TextBridge({
    hostname: values["out-host"],
    port,
    peerName: "the voice",
    clock,
    log,
  });
  return { paths: new KokoroPaths({ bridge, signals, clock }), bridge };
}

async function lookUp(phone: PhoneControl, callId: string): Promise<CallSurroundings> {
  const info = await phone.find(callId);
  if (info === undefined) return unknownCall;
  const { service, socket, key, remote, line, ageMs } = info;
  const isTelephone = service === "sip";
  return {
    key: `${socket.pid}/${key}`,
    // AudioSocket tells a UUID, which says nothing to anybody.
    caller: isTelephone ? remote : "",
    line,
    actions: phone.actions(info),
    canTransfer: isTelephone,
    isUnderWay: ageMs > greetingLimitMs,
  };
}

const unknownCall: CallSurroundings = {
  key: undefined,
  caller: "",
  line: "",
  actions: undefined,
  canTransfer: false,
  isUnderWay: false,
};

function newEvents({ clock }: ServiceContext): EventStream<CallEvent> {
  return new EventStream({
    service: "llama",
    pid: process.pid,
    clock,
    describe: ({ call, event }) => ({ ...event, callId: call.callId, key: call.key }),
  });
}

type TextPrinter = (callId: string, text: string) => void;

function textPrinter({ clock, print }: ServiceContext): TextPrinter {
  return (callId, text) => {
    const time = new Date(clock.wallMs()).toISOString().slice(11, 23);
    print(`${time} call ${callId}: ${onOneLine(text)}`);
  };
}

/** Control characters of a stranger have no business in a terminal. */
function onOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}

function jsonPrinter({ clock, print }: ServiceContext): TextPrinter {
  return (callId, text) => {
    const time = new Date(clock.wallMs()).toISOString();
    print(JSON.stringify({ time, callId, text }));
  };
}
