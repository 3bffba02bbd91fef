/** `--service llama`: for now the echo back end, which prints what it is told and proves the way there. */
import type { OptionTable, OptionValues } from "../config/options.ts";
import { quote } from "../core/errors.ts";
import { listenTcp } from "../tcp.ts";
import type { TcpHandlers, TcpLink } from "../tcp-link.ts";
import { transcriptPort } from "../wire/ports.ts";
import { TextFrameDecoder, type TextFrameSink } from "../wire/text-frames.ts";
import {
  commonOptions,
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";

const options = {
  backend: {
    kind: "string",
    value: "NAME",
    choices: ["echo"],
    default: "echo",
    help: "what answers: echo prints each text",
  },
  port: {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: transcriptPort,
    help: "TCP port for transcripts",
  },
  bind: { kind: "string", value: "ADDRESS", default: "127.0.0.1", help: "address to listen on" },
  json: { kind: "boolean", help: "print each text as a JSON object on a line of its own" },
  ...commonOptions,
} as const satisfies OptionTable;

type LlamaValues = OptionValues<typeof options>;

export const llamaService: ServiceDefinition<typeof options> = {
  name: "llama",
  summary: "Takes the transcripts of all calls.",
  example: "wildfire --service llama --backend echo",
  options,
  start: async (values, context) => startEcho(values, context),
};

interface EchoCounters {
  connections: number;
  open: number;
  texts: number;
  byes: number;
  violations: number;
}

/** A peer that connects must say who it is within this time. */
const helloLimitMs = 5000;

function startEcho(values: LlamaValues, context: ServiceContext): RunningService {
  const counters: EchoCounters = { connections: 0, open: 0, texts: 0, byes: 0, violations: 0 };
  const print = values.json ? jsonPrinter(context) : textPrinter(context);
  const server = listenTcp({
    hostname: values.bind,
    port: values.port,
    maxPendingBytes: 1 << 16,
    accept: (link) => acceptEcho({ link, context, counters, print }),
  });
  context.log.info("llama is ready", {
    backend: values.backend,
    address: `${values.bind}:${server.port}`,
  });
  return {
    status: () => ({
      address: `${values.bind}:${server.port}`,
      backend: values.backend,
      ...counters,
    }),
    stop: async () => server.stop(true),
    finished: runsUntilStopped,
  };
}

type EchoPrinter = (callId: string, text: string) => void;

interface EchoConnection {
  readonly link: TcpLink;
  readonly context: ServiceContext;
  readonly counters: EchoCounters;
  readonly print: EchoPrinter;
}

function acceptEcho({ link, context, counters, print }: EchoConnection): TcpHandlers {
  const decoder = new TextFrameDecoder({ expectHello: true, zeroMeans: "close" });
  let callId: string | undefined;
  counters.connections += 1;
  counters.open += 1;
  const timer = context.clock.after(helloLimitMs, () => {
    context.log.warn("peer sent no HELLO, closing", { peer: link.remote });
    link.destroy();
  });
  const sink: TextFrameSink = {
    hello(text) {
      timer.cancel();
      callId = text;
      context.log.info("call connected", { call: text, peer: link.remote });
    },
    text(text) {
      counters.texts += 1;
      print(callId ?? "?", text);
    },
    bye() {
      counters.byes += 1;
      context.log.info("call ended", { call: callId });
    },
    close: () => link.end(),
    violation(reason) {
      counters.violations += 1;
      context.log.warn("peer broke the protocol, closing", { reason, call: quote(callId ?? "") });
      link.destroy();
    },
  };
  return {
    data: (bytes) => decoder.push(bytes, sink),
    closed(reason) {
      timer.cancel();
      counters.open -= 1;
      context.log.debug("connection closed", { call: callId, reason: reason.errno ?? reason.kind });
    },
  };
}

function textPrinter(context: ServiceContext): EchoPrinter {
  return (callId, text) => {
    const time = new Date(context.clock.wallMs()).toISOString().slice(11, 23);
    context.print(`${time} call ${callId}: ${text}`);
  };
}

function jsonPrinter(context: ServiceContext): EchoPrinter {
  return (callId, text) => {
    const time = new Date(context.clock.wallMs()).toISOString();
    context.print(JSON.stringify({ time, callId, text }));
  };
}
