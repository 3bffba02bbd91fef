/**
 * `wildfire status`, `wildfire events` and commands to a running service: it answers each question on a
 * private socket, with one JSON object or with a stream of them. What callers say is private: the socket and
 * its folder are the owner's alone, so whoever can connect is the owner or root.
 */
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import { listenUnix } from "../tcp.ts";
import type { TcpHandlers, TcpLink } from "../tcp-link.ts";
import type { EventSource, EventSubscription } from "./event-stream.ts";
import { readEventsQuestion, readPassingWord } from "./events-question.ts";
import { askSocket, isServed, parseAnswer } from "./socket-question.ts";

export interface StatusSocketOptions {
  readonly stateFolder: string;
  readonly service: string;
  readonly describe: () => Record<string, unknown>;
  /** Of services that have something to tell. */
  readonly events?: EventSource | undefined;
  /** Of services that take commands. */
  readonly command?: CommandHandler | undefined;
}

/** One word and its arguments; what it resolves to is the answer, and an error's line is one too. */
export type CommandHandler = (
  command: string,
  fields: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>>>;

export interface StatusSocket {
  close(): void;
}

/** The socket of a process, which may be dead. */
export interface ServiceSocket {
  readonly path: string;
  readonly pid: number;
}

/** sun_path holds 108 bytes on Linux and 104 on macOS, with the final zero. */
const maxSocketPathBytes = 100;
const answerLimitMs = 3000;
/** Anything but the question for events will do. */
const statusQuestion = Uint8Array.of(0x0a);
const privateFolderMode = 0o700;

/** Each process has a socket of its own, so that two services of one name never collide. */
export function serveStatus(options: StatusSocketOptions): StatusSocket {
  const folder = runFolder(options.stateFolder);
  mkdirSync(folder, { recursive: true, mode: privateFolderMode });
  requireOwnFolder(folder);
  // Made by an earlier version, or with the state folder, it may be open to more readers.
  chmodSync(folder, privateFolderMode);
  const path = join(folder, `${options.service}-${process.pid}.sock`);
  rmSync(path, { force: true });
  const server = listenUnix(path, (link) => answerer(link, options));
  chmodSync(path, 0o600);
  return {
    close() {
      server.stop(true);
      rmSync(path, { force: true });
    },
  };
}

function answerer(link: TcpLink, { describe, events, command }: StatusSocketOptions): TcpHandlers {
  let isAsked = false;
  let subscription: EventSubscription | undefined;
  const answer = (fields: Readonly<Record<string, unknown>>): void => {
    link.write(new TextEncoder().encode(JSON.stringify(fields)));
    link.end();
  };
  return {
    // Answered when it is asked for: a socket that is closed again before the asker's event loop saw
    // it open counts as a failed connection in Bun.
    data(bytes) {
      if (isAsked) {
        heedFollower(subscription, bytes);
        return;
      }
      isAsked = true;
      // So few bytes, written at once to a local socket, arrive at once.
      const question = events === undefined ? undefined : readEventsQuestion(bytes);
      if (events !== undefined && question !== undefined) {
        subscription = events.subscribe(link, question.since);
        heedFollower(subscription, bytes);
        if (subscription === undefined) link.end();
        return;
      }
      const asked = command === undefined ? undefined : readCommand(bytes);
      if (command === undefined || asked === undefined) answer(describe());
      else void obey(command, asked).then(answer);
    },
    drained: () => subscription?.drained(),
    closed: () => subscription?.cancel(),
  };
}

/** A follower may change its mind about events that pass. */
function heedFollower(subscription: EventSubscription | undefined, bytes: Uint8Array): void {
  const isWanted = readPassingWord(bytes);
  if (isWanted !== undefined) subscription?.wantPassing(isWanted);
}

interface AskedCommand {
  readonly command: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const commandWord = "command ";

/** `command {"command": "call", …}` and the end of the line, in one piece: it was written in one. */
function readCommand(bytes: Uint8Array): AskedCommand | undefined {
  const text = new TextDecoder().decode(bytes);
  if (!text.startsWith(commandWord)) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(commandWord.length));
    if (typeof value !== "object" || value === null) return undefined;
    const { command, ...fields }: Record<string, unknown> = { ...value };
    return typeof command === "string" ? { command, fields } : undefined;
  } catch {
    return undefined;
  }
}

