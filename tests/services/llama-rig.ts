/** The llama service in this process, with a scripted model, and whisper and the voice played by the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "../../src/config/options.ts";
import { systemClock } from "../../src/core/clock.ts";
import { objectOf } from "../../src/llama-bridge/chat/loose-json.ts";
import { llamaService } from "../../src/services/llama.ts";
import type { LlamaValues } from "../../src/services/llama-options.ts";
import type { RunningService } from "../../src/services/service.ts";
import { createMemoryLog, type MemoryLog } from "../fakes/memory-log.ts";
import { says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { until } from "../fakes/until.ts";
import { type EarReports, VoiceEar } from "../fakes/voice-ear.ts";
import { type MouthCall, WhisperMouth } from "../fakes/whisper-mouth.ts";

export interface LlamaRigOptions {
  readonly argv?: readonly string[];
  readonly reports?: EarReports;
  /** Answers go back by the connection that texts came by. */
  readonly isReturning?: boolean;
  readonly stateFolder?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

interface RigParts {
  readonly service: RunningService<typeof llamaService.options>;
  readonly valuesFor: (argv: readonly string[]) => LlamaValues;
  readonly model: ScriptedChatServer;
  readonly voice: VoiceEar;
  readonly whisper: WhisperMouth;
  readonly memory: MemoryLog;
  readonly printed: readonly string[];
  readonly folder: string;
}

export class LlamaRig implements AsyncDisposable {
  readonly model: ScriptedChatServer;
  readonly voice: VoiceEar;
  readonly whisper: WhisperMouth;
  readonly memory: MemoryLog;
  readonly printed: readonly string[];
  /** Of all calls, as they came. */
  readonly events: Fields[] = [];
  readonly #parts: RigParts;

  private constructor(parts: RigParts) {
    this.#parts = parts;
    this.model = parts.model;
    this.voice = parts.voice;
    this.whisper = parts.whisper;
    this.memory = parts.memory;
    this.printed = parts.printed;
    parts.service.events?.subscribe({
      write: (bytes) => this.#note(new TextDecoder().decode(bytes)),
      pendingBytes: 0,
    });
  }

  static async open(options: LlamaRigOptions = {}): Promise<LlamaRig> {
    const { argv = [], reports = "at-once", isReturning = false } = options;
    const folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
    const model = new ScriptedChatServer();
    model.script(says(["Yes."]));
    const voice = await VoiceEar.open(reports);
    const memory = createMemoryLog(systemClock, "info");
    const printed: string[] = [];
    const valuesFor = (more: readonly string[]): LlamaValues =>
      readOptions(llamaService.options, {
        argv: [
          "--backend=openai",
          `--url=${model.url}`,
          "--port=0",
          `--out-port=${isReturning ? 0 : voice.port}`,
          `--voice-signal-port=${voice.signalPort}`,
          "--json",
          ...more,
        ],
        env: {},
        command: "llama",
      });
    const service = await llamaService.start(valuesFor(argv), {
      clock: systemClock,
      log: memory.log,
      stateFolder: options.stateFolder ?? folder,
      print: (line) => printed.push(line),
    });
    const port = Number(String(service.status()["address"]).split(":").at(-1));
    voice.reportPort = port;
    const whisper = await WhisperMouth.open(port);
    return new LlamaRig({ service, valuesFor, model, voice, whisper, memory, printed, folder });
  }

  /** As the command does it; `argv` takes the place of what was given at the start. */
  async reload(...argv: readonly string[]): Promise<readonly string[]> {
    const { service, valuesFor } = this.#parts;
    return (await service.reload?.(valuesFor(argv))) ?? [];
  }

  /** Resolves when the call is up. */
  async call(id = 111): Promise<MouthCall> {
    const call = await this.whisper.call(id);
    await until(() => this.up.includes(String(id)), `call ${id} is up`);
    return call;
  }

  /** Answers to the next questions, one each; the last one serves all that follow. */
  answers(...answers: readonly string[]): void {
    this.model.script(...answers.map((answer) => says([answer])));
  }

  /** What the caller said last, question by question. */
  get questions(): string[] {
    return this.model.answers.map((answer) => answer.contents("user").at(-1) ?? "");
  }

  status(): Fields {
    return this.#parts.service.status();
  }

  /** That came for the service by UDP. */
  get datagrams(): number {
    return Number(objectOf(this.status()["signals"])?.["received"]);
  }

  /** Ids of the calls that are up. */
  get up(): string[] {
    return this.#upCalls.map((call) => String(call["call"]));
  }

  /** Waits until the one call that is up is in that state. */
  async reaches(state: string): Promise<void> {
    await until(() => this.#upCalls[0]?.["state"] === state, `a call that is ${state}`);
  }

  get #upCalls(): Fields[] {
    const up = objectOf(this.status()["calls"])?.["up"];
    return Array.isArray(up) ? up.map((call: unknown) => objectOf(call) ?? {}) : [];
  }

  of(kind: string): Fields[] {
    return this.events.filter((event) => event["kind"] === kind);
  }

  /** The events of a kind once there are so many. */
  async tells(count: number, kind: string, limitMs?: number): Promise<Fields[]> {
    await until(() => this.of(kind).length >= count, `${count} events ${kind}`, limitMs);
    return this.of(kind);
  }

  async asks(count: number): Promise<void> {
    await until(() => this.model.answers.length >= count, `${count} questions to the model`);
  }

  /** Warnings and errors of the log, as a reader sees them. */
  get complaints(): string[] {
    return this.memory
      .text()
      .split("\n")
      .filter((line) => /^\S+ (warn|error) /.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.whisper[Symbol.dispose]();
    await this.#parts.service.stop();
    this.voice[Symbol.dispose]();
    this.model[Symbol.dispose]();
    rmSync(this.#parts.folder, { recursive: true, force: true });
  }

  #note(line: string): boolean {
    const event: unknown = JSON.parse(line);
    this.events.push(objectOf(event) ?? {});
    return true;
  }
}
