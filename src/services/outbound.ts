/** `--service outbound`: plays the replies of one call, and a greeting, as plain RTP to one destination. */
import { ReplyEncoder } from "../audio/reply-encoder.ts";
import type { OptionTable, OptionValues } from "../config/options.ts";
import { WildfireError } from "../core/errors.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import type { Greeting } from "../outbound/playout.ts";
import { ReplyPlayout } from "../outbound/reply-playout.ts";
import type { CallId } from "../wire/call-id.ts";
import { callIdOption, requireCallId } from "./call-id-option.ts";
import { FrameTicker } from "./frame-ticker.ts";
import { loadGreeting } from "./greeting.ts";
import { type HostPort, parseHostPort, resolveHost } from "./host-port.ts";
import { OutboundRtp } from "./outbound-rtp.ts";
import {
  commonOptions,
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";

const options = {
  ...callIdOption,
  "rtp-to": {
    kind: "string",
    value: "HOST:PORT",
    help: "where the sound is sent (required)",
  },
  "rtp-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: 0,
    help: "UDP port that it is sent from; 0 is any",
  },
  codec: {
    kind: "string",
    value: "NAME",
    choices: ["pcmu", "pcma"],
    default: "pcmu",
    help: "G.711 law: pcmu or pcma",
  },
  greeting: { kind: "string", value: "FILE", help: "WAV file that is played first" },
  bind: {
    kind: "string",
    value: "ADDRESS",
    default: "127.0.0.1",
    help: "address on which the voice announces its audio",
  },
  ...commonOptions,
} as const satisfies OptionTable;

type OutboundValues = OptionValues<typeof options>;

export const outboundService: ServiceDefinition<typeof options> = {
  name: "outbound",
  summary: "Plays the replies of one call as plain RTP.",
  example: "wildfire --service outbound --call-id 111 --rtp-to 192.0.2.10:4000",
  options,
  start: startOutbound,
};

const rateHz = 8_000;
const frameMs = 20;

async function startOutbound(
  values: OutboundValues,
  context: ServiceContext,
): Promise<RunningService> {
  const callId = requireCallId(values["call-id"]);
  const destination = await requireDestination(values["rtp-to"]);
  const format = values.codec === "pcma" ? "PCMA" : "PCMU";
  const greeting =
    values.greeting === undefined ? undefined : await loadGreeting(values.greeting, rateHz);
  const log = context.log.child({ call: callId.text });
  const repeated = new RepeatedLog(log, context.clock);
  const rtp = await OutboundRtp.open({
    destination,
    port: values["rtp-port"],
    format,
    frameMs,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    repeated,
  });
  const release = (): void => {
    rtp.close();
    repeated.close();
  };
  const encoder = new ReplyEncoder({ format, ptimeMs: frameMs });
  const opening = openReplies({ callId, values, context, encoder, greeting });
  opening.catch(release);
  const replies = await opening;
  const ticker = new FrameTicker(context.clock);
  const ticking = ticker.add(frameMs, (missed) => rtp.send(replies.next(), missed));
  return {
    ready: { to: values["rtp-to"], from: rtp.port, codec: values.codec },
    status: () => ({
      callId: callId.text,
      rtp: rtp.status(),
      replies: replies.status(),
      ticker: ticker.status(),
    }),
    async stop() {
      ticking.cancel();
      replies.close();
      release();
    },
    finished: runsUntilStopped,
  };
}

interface RepliesOptions {
  readonly callId: CallId;
  readonly values: OutboundValues;
  readonly context: ServiceContext;
  readonly encoder: ReplyEncoder;
  readonly greeting: Greeting | undefined;
}

function openReplies(given: RepliesOptions): Promise<ReplyPlayout> {
  const { callId, values, context, encoder, greeting } = given;
  const { clock } = context;
  const log = context.log.child({ call: callId.text });
  return ReplyPlayout.open({
    callId,
    bind: values.bind,
    encoder,
    greeting,
    clock,
    log,
    listener: {
      drained: () => log.info("all is said"),
      speaking: (waitMs) => log.info("a reply begins", { waitMs: Math.round(waitMs) }),
      played: (report) => log.info("played", { ...report }),
    },
  });
}

async function requireDestination(text: string | undefined): Promise<HostPort> {
  if (text === undefined) {
    throw new WildfireError("usage", "--rtp-to is missing", {
      hint: "give where the sound is sent, such as --rtp-to 127.0.0.1:4000",
    });
  }
  const { host, port } = parseHostPort(text, "--rtp-to");
  return { host: await resolveHost(host, "--rtp-to"), port };
}
