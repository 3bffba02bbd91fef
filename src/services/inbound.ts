/** `--service inbound`: plain RTP of a PBX, or a WAV file, as a call. */
import { resampleWhole } from "../audio/resample-whole.ts";
import { decodeWav, describeWav } from "../audio/wav.ts";
import type { OptionTable, OptionValues } from "../config/options.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { type AudioFeed, ChunkFeed, StreamFeed } from "../inbound/audio-feed.ts";
import { CallUplink, type UplinkOutcome } from "../inbound/uplink.ts";
import { WavPlayer } from "../inbound/wav-player.ts";
import { InboundRtp } from "./inbound-rtp.ts";
import { callerAudioRateHz } from "../wire/audio-frames.ts";
import type { CallId } from "../wire/call-id.ts";
import { callIdOption, requireCallId } from "./call-id-option.ts";
import { resolveHost } from "./host-port.ts";
import { readRecording } from "./recording-file.ts";
import {
  commonOptions,
  type RunningService,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
import { whisperLinkOptions } from "./whisper-link-options.ts";

const options = {
  ...callIdOption,
  wav: { kind: "string", value: "FILE", help: "WAV file that the caller speaks" },
  "rtp-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    help: "UDP port on which the caller's sound comes as RTP, in place of a file; 0 is any",
  },
  "rtp-bind": {
    kind: "string",
    value: "ADDRESS",
    default: "127.0.0.1",
    help: "address for that port; 0.0.0.0 for a PBX on another host",
  },
  loop: { kind: "boolean", help: "start the file again at its end, until stopped" },
  speed: {
    kind: "number",
    value: "X",
    min: 0.1,
    max: 1000,
    default: 1,
    help: "times real time",
  },
  chunked: { kind: "boolean", help: "send one chunk per utterance, as the legacy inbound does" },
  json: { kind: "boolean", help: "print each transcript as a JSON object on a line of its own" },
  ...whisperLinkOptions,
  ...commonOptions,
} as const satisfies OptionTable;

type InboundValues = OptionValues<typeof options>;

export const inboundService: ServiceDefinition<typeof options> = {
  name: "inbound",
  summary: "Takes a call as plain RTP, or plays a WAV file as one; prints the transcripts.",
  example: "wildfire --service inbound --call-id 111 --wav hello.wav",
  options,
  start: startInbound,
};

/** Whoever stops us waits this long for transcripts. */
const stopLimitMs = 8000;
/** Sound kept for a whisper that is not there or starts anew. */
const backlogSamples = 120 * callerAudioRateHz;

async function startInbound(
  values: InboundValues,
  context: ServiceContext,
): Promise<RunningService> {
  const callId = requireCallId(values["call-id"]);
  requireOneSource(values);
  const samples = values.wav === undefined ? undefined : await loadSpeech(values.wav, context);
  const feed: AudioFeed = values.chunked
    ? new ChunkFeed(backlogSamples)
    : new StreamFeed(backlogSamples);
  const uplink = await CallUplink.open({
    callId,
    bind: values.bind,
    whisperAddress: await resolveHost(values["whisper-host"], "--whisper-host"),
    whisperPort: values["whisper-port"],
    feed,
    clock: context.clock,
    log: context.log.child({ call: callId.text }),
    onTranscript: transcriptPrinter(values, callId, context),
  });
  if (samples === undefined) return await followRtp(values, uplink, context);
  return playFile(values, uplink, { samples, context });
}

interface Recording {
  readonly samples: Float32Array;
  readonly context: ServiceContext;
}

function playFile(
  values: InboundValues,
  uplink: CallUplink,
  { samples, context }: Recording,
): RunningService {
  const player = new WavPlayer({
    samples,
    speed: values.speed,
    loop: values.loop,
    clock: context.clock,
    onSamples: (block) => uplink.write(block),
  });
  const finished = player.done
    .then(() => uplink.finish())
    .then((outcome) => reportOutcome(outcome, context));
  return {
    ready: { file: values.wav },
    status: () => uplink.status(),
    async stop() {
      player.stop();
      await endCall(uplink, finished, context);
    },
    finished,
  };
}

/** The caller's sound comes from the network until the service is stopped. */
async function followRtp(
  values: InboundValues,
  uplink: CallUplink,
  context: ServiceContext,
): Promise<RunningService> {
  const { clock, log } = context;
  const rtp = await InboundRtp.open({
    hostname: values["rtp-bind"],
    port: values["rtp-port"] ?? 0,
    clock,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    onSamples: (block) => uplink.write(block),
    onDigit: (digit) => log.info("digit pressed", { private: { digit } }),
  });
  const finished = uplink.finished.then((outcome) => reportOutcome(outcome, context));
  return {
    ready: { address: `${values["rtp-bind"]}:${rtp.port}` },
    status: () => ({ ...uplink.status(), rtp: rtp.status() }),
    async stop() {
      rtp.close();
      void uplink.finish();
      await endCall(uplink, finished, context);
    },
    finished,
  };
}

async function endCall(
  uplink: CallUplink,
  finished: Promise<number>,
  { clock }: ServiceContext,
): Promise<void> {
  // Nobody who could still answer is there, or it takes longer than a stop may.
  if (!uplink.isConnected) uplink.close();
  const limit = clock.after(stopLimitMs, () => uplink.close());
  await finished;
  limit.cancel();
}

function requireOneSource(values: InboundValues): void {
  const isFile = values.wav !== undefined;
  if (isFile !== (values["rtp-port"] !== undefined)) return;
  const what = isFile
    ? "--wav and --rtp-port exclude each other"
    : "--wav or --rtp-port is missing";
  throw new WildfireError("usage", what, {
    hint: "give the file that the caller speaks, or the port of his sound",
  });
}

async function loadSpeech(path: string, context: ServiceContext): Promise<Float32Array> {
  const audio = decodeWav(await readRecording(path, "--wav"), path);
  context.log.info("playing", { file: path, audio: describeWav(audio) });
  if (audio.samples.length === 0)
    throw new WildfireError("audio", `${quote(path, 200)} holds no sound`);
  const rates = { fromHz: audio.sampleRateHz, toHz: callerAudioRateHz };
  return resampleWhole(audio.samples, rates);
}

function transcriptPrinter(
  values: InboundValues,
  callId: CallId,
  context: ServiceContext,
): (text: string) => void {
  return (text) => {
    if (!values.json) {
      context.print(text);
      return;
    }
    const time = new Date(context.clock.wallMs()).toISOString();
    context.print(JSON.stringify({ time, callId: callId.text, text }));
  };
}

function reportOutcome(outcome: UplinkOutcome, context: ServiceContext): number {
  const { isComplete, connects, transcripts, droppedSamples } = outcome;
  const droppedMs = Math.round((droppedSamples * 1000) / callerAudioRateHz);
  const fields = { transcripts, connects, droppedMs };
  if (isComplete) {
    context.log.info("call finished", fields);
    return 0;
  }
  const advice =
    connects === 0
      ? "start whisper: it never connected"
      : "whisper did not answer for all it heard";
  context.log.error("call finished incomplete", { ...fields, advice });
  return 1;
}