async function obey(
  handler: CommandHandler,
  { command, fields }: AskedCommand,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await handler(command, fields);
  } catch (error) {
    return { error: describeError(error) };
  }
}

/** The answer of the service behind the socket; rejects with a WildfireError when it gives none. */
export async function commandService(
  { path }: ServiceSocket,
  asked: AskedCommand,
  limitMs: number,
): Promise<Readonly<Record<string, unknown>>> {
  const { command, fields } = asked;
  const question = `${commandWord}${JSON.stringify({ command, ...fields })}\n`;
  const bytes = new TextEncoder().encode(question);
  const answer = parseAnswer(await ask(path, bytes, limitMs));
  if (answer !== undefined) return answer;
  throw new WildfireError("state", `the service did not answer ${command}`, {
    hint: "it has ended meanwhile, or is of another version",
  });
}

/** One JSON text per running service of that name; sockets of dead processes are removed. */
export async function readStatuses(stateFolder: string, service: string): Promise<string[]> {
  const answers: string[] = [];
  for (const socket of listServiceSockets(stateFolder, service)) {
    try {
      answers.push(await ask(socket.path, statusQuestion, answerLimitMs));
    } catch (error) {
      if (!(await removeUnservedSocket(socket))) throw error;
    }
  }
  return answers;
}

/**
 * Those behind which somebody listens. After a power cut the number in a name may be another program's, so
 * that a process of that number says nothing; what nobody serves is removed.
 */
export async function listServedSockets(
  stateFolder: string,
  service: string,
): Promise<ServiceSocket[]> {
  const sockets = listServiceSockets(stateFolder, service);
  const isUnserved = await Promise.all(sockets.map(removeUnservedSocket));
  return sockets.filter((_, at) => isUnserved[at] === false);
}

/** False when a process has it, and the socket stays. */
async function removeUnservedSocket(socket: ServiceSocket): Promise<boolean> {
  if (removeDeadSocket(socket)) return true;
  if (await isServed(socket.path)) return false;
  rmSync(socket.path, { force: true });
  return true;
}

/** Sockets of the services of that name, alive or dead. */
export function listServiceSockets(stateFolder: string, service: string): ServiceSocket[] {
  const folder = runFolder(stateFolder);
  return listSockets(folder, service).map((name) => ({
    path: join(folder, name),
    pid: Number(/-(\d+)\.sock$/.exec(name)?.[1]),
  }));
}

/** Removes a socket that did not answer; false when its process lives, and the socket stays. */
export function removeDeadSocket({ path, pid }: ServiceSocket): boolean {
  if (isAlive(pid)) return false;
  rmSync(path, { force: true });
  return true;
}

/** The state folder's own, or one in the temporary folder when that path is too long for a socket. */
function runFolder(stateFolder: string): string {
  const folder = join(stateFolder, "run");
  const longestName = "/audiosocket-4194304.sock";
  if (Buffer.byteLength(folder + longestName) <= maxSocketPathBytes) return folder;
  const digest = new Bun.CryptoHasher("sha256").update(stateFolder).digest("hex").slice(0, 12);
  return join(tmpdir(), `wildfire-${process.getuid?.() ?? 0}-${digest}`);
}

function requireOwnFolder(folder: string): void {
  const { uid, mode } = statSync(folder);
  const isOurs = uid === (process.getuid?.() ?? uid) && (mode & 0o022) === 0;
  if (isOurs) return;
  throw new WildfireError(
    "state",
    `folder ${folder} belongs to another user or is open to others`,
    {
      hint: "remove it or choose another one with --state-dir",
    },
  );
}

function listSockets(folder: string, service: string): string[] {
  try {
    return readdirSync(folder).filter(
      (name) => name.startsWith(`${service}-`) && name.endsWith(".sock"),
    );
  } catch {
    return [];
  }
}

async function ask(path: string, question: Uint8Array, limitMs: number): Promise<string> {
  const who = `the service behind ${path}`;
  return await askSocket({ path, question, limitMs, clock: systemClock, who });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
