/** The sound of real calls by AudioSocket, kept, told to whoever follows, and in the history of the page. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { muLawToLinear } from "../../src/audio/g711.ts";
import { readOptions } from "../../src/config/options.ts";
import { systemClock } from "../../src/core/clock.ts";
import { audiosocketService } from "../../src/services/audiosocket.ts";
import type { RunningService } from "../../src/services/service.ts";
import { serveStatus, type StatusSocket } from "../../src/services/status-socket.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { until } from "../fakes/until.ts";
import { CallsRig } from "../web/calls-rig.ts";
import { fieldsOf } from "../web/web-rig.ts";
import { AutomaticWhisper, ScriptedExchange } from "./audiosocket-rig.ts";

setDefaultTimeout(30_000);

const level = 8192;
let rig: CallsRig;
let whisper: AutomaticWhisper;
let service: RunningService;
let socket: StatusSocket;

beforeEach(async () => {
  rig = new CallsRig();
  whisper = await AutomaticWhisper.open();
});

afterEach(async () => {
  socket.close();
  await service.stop();
  whisper[Symbol.dispose]();
  await rig.stop();
});

async function start(config: string): Promise<number> {
  const { stateFolder } = rig;
  const file = await rig.writeConfig(config);
  const values = readOptions(audiosocketService.options, {
    argv: ["--listen", "127.0.0.1:0", "--whisper-port", String(whisper.port), "--config", file],
    env: {},
    command: "audiosocket",
  });
  const { log } = createMemoryLog(systemClock);
  service = await audiosocketService.start(values, {
    clock: systemClock,
    log,
    stateFolder,
    print: () => undefined,
  });
  socket = serveStatus({
    stateFolder,
    service: "audiosocket",
    describe: () => ({ service: "audiosocket", pid: process.pid, ...service.status() }),
    events: service.events,
  });
  await rig.start({ config: file });
  return Number(String(service.status()["address"]).split(":")[1]);
}

/** The caller says something, and hears something. */
async function talk(port: number): Promise<void> {
  using exchange = await ScriptedExchange.call(port, 1);
  const { callId } = await whisper.call(0);
  using voice = await ScriptedVoicePeer.open(callId.number);
  voice.signal("register");
  const connection = await voice.connection(0);
  connection.speak(new Float32Array(8 * 1000).fill(level / 32_768));
  connection.finish();
  exchange.speak(1500, 4000);
  await exchange.hears(8000, level);
  exchange.hangUp();
  await exchange.closed();
}

/** Of the first call; empty before it is there. */
async function firstCall(): Promise<Readonly<Record<string, unknown>>> {
  const { calls } = await rig.json("/api/v1/history");
  const first: unknown = Array.isArray(calls) ? calls[0] : undefined;
  const { id } = fieldsOf(first);
  return typeof id === "number" ? await rig.json(`/api/v1/history/${id}`) : {};
}

test("with audio on, both sides are kept and can be played when the call is over", async () => {
  await talk(await start("[history]\naudio = true\n"));
  let call = await firstCall();
  const sizeOf = (): unknown => {
    const { audio } = call;
    return Array.isArray(audio) ? fieldsOf(audio[0])["bytes"] : undefined;
  };
  for (let tries = 0; tries < 200 && !Number(sizeOf()); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    call = await firstCall();
  }
  const response = await rig.get(`/api/v1/history/${String(call["id"])}/audio/1`);
  expect(response.status).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(bytes.length).toBe(Number(sizeOf()));
  const [file = ""] = readdirSync(rig.audioFolder);
  expect(Buffer.from(bytes).equals(readFileSync(join(rig.audioFolder, file)))).toBe(true);
  // Half a second of the caller at least, and all of the agent.
  const near = (wanted: number, side: number): number =>
    bytes
      .subarray(58)
      .filter((code, at) => at % 2 === side && Math.abs(muLawToLinear(code) - wanted) < 300).length;
  expect(near(4000, 0)).toBeGreaterThan(4000);
  expect(near(level, 1)).toBeGreaterThan(7500);
  expect(near(level, 0)).toBe(0);
});

test("without, nothing is", async () => {
  await talk(await start("[history]\nkeep-days = 9\n"));
  await until(() => service.status()["open"] === 0, "the end of the call");
  for (let tries = 0; tries < 100 && (await firstCall())["ended"] === undefined; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await firstCall()).toMatchObject({ audio: [] });
  expect(readdirSync(rig.historyFolder)).not.toContain("audio");
});
