/**
 * A whole agent for the bench: sip, whisper, llama and voice as processes, a small PBX that calls it,
 * and a chat server whose answers the bench knows.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/core/clock.ts";
import { createLogger } from "../src/core/log.ts";
import { EventFollower, parseObject } from "../src/services/event-follower.ts";
import { until } from "./agent-ear.ts";
import { CallerLine, type CallerLineOptions } from "./caller-line.ts";
import { ChatServer, type ChatScript } from "./chat-server.ts";
import type { BenchContext } from "./context.ts";
import { ConversationCall, type ServiceEvent } from "./conversation-call.ts";
import { freePort } from "./free-port.ts";
import { numberAt } from "./json-path.ts";
import { ServiceProcess } from "./service-process.ts";
import { SmallPbx } from "./small-pbx.ts";

export interface ConversationOptions {
  readonly script: ChatScript;
  readonly llamaArgv?: readonly string[];
}

const user = "200";
const rtpPorts = { from: 30_000, to: 31_999 };
const serviceRtpPorts = "28000-29999";
const limitMs = 10_000;
const followed = ["whisper", "llama", "kokoro"] as const;

interface Services {
  readonly kokoro: ServiceProcess;
  readonly llama: ServiceProcess;
  readonly whisper: ServiceProcess;
  readonly sip: ServiceProcess;
}

export class ConversationStage {
  readonly chat: ChatServer;
  readonly pbx: SmallPbx;
  readonly #services: Services;
  readonly #followers: readonly EventFollower[];
  readonly #calls = new Map<string, ConversationCall>();
  /** Ids in the order in which calls began. */
  readonly #begun: string[] = [];
  #ringing: Promise<unknown> = Promise.resolve();
  #joined = 0;

  private constructor(parts: StageParts, stateFolder: string) {
    this.chat = parts.chat;
    this.pbx = parts.pbx;
    this.#services = parts.services;
    this.#followers = followed.map((service) => this.#follow(service, stateFolder));
  }

  /** Resolves when all services are ready and the line is registered. */
  static async open(
    { temporaryFolder }: BenchContext,
    options: ConversationOptions,
  ): Promise<ConversationStage> {
    // One for all of them: the LLaMA finds the telephone there.
    const stateFolder = mkdtempSync(join(temporaryFolder, "talk-"));
    const clock = systemClock;
    const log = createLogger({ level: "error", clock, sink: () => undefined });
    const chat = new ChatServer(options.script);
    const pbx = await SmallPbx.open({ clock, log, rtpPorts });
    const services = await startServices({ stateFolder, chat, pbx, options });
    const stage = new ConversationStage({ chat, pbx, services }, stateFolder);
    await pbx.registered(user);
    await until(limitMs, "the services' events", () =>
      stage.#joined === followed.length ? true : undefined,
    );
    return stage;
  }

  /** A call that is up and that the LLaMA knows; one is made after the other. */
  async call(options: CallerLineOptions): Promise<ConversationCall> {
    const call = this.#ringing.then(async () => await this.#call(options));
    this.#ringing = call.catch(() => undefined);
    return await call;
  }

  /** How often whisper has told this signal. */
  async told(signal: "speech" | "pause" | "resume"): Promise<number> {
    return numberAt(await this.#services.whisper.status(), "signals", "told", signal);
  }

  async close(): Promise<void> {
    for (const follower of this.#followers) follower.close();
    this.pbx.close();
    this.chat.close();
    const { kokoro, llama, whisper, sip } = this.#services;
    await Promise.all([kokoro, llama, whisper, sip].map((service) => service.kill()));
  }

  async #call(options: CallerLineOptions): Promise<ConversationCall> {
    const before = this.#begun.length;
    const line = new CallerLine(options);
    const pbxCall = await this.pbx.ring(user, { codecs: [options.codec] });
    pbxCall.line = line;
    await pbxCall.up;
    const id = await until(limitMs, "a call at the LLaMA", () => this.#begun[before]);
    const call = this.#callOf(id);
    call.attach(pbxCall, line);
    return call;
  }

  #callOf(id: string): ConversationCall {
    const known = this.#calls.get(id);
    if (known !== undefined) return known;
    const call = new ConversationCall(id);
    this.#calls.set(id, call);
    return call;
  }

  #follow(service: string, stateFolder: string): EventFollower {
    return new EventFollower({
      stateFolder,
      service,
      clock: systemClock,
      onJoined: () => (this.#joined += 1),
      onLeft: () => undefined,
      onLine: (_pid, line) => this.#told(service, parseObject(line)),
      onRefused: () => undefined,
    });
  }

  #told(service: string, event: Readonly<Record<string, unknown>> | undefined): void {
    const id = event?.["callId"];
    const kind = event?.["kind"];
    if (event === undefined || typeof id !== "string" || typeof kind !== "string") return;
    if (service === "llama" && kind === "began") {
      // Ids come again; what is told of an earlier call has been told by now.
      this.#calls.delete(id);
      this.#begun.push(id);
    }
    const told: ServiceEvent = { service, kind, atMs: performance.now(), fields: event };
    this.#callOf(id).events.push(told);
  }
}

interface StageParts {
  readonly chat: ChatServer;
  readonly pbx: SmallPbx;
  readonly services: Services;
}

interface StartOptions {
  readonly stateFolder: string;
  readonly chat: ChatServer;
  readonly pbx: SmallPbx;
  readonly options: ConversationOptions;
}

async function startServices(given: StartOptions): Promise<Services> {
  const { stateFolder, chat, pbx, options } = given;
  const ports = { llama: await freePort(), voice: await freePort(), voiceSignal: await freePort() };
  const launch = async (
    service: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServiceProcess> => await ServiceProcess.launch({ service, argv, stateFolder, env });
  const kokoro = await launch("kokoro", [
    `--port=${ports.voice}`,
    `--signal-port=${ports.voiceSignal}`,
    `--llama-signal-port=${ports.llama}`,
  ]);
  const llama = await launch("llama", [
    "--backend=openai",
    `--url=${chat.url}`,
    `--port=${ports.llama}`,
    `--out-port=${ports.voice}`,
    `--voice-signal-port=${ports.voiceSignal}`,
    ...(options.llamaArgv ?? []),
  ]);
  const whisper = await launch("whisper", [
    "--port=0",
    // Only watched calls have them, and the bench watches to know more.
    "--no-partials",
    `--llama-port=${ports.llama}`,
    `--voice-signal-port=${ports.voiceSignal}`,
  ]);
  const sip = await launch(
    "sip",
    [
      `--line=${user}@${pbx.address}`,
      `--whisper-port=${numberAt(whisper.readyRecord, "port")}`,
      `--rtp-ports=${serviceRtpPorts}`,
    ],
    { WILDFIRE_LINE_PASSWORD: "bench" },
  );
  return { kokoro, llama, whisper, sip };
}
