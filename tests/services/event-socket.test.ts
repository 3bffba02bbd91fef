import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseObject } from "../../src/services/event-follower.ts";
import { EventStream } from "../../src/services/event-stream.ts";
import { eventsQuestion, eventsSinceQuestion } from "../../src/services/events-question.ts";
import type { CallHearing } from "../../src/services/hearing-record.ts";
import {
  listServiceSockets,
  readStatuses,
  serveStatus,
  type StatusSocket,
} from "../../src/services/status-socket.ts";
import { connectUnix } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { finalEvent, finalOf } from "../fakes/final-transcript.ts";
import { until } from "../fakes/until.ts";
import { call, newStream, say } from "./event-stream-rig.ts";
import { openDescriptors } from "../fakes/open-descriptors.ts";

describe("over the status socket", () => {
  let stateFolder: string;
  let socket: StatusSocket;
  let stream: EventStream<CallHearing>;

  beforeEach(() => {
    stateFolder = mkdtempSync(join(tmpdir(), "wildfire-events-"));
    stream = newStream();
    const options = { stateFolder, service: "whisper", describe: () => ({ state: "fine" }) };
    socket = serveStatus({ ...options, events: stream });
  });

  afterEach(() => {
    socket.close();
    rmSync(stateFolder, { recursive: true, force: true });
  });

  const path = (): string => listServiceSockets(stateFolder, "whisper")[0]?.path ?? "";

  interface Asker {
    readonly link: TcpLink;
    text: string;
    isClosed: boolean;
  }

  async function ask(question: Uint8Array): Promise<Asker> {
    const state = { text: "", isClosed: false };
    const link = await connectUnix(path(), {
      data: (bytes) => void (state.text += Buffer.from(bytes).toString()),
      closed: () => void (state.isClosed = true),
    });
    link.write(question);
    return Object.assign(state, { link });
  }

  const lines = (asker: Asker): Readonly<Record<string, unknown>>[] =>
    asker.text
      .split("\n")
      .slice(0, -1)
      .map((line) => parseObject(line) ?? {});

  test("a question of one byte is answered with one JSON object, as ever", async () => {
    expect(await readStatuses(stateFolder, "whisper")).toEqual(['{"state":"fine"}']);
    for (const question of [
      "\n",
      "e",
      "events",
      "status\n",
      "events since\n",
      "events since 7 x\n",
      "events since 7\n",
      `events since ${"7".repeat(65)} 1\n`,
    ]) {
      const asker = await ask(new TextEncoder().encode(question));
      await until(() => asker.isClosed, "the end of the answer");
      expect(asker.text).toBe('{"state":"fine"}');
    }
    expect(stream.status().listeners).toBe(0);
  });

  test("listeners get what is told from then on, each for himself", async () => {
    const first = await ask(eventsQuestion);
    await until(() => lines(first).length === 1, "the first listener");
    stream.publish({ call, event: finalEvent(finalOf("one")) });
    const second = await ask(eventsQuestion);
    await until(() => stream.status().listeners === 2, "the second listener");
    stream.publish({ call, event: finalEvent(finalOf("two")) });
    await until(() => lines(first).length === 3 && lines(second).length === 2, "all lines");
    expect(lines(first).map(({ text }) => text)).toEqual([undefined, "one", "two"]);
    expect(lines(second).map(({ text }) => text)).toEqual([undefined, "two"]);
    // A service that tells events still answers questions.
    expect(await readStatuses(stateFolder, "whisper")).toEqual(['{"state":"fine"}']);
    first.link.destroy();
    await until(() => stream.status().listeners === 1, "the first listener gone");
    socket.close();
    await until(() => second.isClosed, "the end of the service");
  });

  test("a listener that was away asks for what it missed", async () => {
    say(stream, 5);
    const asker = await ask(eventsSinceQuestion({ stream: stream.stream, seq: 3 }));
    await until(() => lines(asker).length === 3, "what was missed");
    say(stream, 1);
    await until(() => lines(asker).length === 4, "what comes now");
    expect(lines(asker).map(({ seq }) => seq)).toEqual([undefined, 4, 5, 6]);
    asker.link.destroy();
  });

  test("a listener that reads nothing loses events, gets the count, and costs the others nothing", async () => {
    const slow = await ask(eventsQuestion);
    const quick = await ask(eventsQuestion);
    await until(() => stream.status().listeners === 2, "both listeners");
    slow.link.pause();
    const text = "x".repeat(1000);
    let told = 0;
    const tell = (): void => {
      stream.publish({ call, event: finalEvent(finalOf(text)) });
      told += 1;
    };
    // The kernel takes some hundred kilobytes, and two megabytes are kept here.
    for (let burst = 0; burst < 60; burst += 1) {
      for (let count = 0; count < 100; count += 1) tell();
      await until(() => lines(quick).length === told + 1, "the quick one", 20_000);
    }
    slow.link.resume();
    await until(() => lines(slow).at(-1)?.["seq"] === told, "the last event", 20_000);
    const counts = lines(slow).map(({ kind, count }) => (kind === "missed" ? Number(count) : 0));
    const missed = counts.reduce((sum, count) => sum + count, 0);
    expect(missed).toBeGreaterThan(1000);
    expect(missed).toBe(stream.status().missed);
    expect(lines(slow).filter(({ kind }) => kind === "final")).toHaveLength(told - missed);
    await until(() => lines(quick).length === told + 1, "all events at the quick one", 20_000);
  });

  test("a listener that is killed is forgotten", async () => {
    const child = Bun.spawn([process.execPath, "-e", listenerScript, path()], {
      stdout: "pipe",
      stderr: "inherit",
      stdin: "ignore",
    });
    await until(() => stream.status().listeners === 1, "the listener", 20_000);
    child.kill("SIGKILL");
    await child.exited;
    await until(() => stream.status().listeners === 0, "the listener gone");
    stream.publish({ call, event: finalEvent(finalOf("to nobody")) });
    expect(stream.status()).toMatchObject({ events: 1, missed: 0 });
  });

  test("1,000 connections that listened leave no descriptor and no listener", async () => {
    const before = openDescriptors();
    for (let count = 0; count < 1000; count += 1) {
      const asker = await ask(eventsQuestion);
      await until(() => asker.text !== "", "the first line");
      asker.link.destroy();
      await until(() => stream.status().listeners === 0, "the listener gone");
    }
    await until(() => openDescriptors() <= before + 2, "closed descriptors");
  }, 30_000);

  test("the socket is for its owner only, also in a folder that was open to more", () => {
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(stateFolder, "run")).mode & 0o777).toBe(0o700);
  });

  test("a service without events describes itself instead", async () => {
    socket.close();
    const options = { stateFolder, service: "whisper", describe: () => ({ state: "mute" }) };
    socket = serveStatus(options);
    const asker = await ask(eventsQuestion);
    await until(() => asker.isClosed, "the end of the answer");
    expect(asker.text).toBe('{"state":"mute"}');
  });
});

const listenerScript = `
  Bun.connect({
    unix: process.argv.at(-1),
    socket: {
      open: (socket) => void socket.write("events\\n"),
      data: () => undefined,
    },
  });
`;
