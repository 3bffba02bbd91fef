/**
 * The thousandth call is like the first: two thousand ids one after another, and nothing piles up.
 * The other test here only waits, so it runs beside the first one.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "./eventually.ts";
import { encodeAudioChunk, endMarker } from "../../src/wire/audio-frames.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { Announcer, LegacyInbound, length32, utteranceChunk } from "./legacy-inbound.ts";
import { figuresOf, type ProcessFigures } from "./process-figures.ts";
import { freeUdpPort, type RawConnection } from "./raw-connection.ts";
import { samplesOf, shortest, silence } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const firstId = 111;
const lonelyId = 3040;
const calls = 2000;
/** Caches and pools have their size by then. */
const settledAfter = 200;
const figuresEvery = 100;
/** One call in so many says something; the others are silent. */
const speakingEvery = 5;
/** Connections to the LLaMA that stay open for a call with the same id. */
const spareConnections = 64;
/** Of the least memory seen, early and late: what lies above it comes and goes with collections. */
const memoryGrowth = 1.15;
const fewDescriptors = 8;
const limitMs = 120_000;

const [text] = shortest.texts;
const speech = utteranceChunk(samplesOf(shortest));
const hush = encodeAudioChunk(silence(100));

/** All ways in which calls end, in turn. */
const endings: readonly ((inbound: LegacyInbound, connection: RawConnection) => void)[] = [
  (_inbound, connection) => connection.send(endMarker),
  (_inbound, connection) => connection.send(length32(0)),
  (_inbound, connection) => connection.end(),
  (inbound, connection) => {
    connection.send(endMarker);
    inbound.bye();
    connection.end();
  },
];

test.concurrent(
  `${calls} calls with ids ${firstId}, ${firstId + 1}, …: each text once, memory and descriptors flat`,
  async () => {
    await using stage = new Stage();
    using llama = new FakeLlama();
    const whisper = await stage.startWhisper({ llamaPort: llama.port });
    using announcer = await Announcer.open(whisper.port);
    const before = figuresOf(whisper.program.pid);
    const figures: ProcessFigures[] = [];

    for (let call = 0; call < calls; call += 1) {
      using inbound = new LegacyInbound(firstId + call, announcer);
      const isSpeaking = call % speakingEvery === 0;
      const connection = await inbound.call();
      connection.send(isSpeaking ? speech : hush);
      endings[call % endings.length]?.(inbound, connection);
      if ((call + 1) % figuresEvery === 0 && call + 1 >= settledAfter) {
        await whisper.isIdle();
        figures.push(figuresOf(whisper.program.pid));
      }
    }

    const { totals, llama: bridge } = await whisper.isIdle(60_000);
    const [settled, after] = [figures[0] ?? before, figures.at(-1) ?? before];
    const early = leastMemory(figures.slice(0, figures.length / 2));
    const late = leastMemory(figures.slice(figures.length / 2));
    console.log(`before the first call   ${describeFigures(before)}`);
    console.log(`after ${settledAfter} calls         ${describeFigures(settled)}`);
    console.log(`after ${calls} calls        ${describeFigures(after)}`);
    console.log(`least in each half      ${early} MiB, ${late} MiB`);
    const warnings = whisper.program.records.filter(
      ({ level }) => level === "warn" || level === "error",
    );
    expect(warnings).toEqual([]);
    expect(totals).toMatchObject({ started: calls, connected: calls, ended: calls });
    expect(totals.transcripts).toBe(calls / speakingEvery);
    for (let call = 0; call < calls; call += 1) {
      const expected = call % speakingEvery === 0 ? [`text ${text}`, "bye"] : ["bye"];
      const frames = await llama.gets(firstId + call, expected.length);
      // A connection that is spare for too long is closed in order.
      expect(frames.filter((frame) => frame !== "close")).toEqual(expected);
    }
    expect(bridge.connections).toBeLessThanOrEqual(spareConnections);
    expect(late).toBeLessThan(early * memoryGrowth);
    expect(after.descriptors).toBeLessThanOrEqual(settled.descriptors + fewDescriptors);
    expect(after.threads).toBeLessThanOrEqual(settled.threads);
  },
  limitMs,
);

function describeFigures({ residentMiB, descriptors, threads }: ProcessFigures): string {
  return `${residentMiB} MiB resident, ${descriptors} descriptors, ${threads} threads`;
}

function leastMemory(figures: readonly ProcessFigures[]): number {
  return Math.min(...figures.map(({ residentMiB }) => residentMiB));
}

test.concurrent(
  "an inbound call that no whisper ever answers ends by itself, with a line that says so",
  async () => {
    await using stage = new Stage();
    const { program } = stage.startInbound({
      callId: lonelyId,
      recording: shortest,
      whisperPort: await freeUdpPort(),
      speed: 100,
    });

    expect(await program.exited(limitMs)).toBe(1);
    expect(program.count("REGISTER sent")).toBeGreaterThan(5);
    expect(
      program.count("REGISTER sent", ({ errno }) => errno === "ECONNREFUSED (errno 111)"),
    ).toBeGreaterThan(0);
    expect(program.find("call finished incomplete")).toMatchObject({
      advice: "start whisper: it never connected",
    });
  },
  limitMs,
);
