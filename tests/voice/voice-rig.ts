/** The whole voice service over real sockets: a LLaMA that sends texts, an outbound that hears them. */
import { expect } from "bun:test";
import { readOptions } from "../../src/config/options.ts";
import { systemClock } from "../../src/core/clock.ts";
import { ReplyLink } from "../../src/outbound/reply-link.ts";
import { kokoroServiceWith } from "../../src/services/kokoro.ts";
import type { KokoroOptions, KokoroValues } from "../../src/services/kokoro-options.ts";
import type { RunningService } from "../../src/services/service.ts";
import { connectTcp } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { encodeRegistration, type SignalKind } from "../../src/wire/registration.ts";
import { encodeReport, parseReport, type ReportValues } from "../../src/wire/reports.ts";
import { byeMarker, encodeHello, encodeText } from "../../src/wire/text-frames.ts";
import { createMemoryLog, type MemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

/** All of it was heard, or all that ever will be. */
export function isThrough({ samples, of }: ReportValues<"heard">): boolean {
  return samples === of;
}

/** A running service, and the socket that whisper would use. */
export class Voice implements AsyncDisposable {
  /** In the order in which the service opened them. */
  readonly engines: ScriptedEngine[] = [];
  readonly memory: MemoryLog = createMemoryLog(systemClock);
  /** What the LLaMA was told of texts, both copies of each. */
  readonly heard: ReportValues<"heard">[] = [];
  readonly #signals: UdpEndpoint;
  #service: RunningService<KokoroOptions> | undefined;
  #valuesFor: ((argv: readonly string[]) => KokoroValues) | undefined;

  private constructor(signals: UdpEndpoint) {
    this.#signals = signals;
  }

  static async open(stateFolder: string, ...argv: readonly string[]): Promise<Voice> {
    const holder: { voice?: Voice } = {};
    const signals = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: (bytes) => {
        const report = parseReport(bytes);
        if (report.kind === "heard") holder.voice?.heard.push(report.values);
      },
      onError: () => undefined,
    });
    const voice = new Voice(signals);
    holder.voice = voice;
    const definition = kokoroServiceWith(async () => {
      const engine = new ScriptedEngine({ name: "builtin" });
      voice.engines.push(engine);
      return engine;
    });
    const ports = `--port 0 --signal-port 0 --llama-signal-port ${signals.port}`.split(" ");
    voice.#valuesFor = (more) =>
      readOptions(definition.options, {
        argv: ports.concat(more),
        env: {},
        command: "kokoro",
      });
    voice.#service = await definition.start(voice.#valuesFor(argv), {
      clock: systemClock,
      log: voice.memory.log,
      stateFolder,
      print: () => undefined,
    });
    return voice;
  }

  /** The one that was opened last. */
  get engine(): ScriptedEngine {
    const last = this.engines.at(-1);
    if (last === undefined) throw new Error("no engine was opened");
    return last;
  }

  /** As the command does it; `argv` takes the place of what was given at the start. */
  async reload(...argv: readonly string[]): Promise<readonly string[] | undefined> {
    const values = this.#valuesFor?.(argv);
    return values === undefined ? undefined : await this.#service?.reload?.(values);
  }

  /** One figure of the status, by its way: `calls.open`. */
  figure(way: string): unknown {
    return way
      .split(".")
      .reduce<unknown>(
        (value, key) =>
          typeof value === "object" && value !== null
            ? Object.getOwnPropertyDescriptor(value, key)?.value
            : undefined,
        this.#service?.status(),
      );
  }

  get textPort(): number {
    return Number(String(this.figure("address")).split(":")[1]);
  }

  get openCalls(): number {
    const open = this.figure("calls.open");
    return Array.isArray(open) ? open.length : -1;
  }

  /** All events from now on, as a program reads them. */
  listen(): string[] {
    const lines: string[] = [];
    this.#service?.events?.subscribe({
      write: (bytes) => lines.push(new TextDecoder().decode(bytes)) > 0,
      pendingBytes: 0,
    });
    return lines;
  }

  /** Waits until this was told, in both of its copies. */
  async tells(text: number, samples: (values: ReportValues<"heard">) => boolean): Promise<void> {
    const found = (): number =>
      this.heard.filter((values) => values.text === text && samples(values)).length;
    await until(() => found() >= 2, `a report of text ${text}`, 15_000);
  }

  played(id: number, values: ReportValues<"played">): void {
    this.datagram(encodeReport({ kind: "played", callId: callIdOf(id), values }));
  }

  signal(kind: SignalKind, id: number): void {
    this.datagram(encodeRegistration(kind, callIdOf(id)));
  }

  datagram(bytes: Uint8Array): void {
    this.#signals.send(bytes, Number(this.figure("signalPort")), "127.0.0.1");
  }

  async counts(way: string, count: number): Promise<void> {
    await until(() => this.figure(way) === count, `${way} is ${count}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service?.stop();
    this.#signals.close();
  }
}

/** A LLaMA's connection for one call. */
export class Llama implements Disposable {
  isClosed = false;
  readonly link: TcpLink;

  private constructor(link: TcpLink) {
    this.link = link;
  }

  static async connect(voice: Voice, hello: string): Promise<Llama> {
    const holder: { llama?: Llama } = {};
    const attempt = connectTcp(
      {
        hostname: "127.0.0.1",
        port: voice.textPort,
        timeoutMs: 2000,
        clock: systemClock,
        maxPendingBytes: 32 << 20,
      },
      {
        data: () => undefined,
        closed: () => {
          if (holder.llama !== undefined) holder.llama.isClosed = true;
        },
      },
    );
    holder.llama = new Llama(await attempt.link);
    if (hello !== "") holder.llama.link.write(encodeHello(hello));
    return holder.llama;
  }

  say(text: string): void {
    this.link.write(encodeText(text));
  }

  bye(): void {
    this.link.write(byeMarker);
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, "the end of the connection");
  }

  [Symbol.dispose](): void {
    this.link.destroy();
  }
}

/** The caller's end of one call. */
export class Outbound implements Disposable {
  readonly told: string[] = [];
  readonly signals: string[] = [];
  samples = 0;
  #link: ReplyLink | undefined;

  static async open(id: number): Promise<Outbound> {
    const outbound = new Outbound();
    outbound.#link = await ReplyLink.open({
      callId: callIdOf(id),
      bind: "127.0.0.1",
      clock: systemClock,
      log: createMemoryLog(systemClock).log,
      listener: {
        replyBegan: () => outbound.told.push("began"),
        replySamples: ({ length }) => void (outbound.samples += length),
        replyEnded: () => outbound.told.push("ended"),
        speech: () => outbound.signals.push("speech"),
        silence: () => outbound.signals.push("silence"),
        pause: () => undefined,
        resume: () => undefined,
      },
    });
    return outbound;
  }

  async hears(leastMs: number): Promise<void> {
    await until(() => this.samples >= leastMs * 24, `${leastMs} ms of sound`, 15_000);
  }

  async tells(...told: readonly string[]): Promise<void> {
    await until(() => this.told.length >= told.length, told.join(", "), 15_000);
    expect(this.told).toEqual([...told]);
  }

  [Symbol.dispose](): void {
    this.#link?.close();
  }
}
