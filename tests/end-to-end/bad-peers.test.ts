/** Inbound peers that break the protocol, stall or vanish: each is left with a clear line, others go on. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { encodeHello, endMarker } from "../../src/wire/audio-frames.ts";
import { callerAudioPort } from "../../src/wire/ports.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage, type Whisper } from "./harness.ts";
import {
  Announcer,
  LegacyInbound,
  length32,
  streamChunks,
  utteranceChunk,
} from "./legacy-inbound.ts";
import type { RawConnection } from "./raw-connection.ts";
import { samplesOf, sentenceWith, shortest, silence } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const ids = {
  good: 3800,
  bad: 3802,
  mute: 3804,
  half: 3806,
  nan: 3808,
  deaf: 3810,
  refused: 3812,
  flood: 3814,
  drop: 3816,
  long: 3818,
  full: 3820,
  gone: 3822,
} as const;

const [text] = shortest.texts;
const utterance = utteranceChunk(samplesOf(shortest));
const hello = encodeHello(String(ids.bad));

function helloOf(name: string): Uint8Array {
  return Buffer.concat([length32(Buffer.byteLength(name)), Buffer.from(name)]);
}

interface Violation {
  readonly bytes: readonly Uint8Array[];
  readonly reason: string;
}

const violations: Readonly<Record<string, Violation>> = {
  "HELLO of length 0": { bytes: [length32(0)], reason: "HELLO length 0 is not 1..1000" },
  "HELLO of length 1001": {
    bytes: [helloOf("1".repeat(1001))],
    reason: "HELLO length 1001 is not 1..1000",
  },
  "HELLO of length 0xFFFFFFFF": { bytes: [endMarker], reason: "HELLO length 0xffffffff" },
  "HELLO with the id of another call": {
    bytes: [helloOf(String(ids.good))],
    reason: `HELLO names call "${ids.good}", registered was ${ids.bad}`,
  },
  "HELLO that is no number": { bytes: [helloOf("call me")], reason: 'HELLO names call "call me"' },
  "HELLO with a line feed": { bytes: [helloOf(`${ids.bad}\n`)], reason: `"${ids.bad}\\n"` },
  "HELLO that is no UTF-8": {
    bytes: [Buffer.concat([length32(2), Uint8Array.of(0xff, 0xfe)])],
    reason: "HELLO names call",
  },
  "HTTP on the wrong port": {
    bytes: [Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
    reason: "HELLO length 1195725856 is not 1..1000",
  },
  "a chunk of 1 byte": { bytes: [hello, length32(1)], reason: "chunk length 1 is not a multiple" },
  "a chunk of 3 bytes": { bytes: [hello, length32(3)], reason: "chunk length 3 is not a multiple" },
  "a chunk of 2,000,004 bytes": {
    bytes: [hello, length32(2_000_004)],
    reason: "chunk length 2000004 is more than 2000000",
  },
  "a chunk of 0x7FFFFFFF bytes": {
    bytes: [hello, length32(0x7fff_ffff)],
    reason: "chunk length 2147483647 is more than 2000000",
  },
  "a chunk of 0xFFFFFFFE bytes": {
    bytes: [hello, length32(0xffff_fffe)],
    reason: "chunk length 0xfffffffe is more than 2000000",
  },
};

describe("beside a good call, a peer that sends", () => {
  for (const [name, { bytes, reason }] of Object.entries(violations)) {
    test(`${name} is left with a line that says so`, async () => {
      await using stage = new Stage();
      using llama = new FakeLlama();
      const whisper = await stage.startWhisper({ llamaPort: llama.port });
      using announcer = await Announcer.open(whisper.port);
      using good = new LegacyInbound(ids.good, announcer);
      using bad = new LegacyInbound(ids.bad, announcer);
      const goodConnection = await good.call();
      goodConnection.send(utterance);

      const connection = await bad.answered();
      connection.send(...bytes);
      const line = await whisper.program.said("call refused: the peer broke the protocol");
      expect(line).toMatchObject({ level: "warn", call: String(ids.bad) });
      expect(String(line["reason"])).toContain(reason);
      await eventually({ what: "the peer to be left", probe: () => connection.isClosed });

      goodConnection.send(utterance, endMarker);
      const expected = [`text ${text}`, `text ${text}`, "bye"];
      expect(await llama.gets(ids.good, 3)).toEqual(expected);
      expect(llama.texts(ids.bad)).toEqual([]);
      await whisper.isIdle();

      (await bad.call()).send(utterance, endMarker);
      await eventually({
        what: "the next, better call with that id",
        probe: () => llama.texts(ids.bad).length === 1,
      });
      await whisper.isIdle();
    });
  }
});

test("what was heard before a peer broke the protocol is still transcribed", async () => {
  await using scene = await openScene(ids.bad);
  const { llama, whisper, inbound } = scene;
  const connection = await inbound.call();
  connection.send(utterance, length32(3));
  expect(await llama.gets(ids.bad, 2)).toEqual([`text ${text}`, "bye"]);
  await whisper.isIdle();
});

test("peers that say nothing, or half a HELLO, are left after five seconds", async () => {
  await using scene = await openScene(ids.mute);
  const { whisper, announcer, inbound: mute } = scene;
  using half = new LegacyInbound(ids.half, announcer);
  const connections = [await mute.answered(), await half.answered()];
  connections[1]?.send(encodeHello(String(ids.half)).subarray(0, 6));
  for (const connection of connections) {
    await eventually({ what: "the peer to be left", probe: () => connection.isClosed });
  }
  await whisper.isIdle();
  for (const callId of [ids.mute, ids.half]) {
    const message = `call ${callId} was registered but not heard: no HELLO within 5 s`;
    expect(whisper.program.count(message)).toBe(1);
  }
});

test("samples that are no numbers are silence: one warning, and the speech between them is heard", async () => {
  await using scene = await openScene(ids.nan);
  const { llama, whisper, inbound } = scene;
  const connection = await inbound.call();
  const spoilt = joinSamples([silence(200), samplesOf(shortest), silence(200)]);
  spoilt.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e38, -1e38], 100);
  const nothing = new Float32Array(16_000).fill(Number.NaN);
  connection.send(utteranceChunk(nothing), utteranceChunk(spoilt), ...streamChunks(nothing));
  connection.send(endMarker);

  expect(await llama.gets(ids.nan, 2)).toEqual([`text ${text}`, "bye"]);
  expect(
    whisper.program.count("audio holds samples that are no numbers; they are played as silence"),
  ).toBe(1);
  expect(await whisper.program.said("call ended")).toMatchObject({ utterances: 2, transcripts: 1 });
});

test("a peer that never reads its transcripts gets its texts to the LLaMA all the same", async () => {
  await using scene = await openScene(ids.deaf);
  const { llama, whisper, inbound } = scene;
  const connection = await inbound.call();
  connection.pause();
  const count = 20;
  connection.send(...Array.from({ length: count }, () => utterance), endMarker);
  const expected = [...Array.from({ length: count }, () => `text ${text}`), "bye"];
  expect(await llama.gets(ids.deaf, count + 1)).toEqual(expected);
  await whisper.isIdle();
});

test("a call whose port is closed is given up with its errno, and works once the port is open", async () => {
  await using scene = await openScene(ids.gone);
  const { llama, whisper, announcer } = scene;
  announcer.register(ids.refused);
  const port = callerAudioPort({ number: ids.refused });
  await whisper.program.said(
    `call ${ids.refused} was registered but not heard: cannot connect to 127.0.0.1:${port}: ECONNREFUSED`,
  );
  await whisper.isIdle();
  using inbound = new LegacyInbound(ids.refused, announcer);
  (await inbound.call()).send(utterance, endMarker);
  expect(await llama.gets(ids.refused, 2)).toEqual([`text ${text}`, "bye"]);
});

test("a peer that accepts nothing more is given up after two seconds", async () => {
  await using scene = await openScene(ids.gone);
  const { llama, whisper, announcer, stage } = scene;
  const port = callerAudioPort({ number: ids.full });
  const listener = await stage.startLlama(port);
  listener.program.signal("SIGSTOP");
  using _crowd = await fillBacklog(port);

  announcer.register(ids.full);
  const { calls } = await whisper.reaches(
    "a call that connects",
    (status) => status.calls.length === 1,
  );
  expect(calls).toMatchObject([{ callId: String(ids.full), state: "connecting" }]);
  using good = new LegacyInbound(ids.good, announcer);
  (await good.call()).send(utterance, endMarker);
  expect(await llama.gets(ids.good, 2)).toEqual([`text ${text}`, "bye"]);
  await whisper.program.said(
    `call ${ids.full} was registered but not heard: cannot connect to 127.0.0.1:${port}: ETIMEDOUT`,
  );
  await whisper.isIdle();
});

test("a peer that sends faster than anyone can listen is slowed down, and nothing is lost", async () => {
  await using scene = await openScene(ids.flood);
  const { llama, whisper, inbound } = scene;
  const connection = await inbound.call();
  const count = 60;
  connection.send(...Array.from({ length: count }, () => utterance), endMarker);
  let mostPending = 0;
  await whisper.reaches(
    "the call over",
    ({ totals, calls }) => {
      mostPending = Math.max(mostPending, calls[0]?.pendingUtterances ?? 0);
      return totals.ended === 1;
    },
    40_000,
  );
  const expected = [...Array.from({ length: count }, () => `text ${text}`), "bye"];
  expect(await llama.gets(ids.flood, count + 1)).toEqual(expected);
  expect(mostPending).toBeLessThan(count / 2);
});

test("HELLO and audio byte by byte are a call like any other", async () => {
  await using scene = await openScene(ids.drop);
  const { llama, inbound } = scene;
  const connection = await inbound.answered();
  const sentence = utteranceChunk(samplesOf(shortest));
  for (const byte of encodeHello(String(ids.drop))) connection.send(Uint8Array.of(byte));
  for (let at = 0; at < sentence.length; at += 997) {
    connection.send(sentence.subarray(at, at + 997));
  }
  for (const byte of endMarker) connection.send(Uint8Array.of(byte));
  expect(await llama.gets(ids.drop, 2)).toEqual([`text ${text}`, "bye"]);
});

test("the largest chunk that is allowed, 31 seconds, is cut to what the model hears", async () => {
  await using scene = await openScene(ids.long);
  const { llama, inbound } = scene;
  const sentence = sentenceWith("I'd like to speak with Michael please.");
  const samples = new Float32Array(500_000);
  samples.set(samplesOf(sentence), 1600);
  const connection: RawConnection = await inbound.call();
  connection.send(utteranceChunk(samples), endMarker);
  expect(await llama.gets(ids.long, 2)).toEqual([`text ${sentence.texts[0]}`, "bye"]);
});

interface Scene extends AsyncDisposable {
  readonly stage: Stage;
  readonly llama: FakeLlama;
  readonly whisper: Whisper;
  readonly announcer: Announcer;
  /** Listens on the call's port. */
  readonly inbound: LegacyInbound;
}

async function openScene(callId: number): Promise<Scene> {
  await using resources = new AsyncDisposableStack();
  const stage = resources.use(new Stage());
  const llama = resources.use(new FakeLlama());
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const announcer = resources.use(await Announcer.open(whisper.port));
  const inbound = resources.use(new LegacyInbound(callId, announcer));
  const owned = resources.move();
  return {
    stage,
    llama,
    whisper,
    announcer,
    inbound,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Connects until the kernel takes no more connections for a process that does not accept any. */
async function fillBacklog(port: number): Promise<Disposable> {
  const sockets: Bun.Socket<unknown>[] = [];
  const stalledMs = 300;
  for (;;) {
    const attempt = Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: () => undefined, open: (socket) => void sockets.push(socket) },
    });
    attempt.catch(() => undefined);
    const isOpen = await Promise.race([attempt.then(() => true), Bun.sleep(stalledMs)]);
    if (isOpen !== true) break;
  }
  return {
    [Symbol.dispose]() {
      for (const socket of sockets) socket.terminate();
    },
  };
}
