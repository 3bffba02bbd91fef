/** Listens to all running services of a name, also to those that start later or start again. */
import type { Clock, Timer } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import { connectUnix } from "../tcp.ts";
import type { TcpLink } from "../tcp-link.ts";
import type { EventPosition } from "./event-stream.ts";
import { eventsQuestion, eventsSinceQuestion, passingWord } from "./events-question.ts";
import { listServiceSockets, removeDeadSocket, type ServiceSocket } from "./status-socket.ts";

export interface EventFollowerOptions {
  readonly stateFolder: string;
  readonly service: string;
  readonly clock: Clock;
  readonly onJoined: (pid: number) => void;
  readonly onLeft: (pid: number) => void;
  /**
   * One event, as the service wrote it: a JSON object without the end of the line. The position is that of
   * a numbered event, and undefined for what is not kept.
   */
  readonly onLine: (pid: number, line: string, position: EventPosition | undefined) => void;
  /**
   * Where to go on in the events of that process, asked whenever it is connected. Where nothing is known of
   * it, `fromTheBeginning` gives all that it has kept; undefined means from now on, as without this option.
   */
  readonly since?: (pid: number) => EventPosition | undefined;
  /** False: without unfinished texts, which cost the service work, until `wantPassing` says otherwise. */
  readonly passing?: boolean;
  /** A service that is there cannot be listened to. */
  readonly onRefused: (error: WildfireError) => void;
}

const pollMs = 500;
/** Far above any event. */
const maxLineCharacters = 1 << 20;

/** Of a process that was never listened to: no stream has this name. */
export const fromTheBeginning: EventPosition = { stream: "-", seq: 0 };

interface Followed {
  link: TcpLink | undefined;
  isJoined: boolean;
  /** Which life of the service it is; empty before it has said so. */
  stream: string;
}

export class EventFollower {
  readonly #options: EventFollowerOptions;
  readonly #timer: Timer;
  readonly #followed = new Map<string, Followed>();
  #wantsPassing: boolean;
  #isPaused = false;
  #isClosed = false;

  constructor(options: EventFollowerOptions) {
    this.#options = options;
    this.#wantsPassing = options.passing ?? true;
    this.#timer = options.clock.every(pollMs, () => this.#look());
    this.#look();
  }

  /** Services that are listened to now. */
  get joined(): number {
    return [...this.#followed.values()].filter(({ isJoined }) => isJoined).length;
  }

  /** Whether unfinished texts are of interest now. */
  wantPassing(isWanted: boolean): void {
    if (isWanted === this.#wantsPassing) return;
    this.#wantsPassing = isWanted;
    for (const { link } of this.#followed.values()) link?.write(passingWord(isWanted));
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
    const followed: Followed = { link: undefined, isJoined: false, stream: "" };
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
    const since = this.#options.since?.(socket.pid);
    const question = since === undefined ? eventsQuestion : eventsSinceQuestion(since);
    const words = this.#wantsPassing ? [] : [passingWord(false)];
    // In one piece: the service shall not begin with what is not wanted.
    followed.link.write(Buffer.concat([question, ...words]));
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
      followed.stream = streamIn(line);
      this.#options.onJoined(pid);
    }
    this.#options.onLine(pid, line, positionOf(line, followed.stream));
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

/** Empty when the service is of a version that does not number its events. */
function streamIn(line: string): string {
  const stream = parseObject(line)?.["stream"];
  return typeof stream === "string" ? stream : "";
}

/** The head of each line is always written in this order, so that it need not be taken apart twice. */
const numberedHead = /^\{"kind":"[^"]*","time":"[^"]*","pid":\d+,"seq":(\d+)[,}]/;

function positionOf(line: string, stream: string): EventPosition | undefined {
  const seq = numberedHead.exec(line)?.[1];
  return seq === undefined || stream === "" ? undefined : { stream, seq: Number(seq) };
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
