/** A call without a PBX through the services that run: the demonstration call is played, the reply heard. */
import { embedded } from "#embedded";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeWav } from "../audio/wav.ts";
import { encodeWav } from "../audio/wav-writer.ts";
import { ChildService } from "../commands/child-service.ts";
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { EventFollower, parseObject } from "../services/event-follower.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";
import type { CallId } from "../wire/call-id.ts";
import { freeCallId } from "./free-call-id.ts";
import { isSpokenPacket } from "./spoken-packet.ts";
import type { TestCallFacts } from "./test-call-verdict.ts";

export interface TestCallOptions {
  readonly stateFolder: string;
  readonly whisperPort: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The caller waits for the last answer that long. */
const silenceMs = 8000;
const packetMs = 20;

/** Resolves when the call is over, however it went. */
export async function placeTestCall(options: TestCallOptions): Promise<TestCallFacts> {
  const call = new TestCall(options);
  try {
    return await call.run();
  } finally {
    await call.close();
  }
}

class TestCall {
  readonly #options: TestCallOptions;
  readonly #children: ChildService[] = [];
  readonly #followers: EventFollower[] = [];
  readonly #transcripts: string[] = [];
  readonly #events = { llamaTexts: 0, answers: 0, voiceTexts: 0, speaking: 0 };
  #failedAnswer = "";
  #spokenPackets = 0;
  #ear: UdpEndpoint | undefined;
  #folder = "";

  constructor(options: TestCallOptions) {
    this.#options = options;
  }

  async run(): Promise<TestCallFacts> {
    const callId = await freeCallId();
    // Of their own, so that nobody takes them for services that stay.
    this.#folder = await mkdtemp(join(tmpdir(), "wildfire-call-"));
    this.#follow(callId);
    const ear = await this.#listen();
    const outbound = this.#start("outbound", callId, [`--rtp-to=127.0.0.1:${ear.port}`]);
    await outbound.waitFor("outbound is ready");
    const inbound = this.#start("inbound", callId, [
      "--json",
      `--wav=${await this.#speech()}`,
      `--whisper-port=${this.#options.whisperPort}`,
    ]);
    const stopped = Promise.withResolvers<undefined>();
    const abort = (): void => stopped.resolve(undefined);
    this.#options.signal.addEventListener("abort", abort, { once: true });
    const code = await Promise.race([inbound.exited(), stopped.promise]);
    this.#options.signal.removeEventListener("abort", abort);
    return {
      inboundCode: code,
      inboundWords: inbound.lastLine(),
      transcripts: this.#transcripts.length,
      ...this.#events,
      failedAnswer: this.#failedAnswer,
      replyMs: this.#spokenPackets * packetMs,
    };
  }

  async close(): Promise<void> {
    for (const follower of this.#followers) follower.close();
    await Promise.all(this.#children.map((child) => child.stop().catch(describeError)));
    this.#ear?.close();
    if (this.#folder !== "") await rm(this.#folder, { recursive: true, force: true });
  }

  #start(name: string, callId: CallId, argv: readonly string[]): ChildService {
    const common = [`--call-id=${callId.text}`, `--state-dir=${this.#folder}`];
    const child = new ChildService({
      name,
      argv: [...common, ...argv],
      onRecord: ({ text }) => {
        if (name === "inbound" && typeof text === "string") this.#transcripts.push(text);
      },
    });
    this.#children.push(child);
    return child;
  }

  async #listen(): Promise<UdpEndpoint> {
    this.#ear = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: (bytes) => {
        if (isSpokenPacket(bytes)) this.#spokenPackets += 1;
      },
      onError: () => undefined,
    });
    return this.#ear;
  }

  /** The demonstration call, and silence behind it in which the answer can be heard. */
  async #speech(): Promise<string> {
    const bytes = await Bun.file(embedded.demoCallWav).bytes();
    const { samples, sampleRateHz } = decodeWav(bytes, "demonstration call");
    const whole = new Float32Array(samples.length + (silenceMs * sampleRateHz) / 1000);
    whole.set(samples);
    const path = join(this.#folder, "call.wav");
    await Bun.write(path, encodeWav(whole, sampleRateHz));
    return path;
  }

  #follow(callId: CallId): void {
    for (const service of ["llama", "kokoro"]) {
      const follower = new EventFollower({
        stateFolder: this.#options.stateFolder,
        service,
        clock: this.#options.clock,
        onJoined: () => undefined,
        onLeft: () => undefined,
        onLine: (_pid, line) => {
          const event = parseObject(line);
          if (event?.["callId"] === callId.text) this.#count(service, event);
        },
        onRefused: () => undefined,
      });
      this.#followers.push(follower);
    }
  }

  #count(service: string, { kind, outcome }: Readonly<Record<string, unknown>>): void {
    if (service === "llama" && kind === "transcript") this.#events.llamaTexts += 1;
    if (service === "llama" && kind === "clause") this.#events.answers += 1;
    if (service === "kokoro" && kind === "text") this.#events.voiceTexts += 1;
    if (service === "kokoro" && kind === "speaking") this.#events.speaking += 1;
    const hasFailed = kind === "answered" && typeof outcome === "string";
    if (hasFailed && outcome.startsWith("failed")) this.#failedAnswer = outcome;
  }
}
