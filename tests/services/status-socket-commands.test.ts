/** Commands on the socket of a running service: asked in one line, answered in one object, whatever comes. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WildfireError } from "../../src/core/errors.ts";
import {
  type CommandHandler,
  commandService,
  listServiceSockets,
  readStatuses,
  serveStatus,
  type ServiceSocket,
} from "../../src/services/status-socket.ts";
import { connectUnix } from "../../src/tcp.ts";

setDefaultTimeout(20_000);

const limitMs = 5000;
const freed: (() => void)[] = [];

afterEach(() => {
  for (const free of freed.splice(0).toReversed()) free();
});

interface Asked {
  readonly command: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Rig {
  readonly stateFolder: string;
  readonly socket: ServiceSocket;
  readonly asked: Asked[];
}

/** A service that answers with `handler`; without one it takes no commands. */
function serve(handler?: CommandHandler): Rig {
  const stateFolder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  freed.push(() => rmSync(stateFolder, { recursive: true, force: true }));
  const asked: Asked[] = [];
  const status = serveStatus({
    stateFolder,
    service: "sip",
    describe: () => ({ service: "sip" }),
    command:
      handler === undefined
        ? undefined
        : (command, fields) => {
            asked.push({ command, fields });
            return handler(command, fields);
          },
  });
  freed.push(() => status.close());
  const [socket] = listServiceSockets(stateFolder, "sip");
  if (socket === undefined) throw new Error("there is no socket");
  return { stateFolder, socket, asked };
}

/** What the service writes back to these bytes, until it closes. */
async function answerTo({ socket }: Rig, question: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  const link = await connectUnix(socket.path, {
    data: (bytes) => chunks.push(Buffer.from(bytes)),
    closed: () => closed.resolve(),
  });
  link.write(new TextEncoder().encode(question));
  await closed.promise;
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

describe("a command", () => {
  test("reaches the handler with its fields, and its answer comes back", async () => {
    const rig = serve(async () => ({ key: "7" }));
    const fields = { number: "600", line: "200@pbx", deep: { a: [1, null] } };
    const asked = { command: "call", fields };
    expect(await commandService(rig.socket, asked, limitMs)).toEqual({ key: "7" });
    expect(rig.asked).toEqual([asked]);
  });

  test("that fails is answered with the line of its error", async () => {
    const rig = serve(async () => {
      throw new WildfireError("state", 'there is no call "9"', { hint: "look at the status" });
    });
    const { error } = await commandService(rig.socket, { command: "hold", fields: {} }, limitMs);
    expect(error).toBe('there is no call "9"; look at the status');
  });

  test("that takes long is waited for, while others are answered", async () => {
    const release = Promise.withResolvers<void>();
    const rig = serve(async (command) => {
      if (command === "slow") await release.promise;
      return { command };
    });
    const slow = commandService(rig.socket, { command: "slow", fields: {} }, limitMs);
    const fast = await commandService(rig.socket, { command: "fast", fields: {} }, limitMs);
    expect(fast).toEqual({ command: "fast" });
    release.resolve();
    expect(await slow).toEqual({ command: "slow" });
  });

  test("that is not answered in time ends with a line that says so", async () => {
    const rig = serve(() => new Promise(() => undefined));
    const asking = commandService(rig.socket, { command: "call", fields: {} }, 50);
    expect(asking).rejects.toThrow("does not answer within 0.05 s");
    await asking.catch(() => undefined);
  });

  test("with text beyond ASCII arrives as it was", async () => {
    const rig = serve(async () => ({}));
    const asked = { command: "call", fields: { number: 'Jörg \u{1F600}\n"' } };
    await commandService(rig.socket, asked, limitMs);
    expect(rig.asked).toEqual([asked]);
  });
});

describe("what is no command", () => {
  test.each([
    "\n",
    "status\n",
    "command\n",
    "command {\n",
    "command null\n",
    "command []\n",
    'command {"number":"600"}\n',
    'command {"command":7}\n',
    "command command\n",
  ])("%j is answered with the status, and reaches no handler", async (question) => {
    const rig = serve(async () => ({}));
    expect(await answerTo(rig, question)).toEqual({ service: "sip" });
    expect(rig.asked).toEqual([]);
  });

  test("a service without commands answers with its status", async () => {
    const rig = serve();
    expect(await answerTo(rig, 'command {"command":"call"}\n')).toEqual({ service: "sip" });
  });
});

test("the socket is its owner's alone, and the status goes on beside commands", async () => {
  const rig = serve(async () => ({}));
  expect(statSync(rig.socket.path).mode & 0o777).toBe(0o600);
  expect(rig.socket.pid).toBe(process.pid);
  const answers = await readStatuses(rig.stateFolder, "sip");
  expect(answers.map((text): unknown => JSON.parse(text))).toEqual([{ service: "sip" }]);
});

test("a service that ends while it is asked is told in one line", async () => {
  const asked = Promise.withResolvers<void>();
  const { socket } = serve(() => {
    asked.resolve();
    return new Promise(() => undefined);
  });
  const answer = commandService(socket, { command: "call", fields: {} }, limitMs);
  await asked.promise;
  // The first thing to free is the service.
  freed.at(-1)?.();
  expect(answer).rejects.toThrow("the service did not answer call");
  await answer.catch(() => undefined);
});
