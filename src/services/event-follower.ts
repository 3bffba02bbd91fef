/** Listens to all running services of a name, also to those that start later or start again. */
import type { Clock, Timer } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import { connectUnix } from "../tcp.ts";
import type { TcpLink } from "../tcp-link.ts";
import {
  eventsQuestion,
  listServiceSockets,
  removeDeadSocket,
  type ServiceSocket,
} from "./status-socket.ts";

export interface EventFollowerOptions {
  readonly stateFolder: string;
  readonly service: string;
  readonly clock: Clock;
  readonly onJoined: (pid: number) => void;
  readonly onLeft: (pid: number) => void;
  /** One event, as the service wrote it: a JSON object without the end of the line. */
  readonly onLine: (pid: number, line: string) => void;
  /** A service that is there cannot be listened to. */
  readonly onRefused: (error: WildfireError) => void;
}

const pollMs = 500;
/** Far above any event. */
const maxLineCharacters = 1 << 20;

interface Followed {
  link: TcpLink | undefined;
  isJoined: boolean;
}

export class EventFollower {
  readonly #options: EventFollowerOptions;
  readonly #timer: Timer;
  readonly #followed = new Map<string, Followed>();
  #isPaused = false;
  #isClosed = false;

  constructor(options: EventFollowerOptions) {
    this.#options = options;
    this.#timer = options.clock.every(pollMs, () => this.#look());
    this.#look();
  }

  /** Services that are listened to now. */
  get joined(): number {
    return [...this.#followed.values()].filter(({ isJoined }) => isJoined).length;
  }

  /** Reads nothing for now; the services leave out what does not fit in between. */
  pause(): void {
    this.#isPaused = true;
    for (const { link } of this.#followed.values()) link?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const { link } of this.#followed.values()) link?.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
    for (const { link } of this.#followed.values()) link?.destroy();
  }

  #look(): void {
    const { stateFolder, service } = this.#options;
    for (const socket of listServiceSockets(stateFolder, service)) {
      if (!this.#followed.has(socket.path)) void this.#follow(socket);
    }
  }

  async #follow(socket: ServiceSocket): Promise<void> {
    const { path } = socket;
    const followed: Followed = { link: undefined, isJoined: false };
    this.#followed.set(path, followed);
    const lines = new LineSplitter((line) => this.#line(socket, followed, line));
    try {
      followed.link = await connectUnix(path, {
        data: (bytes) => {
          if (!lines.push(bytes)) followed.link?.destroy();
        },
        closed: () => this.#left(socket, followed, lines.rest),
      });
    } catch {
      // Dead, or about to listen.
      removeDeadSocket(socket);
      this.#followed.delete(path);
      return;
    }
    if (this.#isClosed) followed.link.destroy();
    if (this.#isPaused) followed.link.pause();
    followed.link.write(eventsQuestion);
  }

  #line({ pid }: ServiceSocket, followed: Followed, line: string): void {
    if (this.#isClosed) return;
    if (!followed.isJoined) {
      const refusal = refusalIn(line, this.#options.service);
      if (refusal !== undefined) {
        this.#options.onRefused(refusal);
        return;
      }
      followed.isJoined = true;
      this.#options.onJoined(pid);
    }
    this.#options.onLine(pid, line);
  }

  #left({ path, pid }: ServiceSocket, followed: Followed, rest: string): void {
    this.#followed.delete(path);
    if (this.#isClosed) return;
    if (followed.isJoined) this.#options.onLeft(pid);
    // The answer of a service without events has no end of line.
    else if (rest !== "") this.#line({ path, pid }, followed, rest);
  }
}

/** The first line says whether there will be more. */
function refusalIn(line: string, service: string): WildfireError | undefined {
  const first = parseObject(line);
  if (first?.["kind"] === "listening") return undefined;
  const reason = first?.["kind"] === "refused" ? first["reason"] : undefined;
  if (typeof reason === "string") {
    return new WildfireError("state", `${service} takes no more listeners: ${reason}`, {
      hint: "end one of the others",
    });
  }
  return new WildfireError("state", `the running ${service} service tells no events`, {
    hint: "it is of another version than this command: restart it",
  });
}

export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

class LineSplitter {
  readonly #decoder = new TextDecoder();
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** What came after the last line. */
  get rest(): string {
    return this.#rest;
  }

  /** False when a line is too long to be one. */
  push(bytes: Uint8Array): boolean {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#onLine(line);
    return this.#rest.length <= maxLineCharacters;
  }
}
