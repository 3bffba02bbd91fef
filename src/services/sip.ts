/** `--service sip`: an extension of a PBX; each call's sound goes to whisper, and replies come back. */
import { WildfireError } from "../core/errors.ts";
import { versionInfo } from "../version.ts";
import { CallAudioPool } from "./call-audio-pool.ts";
import type { CallRecorder } from "./call-recorder.ts";
import { EventStream } from "./event-stream.ts";
import { FrameTicker } from "./frame-ticker.ts";
import { loadGreeting } from "./greeting.ts";
import { openCallRecorder } from "./history-settings.ts";
import { resolveHost } from "./host-port.ts";
import { describePhoneEvent, isPassingPhoneEvent, type PhoneEvent } from "./phone-events.ts";
import type { PhoneSoundShared } from "./phone-sound.ts";
import { RtpPortPool } from "../call/rtp/port-pool.ts";
import {
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
import {
  readAccounts,
  readCodecs,
  readPortRange,
  readSrtpRule,
  readText,
  sipOptions,
  type SipValues,
} from "./sip-options.ts";
import { phoneCommands } from "./phone-commands.ts";
import { type LineAccount, Telephone } from "./telephone.ts";

export const sipService: ServiceDefinition<typeof sipOptions> = {
  name: "sip",
  summary: "Registers as extensions of a PBX and takes their calls.",
  example: "WILDFIRE_LINE_PASSWORD=… wildfire --service sip --line 100@192.168.1.10",
  options: sipOptions,
  start: startSip,
};

/** Rate at which recordings are kept: what G.711 lines play. */
const greetingRateHz = 8000;
/** A stop waits this long for the last transcripts. */
const stopLimitMs = 8000;

async function startSip(
  values: SipValues,
  context: ServiceContext,
): Promise<RunningService<typeof sipOptions>> {
  const { clock, log } = context;
  const accounts = await readAccounts(values, process.env);
  const caPath = values["tls-ca"];
  const ca = caPath === undefined ? undefined : await readText(caPath, "--tls-ca");
  const events = createEvents(values, context);
  const recorder = await openCallRecorder(values.config, context);
  const sound = await createSound(values, context, recorder);
  const limits = { maxCalls: values["max-calls"] };
  const telephone = await Telephone.open({
    accounts,
    sound,
    bind: values["sip-bind"],
    port: values["sip-port"],
    advertise: values.advertise,
    tls: { ca, verify: !values["tls-insecure"] },
    maxCalls: () => limits.maxCalls,
    product: `Wildfire/${versionInfo().version}`,
    clock,
    log,
    control: undefined,
    events,
  });
  return {
    ready: { port: telephone.port, lines: accounts.length },
    status: () => ({ port: telephone.port, events: events.status(), ...telephone.status() }),
    events,
    command: phoneCommands(telephone),
    async reload(next) {
      await requireSameAccounts(next, accounts);
      limits.maxCalls = next["max-calls"];
      return [];
    },
    async stop() {
      await telephone.stop();
      const limit = clock.after(stopLimitMs, () => sound.pool.close());
      await sound.pool.drained();
      limit.cancel();
      sound.pool.close();
      await recorder?.close();
    },
    finished: runsUntilStopped,
  };
}

/** Lines register with what they were started with; their options are the same by then. */
async function requireSameAccounts(
  values: SipValues,
  before: readonly LineAccount[],
): Promise<void> {
  if (Bun.deepEquals(await readAccounts(values, process.env), before)) return;
  const message = "the passwords of the lines are others now";
  throw new WildfireError("state", message, { hint: "restart sip" });
}

/** With `--json` standard output is one more listener. */
function createEvents(values: SipValues, context: ServiceContext): EventStream<PhoneEvent> {
  const { clock, print } = context;
  const events = new EventStream({
    service: "sip",
    pid: process.pid,
    clock,
    describe: describePhoneEvent,
    isPassing: isPassingPhoneEvent,
  });
  if (values.json) {
    const decoder = new TextDecoder();
    const printer = events.subscribe({
      write(bytes) {
        print(decoder.decode(bytes).trimEnd());
        return true;
      },
      pendingBytes: 0,
    });
    printer?.wantPassing(false);
  }
  return events;
}

async function createSound(
  values: SipValues,
  context: ServiceContext,
  recorder: CallRecorder | undefined,
): Promise<PhoneSoundShared> {
  const { clock, log } = context;
  const whisperAddress = await resolveHost(values["whisper-host"], "--whisper-host");
  const { greeting } = values;
  const ticker = new FrameTicker(clock);
  const shared = {
    bind: values.bind,
    whisperAddress,
    whisperPort: values["whisper-port"],
    ticker,
    hasEchoGuard: !values["no-echo-guard"],
    recorder,
    clock,
  };
  return {
    clock,
    ticker,
    pool: new CallAudioPool(shared, log),
    ports: new RtpPortPool(readPortRange(values["rtp-ports"])),
    bind: values["sip-bind"],
    media: {
      codecs: readCodecs(values.codecs),
      order: "theirs",
      ptimeMs: 20,
      comfortNoise: true,
      rtcpMux: false,
      srtp: readSrtpRule(values.srtp),
      randomBytes,
    },
    isStrict: values["strict-rtp"],
    deadPeerMs: values["dead-peer"] * 1000,
    greeting: greeting === undefined ? undefined : await loadGreeting(greeting, greetingRateHz),
    random,
    randomBytes,
  };
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function random(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}
