/** A whole conversation: telephone, whisper, LLaMA and voice as processes, a small PBX, a scripted model. */
import type { PbxCall } from "../../bench/pbx-call.ts";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { systemClock } from "../../src/core/clock.ts";
import { fieldOf, objectOf } from "../../src/llama-bridge/chat/loose-json.ts";
import { readStatuses } from "../../src/services/status-socket.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { encodeRegistration, type SignalKind } from "../../src/wire/registration.ts";
import { EventFollower } from "../../src/services/event-follower.ts";
import { type ChatScript, says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { eventually } from "./eventually.ts";
import { Stage } from "./harness.ts";
import type { JsonRecord, Program, RecordTest } from "./program.ts";
import { freePort, freeUdpPort } from "./raw-connection.ts";
import type { Recording } from "./speech.ts";
import { lineUser, Telephone, type TelephoneOptions } from "./telephone-rig.ts";
import { lineSamplesOf, lineSilence } from "./telephone-sound.ts";

export type ConversationService = "sip" | "whisper" | "llama" | "kokoro";

export interface ConversationOptions {
  /** What the model answers to one question after the other; the last one serves all that follow. */
  readonly answers?: readonly ChatScript[];
  readonly telephone?: TelephoneOptions;
  readonly whisperArgv?: readonly string[];
  /** Besides ports and the scripted server. */
  readonly llamaArgv?: readonly string[];
  readonly kokoroArgv?: readonly string[];
}

interface Ports {
  readonly llama: number;
  readonly voice: number;
  readonly voiceSignal: number;
  readonly whisper: number;
}

/** Longer than the silence that ends a turn. */
const pauseMs = 900;

export class Conversation implements AsyncDisposable {
  readonly stage: Stage;
  readonly model: ScriptedChatServer;
  readonly telephone: Telephone;
  readonly ports: Ports;
  /** Replaced when a test starts one again. */
  readonly programs: Record<"whisper" | "llama" | "kokoro", Program>;
  readonly #options: ConversationOptions;
  readonly #events: JsonRecord[] = [];
  readonly #signals: UdpEndpoint;
  #joins = 0;
  readonly #followers: EventFollower[];

  private constructor(parts: ConversationParts, options: ConversationOptions) {
    this.stage = parts.stage;
    this.model = parts.model;
    this.telephone = parts.telephone;
    this.ports = parts.ports;
    this.programs = parts.programs;
    this.#signals = parts.signals;
    this.#options = options;
    this.#followers = (["whisper", "llama", "kokoro"] as const).map((service) =>
      this.#follow(service),
    );
  }

  /** Resolves when all services are ready and the line is registered. */
  static async open(options: ConversationOptions = {}): Promise<Conversation> {
    const stage = new Stage();
    const model = new ScriptedChatServer();
    model.script(...(options.answers ?? [says(["Yes."])]));
    const ports = {
      llama: freePort(),
      voice: freePort(),
      voiceSignal: await freeUdpPort(),
      whisper: await freeUdpPort(),
    };
    const kokoro = await startKokoro(stage, ports, options);
    const llama = await startLlama(stage, ports, model.url, options);
    const whisper = await stage.startWhisper({
      llamaPort: ports.llama,
      port: ports.whisper,
      argv: whisperArguments(ports, options),
    });
    const telephone = await Telephone.open(
      { ...options.telephone, whisperPort: whisper.port },
      stage,
    );
    const programs = { whisper: whisper.program, llama, kokoro };
    const signals = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    const parts = { stage, model, telephone, ports, programs, signals };
    const conversation = new Conversation(parts, options);
    await eventually({
      what: "all services followed",
      probe: () => conversation.#followers.every(({ joined }) => joined === 1),
    });
    return conversation;
  }

  /** The answer to the next questions, one each; the last one serves all that follow. */
  answers(...answers: readonly string[]): void {
    this.model.script(...answers.map((answer) => says([answer])));
  }

  /** Resolves when the call is up; what comes over its line is kept. */
  async call(): Promise<PbxCall> {
    const call = await this.telephone.pbx.call(lineUser);
    call.packets = [];
    return call;
  }

  /** The caller says these sentences, each followed by silence. */
  async say(call: PbxCall, ...recordings: readonly Recording[]): Promise<void> {
    const parts = recordings.flatMap((recording) => [
      lineSamplesOf(recording),
      lineSilence(pauseMs),
    ]);
    await call.say(joinSamples([lineSilence(100), ...parts]));
  }

  /** Events of whisper, llama and kokoro so far, as they came. */
  events(kind: string, where: RecordTest = () => true): readonly JsonRecord[] {
    return this.#events.filter((event) => event["kind"] === kind && where(event));
  }

  /** The events of a kind once there are so many. */
  async tells(count: number, kind: string, where?: RecordTest): Promise<readonly JsonRecord[]> {
    return await eventually({
      what: `${count} events ${kind}`,
      probe: () => this.events(kind, where).length >= count && this.events(kind, where),
      explain: () => this.explain(),
    });
  }

  /** Ends a service as a crash does, and starts it again on the same ports. */
  async crash(service: "whisper" | "llama" | "kokoro"): Promise<void> {
    const { stage, ports, model } = this;
    this.programs[service].signal("SIGKILL");
    await this.programs[service].exited();
    const joins = this.#joins;
    if (service === "kokoro") this.programs.kokoro = await startKokoro(stage, ports, this.#options);
    if (service === "llama") {
      this.programs.llama = await startLlama(stage, ports, model.url, this.#options);
    }
    if (service === "whisper") await this.#restartWhisper();
    await eventually({
      what: `${service} followed again`,
      probe: () => this.#joins > joins,
      explain: () => this.explain(),
    });
  }

  /** What other services tell of the call, sent by the test. */
  signal(kind: SignalKind, id: number): void {
    const { llama, voiceSignal } = this.ports;
    const datagram = encodeRegistration(kind, callIdOf(id));
    for (const port of [llama, voiceSignal]) this.#signals.send(datagram, port, "127.0.0.1");
  }

  /** What whisper has told others of its callers, by kind. */
  async told(): Promise<JsonRecord> {
    const [status = "{}"] = await readStatuses(this.stage.stateFolder, "whisper");
    const signals = objectOf(fieldOf(JSON.parse(status), "signals"));
    return objectOf(signals?.["told"]) ?? {};
  }

  /** The id by which the services know the call that came up last. */
  get callId(): number {
    return Number(this.telephone.events("established").at(-1)?.["callId"]);
  }

  /** So many milliseconds of the agent's sound have come over the line. */
  async sounds(call: PbxCall, ms: number): Promise<void> {
    await eventually({
      what: `${ms} ms of the agent's sound`,
      probe: () => soundMs(call) >= ms,
      explain: () => this.explain(),
    });
  }

  explain(): string {
    const { whisper, llama, kokoro } = this.programs;
    const events = this.#events.slice(-40).map((event) => JSON.stringify(event));
    const programs = [this.telephone.program, whisper, llama, kokoro];
    return [...events, ...programs.map((program) => program.explain())].join("\n");
  }

  async #restartWhisper(): Promise<void> {
    const { ports, stage } = this;
    const whisper = await stage.startWhisper({
      llamaPort: ports.llama,
      port: ports.whisper,
      argv: whisperArguments(ports, this.#options),
    });
    this.programs.whisper = whisper.program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signals.close();
    for (const follower of this.#followers) follower.close();
    await this.telephone[Symbol.asyncDispose]();
    await this.stage[Symbol.asyncDispose]();
    this.model[Symbol.dispose]();
  }

  #follow(service: ConversationService): EventFollower {
    return new EventFollower({
      stateFolder: this.stage.stateFolder,
      service,
      clock: systemClock,
      onJoined: () => {
        this.#joins += 1;
      },
      onLeft: () => undefined,
      onLine: (_pid, line) => {
        const event: unknown = JSON.parse(line);
        if (isRecord(event)) this.#events.push({ ...event, service });
      },
      onRefused: () => undefined,
    });
  }
}

interface ConversationParts {
  readonly signals: UdpEndpoint;
  readonly stage: Stage;
  readonly model: ScriptedChatServer;
  readonly telephone: Telephone;
  readonly ports: Ports;
  readonly programs: Record<"whisper" | "llama" | "kokoro", Program>;
}

async function startKokoro(
  stage: Stage,
  ports: Ports,
  { kokoroArgv = [] }: ConversationOptions,
): Promise<Program> {
  const program = stage.start("kokoro", [
    `--port=${ports.voice}`,
    `--signal-port=${ports.voiceSignal}`,
    `--llama-signal-port=${ports.llama}`,
    ...kokoroArgv,
  ]);
  await program.said("kokoro is ready");
  return program;
}

async function startLlama(
  stage: Stage,
  ports: Ports,
  url: string,
  { llamaArgv = [] }: ConversationOptions,
): Promise<Program> {
  const program = stage.start("llama", [
    "--backend=openai",
    `--url=${url}`,
    `--port=${ports.llama}`,
    `--out-port=${ports.voice}`,
    `--voice-signal-port=${ports.voiceSignal}`,
    "--json",
    ...llamaArgv,
  ]);
  await program.said("llama is ready");
  return program;
}

function whisperArguments(ports: Ports, { whisperArgv = [] }: ConversationOptions): string[] {
  return [`--voice-signal-port=${ports.voiceSignal}`, ...whisperArgv];
}

/** Of frames that are not silent. */
function soundMs(call: PbxCall): number {
  const packets = call.packets ?? [];
  return packets.filter(({ payload }) => soundOfPayload(payload)).length * frameMs;
}

/** Mu-law and A-law alike: silence is one value, or two, over and over. */
function soundOfPayload(payload: Uint8Array): boolean {
  return new Set(payload).size > quietValues;
}

const frameMs = 20;
const quietValues = 8;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null;
}
