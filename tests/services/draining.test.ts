/** Telephone services that take no new calls, while those that are up go on. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SmallPbx } from "../../bench/small-pbx.ts";
import { type OptionTable, readOptions } from "../../src/config/options.ts";
import { systemClock } from "../../src/core/clock.ts";
import { describeError } from "../../src/core/errors.ts";
import { audiosocketService } from "../../src/services/audiosocket.ts";
import { parseObject } from "../../src/services/event-follower.ts";
import type { RunningService, ServiceContext } from "../../src/services/service.ts";
import { sipOptions } from "../../src/services/sip-options.ts";
import { sipService } from "../../src/services/sip.ts";
import { encodeAudioSocketDigit, terminateFrame } from "../../src/wire/audiosocket.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { AutomaticWhisper, keyOf, ScriptedExchange } from "./audiosocket-rig.ts";

setDefaultTimeout(30_000);

type Fields = Readonly<Record<string, unknown>>;

let folder = "";
let told: Fields[] = [];
let service: Pick<RunningService, "command" | "events" | "status" | "stop">;
const freed: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-drain-"));
  told = [];
});
afterEach(async () => {
  await service.stop();
  for (const free of freed.splice(0)) free();
  rmSync(folder, { recursive: true, force: true });
});

function context(): ServiceContext {
  const { log } = createMemoryLog(systemClock);
  return { clock: systemClock, log, stateFolder: folder, print: () => undefined };
}

function valuesOf<T extends OptionTable>(table: T, argv: readonly string[]) {
  return readOptions(table, { argv, env: {}, command: "test" });
}

function listen(): void {
  service.events?.subscribe({
    write(bytes) {
      told.push(parseObject(new TextDecoder().decode(bytes)) ?? {});
      return true;
    },
    pendingBytes: 0,
  });
}

async function command(name: string, fields: Fields = {}): Promise<Fields> {
  return (await service.command?.(name, fields)) ?? {};
}

const events = (kind: string): Fields[] => told.filter((event) => event["kind"] === kind);

function calls(): number {
  const { current } = service.status();
  return Array.isArray(current) ? current.length : -1;
}

function isRegistered(): boolean {
  return events("registration").at(-1)?.["isRegistered"] === true;
}

function port(): number {
  return Number(String(service.status()["address"]).split(":")[1]);
}

describe("the sip service", () => {
  let pbx: SmallPbx;
  let reloadSip: (argv: readonly string[]) => Promise<void>;

  beforeEach(async () => {
    const { log } = createMemoryLog(systemClock);
    const rtpPorts = { from: 27_000, to: 27_199 };
    pbx = await SmallPbx.open({ clock: systemClock, log, rtpPorts });
    freed.push(() => pbx.close());
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, "unused\n");
    const argv = [
      `--line=200@${pbx.address}`,
      `--password-file=${passwordFile}`,
      "--sip-bind=127.0.0.1",
      "--rtp-ports=27200-27399",
      "--whisper-port=9",
    ];
    const sip = await sipService.start(valuesOf(sipOptions, argv), context());
    reloadSip = async (more) => void (await sip.reload?.(valuesOf(sipOptions, [...argv, ...more])));
    service = sip;
    listen();
    await pbx.registered("200");
    await until(() => isRegistered(), "the registration");
  });

  test("takes its lines back at once, and calls that are up go on", async () => {
    const call = await pbx.call("200");
    await until(() => events("established").length === 1, "the call");
    expect(await command("drain")).toEqual({ isDraining: true, calls: 1 });
    await until(() => pbx.registrar.binding("200") === undefined, "the line taken back");
    expect(service.status()).toMatchObject({ state: "draining" });
    expect(events("draining")).toMatchObject([{ isDraining: true, calls: 1 }]);
    // Sound, changes and the end of the call still find their way.
    const key = String(events("established")[0]?.["key"]);
    expect(await command("hold", { key })).toMatchObject({ ok: true });
    expect(await command("resume", { key })).toMatchObject({ ok: true });
    expect(events("hold")).toMatchObject([
      { by: "us", isHeld: true, key },
      { by: "us", isHeld: false, key },
    ]);
    call.hangUp();
    expect(await call.ended).toMatchObject({ by: "us" });
    await until(() => calls() === 0, "no call left");
  });

  test("refuses what is on its way to it with 480, and what it is asked to dial", async () => {
    // Its way was looked up before the line was taken back.
    const ringing = pbx.ring("200");
    await command("drain");
    const call = await ringing;
    expect(await call.ended).toMatchObject({ by: "peer", status: 480 });
    expect(await command("call", { number: "600" }).catch(describeError)).toStartWith(
      "the sip service is draining: it makes no new calls",
    );
    expect(calls()).toBe(0);
  });

  test("makes no call that it was asked for just before", async () => {
    const dialled = command("call", { number: "600" }).catch(describeError);
    await command("drain");
    expect(await dialled).toStartWith("the sip service is draining: it makes no new calls");
    expect(calls()).toBe(0);
    expect(service.status()).toMatchObject({ failedToStart: 1 });
  });

  test("takes calls again, also when it is told so before its lines were taken back", async () => {
    await command("drain");
    expect(await command("undrain")).toEqual({ isDraining: false, calls: 0 });
    await until(() => events("registration").length > 3 && isRegistered(), "registered again");
    expect(service.status()).toMatchObject({ state: "ready" });
    const call = await pbx.call("200");
    await until(() => events("established").length === 1, "a call");
    call.hangUp();
    await call.ended;
    // Once more, with everything at rest in between.
    await command("drain");
    await until(() => pbx.registrar.binding("200") === undefined, "the line taken back");
    await command("undrain");
    await pbx.registered("200");
    await until(() => isRegistered(), "registered again");
    expect(events("draining").map((event) => event["isDraining"])).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test("does each once, however often it is told", async () => {
    await command("undrain");
    await command("drain");
    await command("drain");
    expect(events("draining")).toHaveLength(1);
  });

  test("stops as ever while it drains", async () => {
    const call = await pbx.call("200");
    await command("drain");
    await service.stop();
    expect(await call.ended).toMatchObject({ by: "peer" });
  });

  test("takes nothing while a line has another password, which counts after a restart", async () => {
    writeFileSync(join(folder, "password"), "another\n");
    expect(await reloadSip(["--max-calls=1"]).catch(describeError)).toBe(
      "the passwords of the lines are others now; restart sip",
    );
    const first = await pbx.call("200");
    const second = await pbx.call("200");
    await until(() => calls() === 2, "two calls");
    first.hangUp();
    second.hangUp();
    await Promise.all([first.ended, second.ended]);
  });

  test("takes another limit of calls while it runs", async () => {
    await reloadSip(["--max-calls=1"]);
    const first = await pbx.call("200");
    const second = await pbx.ring("200");
    expect(await second.ended).toMatchObject({ status: 486 });
    first.hangUp();
    await first.ended;
  });
});

describe("the audiosocket service", () => {
  let whisper: AutomaticWhisper;

  beforeEach(async () => {
    whisper = await AutomaticWhisper.open();
    freed.push(() => whisper[Symbol.dispose]());
    const argv = ["--listen=127.0.0.1:0", `--whisper-port=${whisper.port}`];
    service = await audiosocketService.start(valuesOf(audiosocketService.options, argv), context());
    listen();
  });

  test("does not listen any more, and calls that are up go on", async () => {
    using call = await ScriptedExchange.call(port(), 1);
    await whisper.call(0);
    expect(await command("drain")).toEqual({ isDraining: true, calls: 1 });
    expect(service.status()).toMatchObject({ state: "draining" });
    const refused = await ScriptedExchange.connect(port()).then(
      () => "connected",
      () => "refused",
    );
    expect(refused).toBe("refused");
    const { frames } = call;
    await until(() => call.frames > frames + 5, "sound as before");
    call.send(terminateFrame);
    await until(() => calls() === 0, "no call left");
  });

  test("listens again on the same port when it is to take calls again", async () => {
    const before = port();
    await command("drain");
    expect(await command("undrain")).toEqual({ isDraining: false, calls: 0 });
    expect(port()).toBe(before);
    using _call = await ScriptedExchange.call(before, 1);
    await whisper.call(0);
    expect(service.status()).toMatchObject({ state: "ready" });
    expect(events("draining")).toMatchObject([{ isDraining: true }, { isDraining: false }]);
  });

  test("tells the same of a call as the sip service, under keys that never come again", async () => {
    whisper.transcript = "call me back";
    using call = await ScriptedExchange.call(port(), 1);
    const { callId } = await whisper.call(0);
    call.speak(100);
    call.send(encodeAudioSocketDigit("4"));
    await until(() => events("digit").length === 1, "the key");
    call.send(terminateFrame);
    await until(() => events("transcript").length === 1, "the last text");
    const name = {
      key: `${keyOf(1)}-1`,
      callId: callId.text,
      line: "AudioSocket",
      direction: "incoming",
      remote: keyOf(1),
      name: "",
    };
    const { callId: _id, ...unnamed } = name;
    const own = told.filter((event) => event["key"] !== undefined);
    expect(own).toMatchObject([
      { kind: "ringing", ...unnamed },
      { kind: "established", ...name, codec: "L16" },
      { kind: "media", ...name, codec: "L16/8000", flow: "sendrecv" },
      { kind: "digit", ...name, digit: "4" },
      { kind: "ended", ...name, by: "peer", reason: "the exchange hung up" },
      { kind: "transcript", ...name, text: "call me back" },
    ]);
    expect(own.map((event) => event["seq"])).toEqual([1, 2, 3, 4, 5, 6]);
    using _next = await ScriptedExchange.call(port(), 1);
    await until(() => events("ringing").length === 2, "the next call");
    expect(events("ringing")[1]).toMatchObject({ key: `${keyOf(1)}-2`, remote: keyOf(1) });
  });
});
