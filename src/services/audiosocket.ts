/** `--service audiosocket`: takes calls from Asterisk's AudioSocket application, without SIP. */
import type { OptionTable, OptionValues } from "../config/options.ts";
import type { Logger } from "../core/log.ts";
import { replyRateHz } from "./audiosocket-call.ts";
import { audioSocketCommands } from "./audiosocket-commands.ts";
import { AudioSocketDoor } from "./audiosocket-door.ts";
import { AudioSocketExchange } from "./audiosocket-exchange.ts";
import type { CallAudioShared } from "./call-audio.ts";
import { CallAudioPool } from "./call-audio-pool.ts";
import { EventStream } from "./event-stream.ts";
import { FrameTicker } from "./frame-ticker.ts";
import { loadGreeting } from "./greeting.ts";
import { openCallRecorder } from "./history-settings.ts";
import { type HostPort, parseHostPort, resolveHost } from "./host-port.ts";
import { lineEchoOptions } from "./line-echo.ts";
import {
  describePhoneEvent,
  isPassingPhoneEvent,
  type PhoneCallEvent,
  type PhoneCallName,
  type PhoneEvent,
} from "./phone-events.ts";
import {
  commonOptions,
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
import { whisperLinkOptions } from "./whisper-link-options.ts";

const options = {
  listen: {
    kind: "string",
    value: "HOST:PORT",
    default: "127.0.0.1:9092",
    help: "where AudioSocket(UUID,HOST:PORT) of the dialplan connects",
  },
  "max-calls": {
    kind: "integer",
    value: "N",
    min: 1,
    max: 499,
    default: 100,
    help: "calls at the same time; more are refused",
  },
  greeting: { kind: "string", value: "FILE", help: "WAV file that each caller hears first" },
  json: {
    kind: "boolean",
    help: "print each transcript and each digit as a JSON object on a line of its own",
  },
  ...lineEchoOptions,
  ...whisperLinkOptions,
  ...commonOptions,
} as const satisfies OptionTable;

type AudioSocketValues = OptionValues<typeof options>;

export const audiosocketService: ServiceDefinition<typeof options> = {
  name: "audiosocket",
  summary: "Takes calls from Asterisk's AudioSocket application.",
  example: "wildfire --service audiosocket --listen 127.0.0.1:9092 --greeting hello.wav",
  options,
  start: startAudioSocket,
};

async function startAudioSocket(
  values: AudioSocketValues,
  context: ServiceContext,
): Promise<RunningService<typeof options>> {
  const { clock, log } = context;
  const address = parseHostPort(values.listen, "--listen");
  const greeting =
    values.greeting === undefined ? undefined : await loadGreeting(values.greeting, replyRateHz);
  const ticker = new FrameTicker(clock);
  const recorder = await openCallRecorder(values.config, context);
  const pool = await createPool(values, context, { ticker, recorder });
  const events = newEvents(context);
  const limits = { maxCalls: values["max-calls"] };
  const exchange = new AudioSocketExchange({
    maxCalls: () => limits.maxCalls,
    greeting,
    pool,
    clock,
    log,
    onEvent: listener(events, values.json ? jsonPrinter(context) : undefined),
  });
  const door = openDoor(address, exchange);
  const listening = `${address.host}:${door.port}`;
  const desk = {
    get talking() {
      return exchange.talking;
    },
    setDraining: (isDraining: boolean) => setDraining({ isDraining, door, exchange, events, log }),
  };
  return {
    ready: { address: listening },
    status: () => ({
      address: listening,
      state: door.isOpen ? "ready" : "draining",
      events: events.status(),
      ...exchange.status(),
      ticker: ticker.status(),
    }),
    events,
    command: audioSocketCommands(desk),
    async reload(next) {
      limits.maxCalls = next["max-calls"];
      return [];
    },
    async stop() {
      door.close();
      await exchange.stop();
      await recorder?.close();
    },
    finished: runsUntilStopped,
  };
}

interface Draining {
  readonly isDraining: boolean;
  readonly door: AudioSocketDoor;
  readonly exchange: AudioSocketExchange;
  readonly events: EventStream<PhoneEvent>;
  readonly log: Logger;
}

/**
 * Nobody listens while calls are to end: a connection that is refused at once is what lets a dialplan go on
 * elsewhere, while one that is taken and ended looks like a call that was answered.
 */
function setDraining({ isDraining, door, exchange, events, log }: Draining) {
  const calls = exchange.size;
  if (door.isOpen === !isDraining) return { isDraining, calls };
  if (isDraining) door.close();
  else door.open();
  log.info(isDraining ? "draining: no new calls are taken" : "calls are taken again", { calls });
  events.publish({ about: "service", isDraining, calls });
  return { isDraining, calls };
}

async function createPool(
  values: AudioSocketValues,
  context: ServiceContext,
  { ticker, recorder }: Pick<CallAudioShared, "ticker" | "recorder">,
): Promise<CallAudioPool> {
  const { clock, log } = context;
  const shared = {
    bind: values.bind,
    whisperAddress: await resolveHost(values["whisper-host"], "--whisper-host"),
    whisperPort: values["whisper-port"],
    ticker,
    hasEchoGuard: !values["no-echo-guard"],
    recorder,
    clock,
  };
  return new CallAudioPool(shared, log);
}

/** Frees what the exchange has when there is nothing to listen on. */
function openDoor({ host, port }: HostPort, exchange: AudioSocketExchange): AudioSocketDoor {
  try {
    return new AudioSocketDoor({ host, port, accept: (link) => exchange.accept(link) });
  } catch (error) {
    void exchange.stop();
    throw error;
  }
}

function newEvents({ clock }: ServiceContext): EventStream<PhoneEvent> {
  const { pid } = process;
  return new EventStream({
    service: "audiosocket",
    pid,
    clock,
    describe: describePhoneEvent,
    isPassing: isPassingPhoneEvent,
  });
}

type CallEventListener = (call: PhoneCallName, event: PhoneCallEvent) => void;

function listener(
  events: EventStream<PhoneEvent>,
  print: CallEventListener | undefined,
): CallEventListener {
  return (call, event) => {
    events.publish({ about: "call", call, event });
    print?.(call, event);
  };
}

/** Only what scripts have always been told, under the UUID that they gave. */
function jsonPrinter({ clock, print }: ServiceContext): CallEventListener {
  return ({ callId = "", remote: key }, event) => {
    const time = new Date(clock.wallMs()).toISOString();
    if (event.kind === "transcript") {
      print(JSON.stringify({ time, callId, key, text: event.text }));
    } else if (event.kind === "digit") {
      print(JSON.stringify({ time, callId, key, digit: event.digit }));
    }
  };
}
