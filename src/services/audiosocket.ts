/** `--service audiosocket`: takes calls from Asterisk's AudioSocket application, without SIP. */
import type { OptionTable, OptionValues } from "../config/options.ts";
import { WildfireError } from "../core/errors.ts";
import { listenTcp, type TcpServer } from "../tcp.ts";
import type { TcpHandlers, TcpLink } from "../tcp-link.ts";
import { type AudioSocketCallName, replyRateHz } from "./audiosocket-call.ts";
import { audioSocketCommands } from "./audiosocket-commands.ts";
import { AudioSocketExchange } from "./audiosocket-exchange.ts";
import { CallAudioPool } from "./call-audio-pool.ts";
import { FrameTicker } from "./frame-ticker.ts";
import { loadGreeting } from "./greeting.ts";
import { type HostPort, parseHostPort, resolveHost } from "./host-port.ts";
import { lineEchoOptions } from "./line-echo.ts";
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

const maxPendingBytes = 64 * 1024;

async function startAudioSocket(
  values: AudioSocketValues,
  context: ServiceContext,
): Promise<RunningService> {
  const { clock, log } = context;
  const address = parseHostPort(values.listen, "--listen");
  const greeting =
    values.greeting === undefined ? undefined : await loadGreeting(values.greeting, replyRateHz);
  const ticker = new FrameTicker(clock);
  const pool = await createPool(values, context, ticker);
  const exchange = new AudioSocketExchange({
    maxCalls: values["max-calls"],
    greeting,
    pool,
    clock,
    log,
    tell: values.json ? jsonPrinter(context) : () => undefined,
  });
  const server = listen(address, exchange);
  const listening = `${address.host}:${server.port}`;
  log.info("audiosocket is ready", { address: listening });
  return {
    status: () => ({ address: listening, ...exchange.status(), ticker: ticker.status() }),
    command: audioSocketCommands(exchange),
    async stop() {
      server.stop(false);
      await exchange.stop();
    },
    finished: runsUntilStopped,
  };
}

async function createPool(
  values: AudioSocketValues,
  context: ServiceContext,
  ticker: FrameTicker,
): Promise<CallAudioPool> {
  const { clock, log } = context;
  const shared = {
    bind: values.bind,
    whisperAddress: await resolveHost(values["whisper-host"], "--whisper-host"),
    whisperPort: values["whisper-port"],
    ticker,
    hasEchoGuard: !values["no-echo-guard"],
    clock,
  };
  return new CallAudioPool(shared, log);
}

/** Frees what the exchange has when there is nothing to listen on. */
function listen({ host, port }: HostPort, exchange: AudioSocketExchange): TcpServer {
  try {
    const accept = (link: TcpLink): TcpHandlers => exchange.accept(link);
    return listenTcp({ hostname: host, port, maxPendingBytes, accept });
  } catch (error) {
    void exchange.stop();
    if (!(error instanceof WildfireError)) throw error;
    const hint = "stop what has the port, or choose another one with --listen";
    throw new WildfireError("socket", error.message, { cause: error, hint });
  }
}

function jsonPrinter(
  context: ServiceContext,
): (call: AudioSocketCallName, what: Readonly<Record<string, string>>) => void {
  return (call, what) => {
    const time = new Date(context.clock.wallMs()).toISOString();
    context.print(JSON.stringify({ time, ...call, ...what }));
  };
}
