/** One question to a service behind its status socket: written at once, answered until the service closes. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Clock } from "../core/clock.ts";
import { errnoOf } from "../core/errno.ts";
import { WildfireError } from "../core/errors.ts";
import { connectUnix } from "../tcp.ts";
import type { TcpLink } from "../tcp-link.ts";

export interface SocketQuestion {
  readonly path: string;
  readonly question: Uint8Array;
  /** For connecting and the whole answer. */
  readonly limitMs: number;
  readonly clock: Clock;
  /** Who is asked, for what is said when nobody answers: "whisper". */
  readonly who: string;
}

/** Far above the status of any number of calls. */
const maxAnswerBytes = 4 << 20;

/** Rejects with a WildfireError when there is no connection, no end of the answer in time, or no end at all. */
export async function askSocket(asked: SocketQuestion): Promise<string> {
  const { path, question, who, limitMs, clock } = asked;
  const answer = Promise.withResolvers<string>();
  const chunks: Uint8Array[] = [];
  let bytesLeft = maxAnswerBytes;
  const timer = clock.after(limitMs, () => answer.reject(noAnswer(who, limitMs)));
  const connecting = connectUnix(path, {
    data(bytes) {
      bytesLeft -= bytes.length;
      if (bytesLeft >= 0) chunks.push(bytes.slice());
      else answer.reject(new WildfireError("state", `the answer of ${who} does not end`));
    },
    closed: () => answer.resolve(Buffer.concat(chunks).toString("utf8")),
  });
  const links: TcpLink[] = [];
  connecting.then(
    (link) => {
      links.push(link);
      link.write(question);
    },
    (error: unknown) => answer.reject(error),
  );
  try {
    return await answer.promise;
  } finally {
    timer.cancel();
    // One that opens later is not needed either.
    if (links.length === 0) connecting.then((link) => link.destroy()).catch(() => undefined);
    for (const link of links) link.destroy();
  }
}

function noAnswer(who: string, limitMs: number): WildfireError {
  return new WildfireError("timeout", `${who} does not answer within ${limitMs / 1000} s`, {
    hint: "its event loop is blocked: look at the host's load, then restart it",
  });
}

/** Whether a process has that socket; one that hangs has it, too. */
export async function isServed(path: string): Promise<boolean> {
  try {
    const link = await connectUnix(path, { data: () => undefined, closed: () => undefined });
    link.destroy();
    return true;
  } catch (error) {
    const errno = error instanceof WildfireError ? errnoOf(error.cause) : "";
    const isRefused = errno === "ECONNREFUSED" || errno === "ENOENT";
    // Bun says that also of one whose queue of connections is full.
    return !isRefused || isBound(path);
  }
}

/** Linux lists the sockets that processes have; without that list the refusal counts. */
function isBound(path: string): boolean {
  try {
    const sockets = readFileSync("/proc/net/unix", "latin1").split("\n");
    return sockets.some((line) => line.endsWith(`/${basename(path)}`));
  } catch {
    return false;
  }
}

/** Undefined when the text is no JSON object. */
export function parseAnswer(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
