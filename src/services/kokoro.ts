/** `--service kokoro`: speaks what the LLaMA answers, each call through its own way to outbound. */
import { SignalPort } from "../links/signal-port.ts";
import { TextIntake } from "../links/text-intake.ts";
import type { EngineChange } from "../voice/fallback-engine.ts";
import { LevelMemory } from "../voice/speech-level.ts";
import { VoiceCalls } from "../voice/voice-calls.ts";
import type { CallId } from "../wire/call-id.ts";
import { readySignalPort } from "../wire/ports.ts";
import { encodeRegistration, type SignalKind } from "../wire/registration.ts";
import { encodeReport } from "../wire/reports.ts";
import { EventStream } from "./event-stream.ts";
import { resolveHost } from "./host-port.ts";
import type { OpenBuiltinVoice } from "./kokoro-engine.ts";
import { type KokoroOptions, kokoroOptions, type KokoroValues } from "./kokoro-options.ts";
import { KokoroVoice } from "./kokoro-voice.ts";
import {
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
import { describeVoiceEvent, type VoiceServiceEvent } from "./voice-events.ts";

export function kokoroServiceWith(openBuiltin: OpenBuiltinVoice): ServiceDefinition<KokoroOptions> {
  return {
    name: "kokoro",
    summary: "Speaks the answers of all calls.",
    example: "wildfire --service kokoro --engine openai-speech --url http://127.0.0.1:8880",
    options: kokoroOptions,
    start: (values, context) => startKokoro(values, context, openBuiltin),
  };
}

async function startKokoro(
  values: KokoroValues,
  context: ServiceContext,
  openBuiltin: OpenBuiltinVoice,
): Promise<RunningKokoro> {
  const { clock } = context;
  const outboundAddress = await resolveHost(values["outbound-host"], "--outbound-host");
  const events = new EventStream<VoiceServiceEvent>({
    service: "kokoro",
    pid: process.pid,
    clock,
    describe: describeVoiceEvent,
  });
  const onChange = (change: EngineChange): void => events.publish({ about: "engine", change });
  const voice = await KokoroVoice.open(values, { context, openBuiltin, onChange });
  const { engine } = voice;
  try {
    return await openCalls({ values, context, voice, outboundAddress, events });
  } catch (error) {
    await engine.close();
    throw error;
  }
}

type RunningKokoro = RunningService<KokoroOptions>;

interface CallsOptions {
  readonly values: KokoroValues;
  readonly context: ServiceContext;
  readonly voice: KokoroVoice;
  readonly outboundAddress: string;
  readonly events: EventStream<VoiceServiceEvent>;
}

async function openCalls(given: CallsOptions): Promise<RunningKokoro> {
  const { values, context, voice, events } = given;
  const { engine } = voice;
  const { clock, log } = context;
  const { bind } = values;
  const signals = await SignalPort.open({
    bind,
    port: values["signal-port"],
    onSignal: (signal) => calls.signal(signal),
    onReport: (report) => calls.report(report),
    clock,
    log,
  });
  const calls = makeCalls(given, signals);
  const release = (): void => {
    calls.close();
    signals.close();
  };
  const intake = openIntake(given, calls, release);
  const address = `${bind}:${intake.port}`;
  return {
    ready: { engine: engine.name, address },
    status: () => ({
      address,
      signalPort: signals.port,
      engine: engine.current.status(),
      texts: intake.status(),
      signals: signals.status(),
      calls: calls.status(),
      events: events.status(),
    }),
    async stop() {
      intake.close();
      release();
      await engine.close();
    },
    events,
    reload: (next) => voice.renew(next),
    finished: runsUntilStopped,
  };
}

function makeCalls(given: CallsOptions, signals: SignalPort): VoiceCalls {
  const { values, context, voice, outboundAddress, events } = given;
  const { bind } = values;
  const llamaPort = values["llama-signal-port"];
  const tellOutbound = (kind: SignalKind, callId: CallId): void =>
    signals.send(encodeRegistration(kind, callId), readySignalPort(callId), outboundAddress);
  return new VoiceCalls({
    engine: voice.engine,
    levels: new LevelMemory(),
    manner: () => voice.manner,
    bind,
    announce: (callId) => tellOutbound("register", callId),
    // Both copies at once: a later one could flush what is spoken behind the SILENCE that follows.
    relay: (kind, callId) => twice(() => tellOutbound(kind, callId)),
    tell(report, address) {
      if (llamaPort === 0) return;
      const datagram = encodeReport(report);
      twice(() => signals.send(datagram, llamaPort, address));
    },
    onEvent: (call, event) => events.publish({ about: "call", call, event }),
    clock: context.clock,
    log: context.log,
  });
}

/** Nobody acknowledges a datagram. */
function twice(send: () => void): void {
  send();
  send();
}

function openIntake(
  { values, context }: CallsOptions,
  listener: VoiceCalls,
  release: () => void,
): TextIntake {
  const { bind, port } = values;
  const { clock, log } = context;
  try {
    return new TextIntake({
      bind,
      port,
      peerName: "the LLaMA",
      maxPendingBytes: 0,
      listener,
      clock,
      log,
    });
  } catch (error) {
    release();
    throw error;
  }
}
