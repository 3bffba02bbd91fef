/** Calls from browsers over a real server and real sockets, and a browser that is played by the test. */
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { BrowserCalls, type BrowserCallsOptions } from "../../src/services/browser-calls.ts";
import { EventStream } from "../../src/services/event-stream.ts";
import { describePhoneEvent, type PhoneEvent } from "../../src/services/phone-events.ts";
import { EventHub } from "../../src/web/live/event-hub.ts";
import { openWebServer, type WebServer } from "../../src/web/server.ts";
import { SocketAnswer } from "../../src/web/talk/socket-answer.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The calls of a web service, without the rest of it. */
export class BrowserCallService implements AsyncDisposable {
  readonly hub = new EventHub({ life: "test" });
  readonly told: Fields[] = [];
  readonly calls: BrowserCalls;
  notes: readonly string[] = [];
  mayStay = true;
  readonly #memory = createMemoryLog(systemClock);
  readonly #server: WebServer;

  constructor(whisperPort: number, more: Partial<BrowserCallsOptions> = {}) {
    const clock: Clock = more.clock ?? systemClock;
    const describe = (event: PhoneEvent): Fields => {
      const fields = describePhoneEvent(event);
      this.told.push(fields);
      return fields;
    };
    this.calls = new BrowserCalls({
      maxCalls: 2,
      limitMs: 600_000,
      bind: "127.0.0.1",
      whisperHost: "127.0.0.1",
      whisperPort,
      events: new EventStream({ service: "web", pid: process.pid, clock, describe }),
      hub: this.hub,
      openRecorder: () => Promise.resolve(undefined),
      refresh: () => Promise.resolve(),
      serviceNotes: () => this.notes,
      clock,
      log: this.#memory.log,
      ...more,
    });
    this.#server = openWebServer({
      bind: "127.0.0.1",
      port: 0,
      tls: undefined,
      answer: () => {
        const caller = { name: "anna", mayStay: () => this.mayStay };
        return Promise.resolve(new SocketAnswer(this.calls.take(caller)));
      },
    });
  }

  get url(): string {
    return this.#server.url.replace(/^http/, "ws");
  }

  get logged(): string {
    return this.#memory.text();
  }

  count(name: string): number {
    return Number(this.calls.status()[name]);
  }

  async counts(name: string, value: number): Promise<void> {
    await until(() => this.count(name) === value, `${name} to be ${value}`);
  }

  kinds(): readonly unknown[] {
    return this.told.map(({ kind }) => kind);
  }

  /** What another service tells. */
  tell(service: string, fields: Fields): void {
    this.hub.publish({ service, pid: 1, fields: { time: new Date().toISOString(), ...fields } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.calls.stop();
    await this.#server.stop();
  }
}

export class ScriptedBrowser implements Disposable {
  readonly events: Fields[] = [];
  /** Samples of the agent. */
  readonly heard: number[] = [];
  closeCode: number | undefined;
  readonly #socket: WebSocket;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#socket = new WebSocket(url, { headers });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => this.#message(data));
    this.#socket.addEventListener("close", ({ code }) => {
      this.closeCode = code;
    });
  }

  /** One that is answered. */
  static async call(url: string): Promise<ScriptedBrowser> {
    const browser = new ScriptedBrowser(url);
    await browser.event("answered");
    return browser;
  }

  find(kind: string): Fields | undefined {
    return this.events.find((event) => event["kind"] === kind);
  }

  async event(kind: string, limitMs?: number): Promise<Fields> {
    await until(() => this.find(kind) !== undefined, `the event ${kind}`, limitMs);
    return this.find(kind) ?? {};
  }

  get callId(): number {
    return Number(this.find("answered")?.["callId"]);
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** 20 ms of this level, so many times. */
  speak(frames: number, level = 1000): void {
    for (let sent = 0; sent < frames; sent += 1) {
      this.send(new Uint8Array(new Int16Array(320).fill(level).buffer));
    }
  }

  hangUp(): void {
    this.send(JSON.stringify({ kind: "hang-up", reason: "hung up" }));
  }

  async closed(limitMs?: number): Promise<void> {
    await until(() => this.closeCode !== undefined, "the end of the connection", limitMs);
  }

  /** Without a word. */
  kill(): void {
    this.#socket.terminate();
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #message(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      for (const sample of new Int16Array(data)) this.heard.push(sample);
      return;
    }
    const event: unknown = JSON.parse(String(data));
    if (typeof event === "object" && event !== null) this.events.push({ ...event });
  }
}
