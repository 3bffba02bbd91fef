/** The web service as a process would run it, among services that are played by the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import type { LogRecord } from "../../src/core/log.ts";
import { EventStream } from "../../src/services/event-stream.ts";
import type { RunningService } from "../../src/services/service.ts";
import {
  type CommandHandler,
  serveStatus,
  type StatusSocket,
} from "../../src/services/status-socket.ts";
import { webService } from "../../src/services/web.ts";
import type { WebValues } from "../../src/services/web-options.ts";
import { passwordVariable } from "../../src/web/password-check.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

type Fields = Readonly<Record<string, unknown>>;

export const password = "correct horse battery staple";

/** Of the password above. */
export async function cheapHash(): Promise<string> {
  return await hashOf(password);
}

/** Cheap, since many tests log in. */
export async function hashOf(secret: string): Promise<string> {
  return await Bun.password.hash(secret, { algorithm: "argon2id", memoryCost: 64, timeCost: 1 });
}

export interface PlayedService {
  readonly stream: EventStream<Fields>;
  close(): void;
}

export interface PlayedServiceOptions {
  readonly describe?: () => Fields;
  readonly command?: CommandHandler;
}

export class WebRig {
  readonly stateFolder = mkdtempSync(join(tmpdir(), "wildfire-web-"));
  readonly records: LogRecord[];
  readonly #memory = createMemoryLog(systemClock);
  readonly #sockets: StatusSocket[] = [];
  #web: RunningService | undefined;

  constructor() {
    this.records = this.#memory.records;
  }

  /** With its slash. */
  get url(): string {
    return String(this.#web?.status()["url"]);
  }

  get logText(): string {
    return this.#memory.text();
  }

  get status(): Fields {
    return this.#web?.status() ?? {};
  }

  /** `hash`: of the password; without it none is set. */
  async start(values: Partial<WebValues> = {}, hash?: string): Promise<void> {
    if (hash === undefined) delete process.env[passwordVariable];
    else process.env[passwordVariable] = hash;
    try {
      this.#web = await webService.start(
        {
          bind: "127.0.0.1",
          port: 0,
          tls: undefined,
          "tls-cert": undefined,
          "tls-key": undefined,
          "history-dir": undefined,
          "max-browser-calls": 2,
          "browser-call-minutes": 10,
          "call-bind": "127.0.0.1",
          "whisper-host": "127.0.0.1",
          "whisper-port": 13_000,
          "state-dir": undefined,
          config: undefined,
          "log-format": "json",
          "log-private": false,
          verbose: false,
          help: false,
          ...values,
        },
        {
          clock: systemClock,
          log: this.#memory.log,
          stateFolder: this.stateFolder,
          print: () => undefined,
        },
      );
    } finally {
      delete process.env[passwordVariable];
    }
  }

  /** Of this process, as another one would see it. */
  play(service: string, { describe, command }: PlayedServiceOptions = {}): PlayedService {
    const stream = new EventStream<Fields>({
      service,
      pid: process.pid,
      clock: systemClock,
      describe: (event) => event,
      isPassing: ({ kind }) => kind === "partial",
    });
    const socket = serveStatus({
      stateFolder: this.stateFolder,
      service,
      describe: () => ({
        service,
        version: "0.1.0",
        commit: "abc1234",
        pid: process.pid,
        ...describe?.(),
      }),
      events: stream,
      command,
    });
    this.#sockets.push(socket);
    return { stream, close: () => socket.close() };
  }

  /** The status socket that its process would have: it listens to its own events as to those of others. */
  serveSelf(): void {
    const { stateFolder } = this;
    const { events, command } = this.#web ?? {};
    const describe = (): Fields => ({ service: "web", pid: process.pid, ...this.status });
    this.#sockets.push(
      serveStatus({
        stateFolder,
        service: "web",
        describe,
        ...(events === undefined ? {} : { events }),
        command,
      }),
    );
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return await fetch(this.url + path.slice(1), { headers, redirect: "manual" });
  }

  async post(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string | URLSearchParams,
  ): Promise<Response> {
    const method = "POST";
    const init = body === undefined ? { method, headers } : { method, headers, body };
    return await fetch(this.url + path.slice(1), { ...init, redirect: "manual" });
  }

  /** As the login page does it. */
  async logIn(secret: string, more: Readonly<Record<string, string>> = {}): Promise<Response> {
    const page = await (await this.get("/login")).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
    return await this.post("/login", {}, new URLSearchParams({ csrf, password: secret, ...more }));
  }

  /** The headers of a browser that has logged in. */
  async browser(
    secret: string,
  ): Promise<{ readonly cookie: string; readonly "x-csrf-token": string }> {
    const response = await this.logIn(secret);
    const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    return { cookie, "x-csrf-token": await this.csrf({ cookie }) };
  }

  async csrf(headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const session = await this.json("/api/v1/session", headers);
    return String(session["csrf"]);
  }

  async json(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Fields> {
    return fieldsOf(await (await this.get(path, headers)).json());
  }

  /** The web service only: it may be started again. */
  async halt(): Promise<void> {
    await this.#web?.stop();
    this.#web = undefined;
  }

  async stop(): Promise<void> {
    await this.#web?.stop();
    for (const socket of this.#sockets) socket.close();
    rmSync(this.stateFolder, { recursive: true, force: true });
  }
}

/** None when it is no object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: Fields;
}

/** Reads server-sent events until it is closed. */
export class EventReading {
  readonly events: ServerSentEvent[] = [];
  readonly status: number;
  readonly #abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.#abort = abort;
    void this.#read(response).catch(() => undefined);
  }

  static async open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventReading> {
    const abort = new AbortController();
    return new EventReading(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    const body: AsyncIterable<Uint8Array> | null = response.body;
    for await (const chunk of body ?? []) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) this.#block(block);
    }
  }

  #block(block: string): void {
    const fields = new Map(
      block.split("\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }),
    );
    const data = fields.get("data");
    if (data === undefined) return;
    const value: unknown = JSON.parse(data);
    this.events.push({
      id: fields.get("id"),
      name: fields.get("event") ?? "message",
      data: fieldsOf(value),
    });
  }
}
