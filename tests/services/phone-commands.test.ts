/** What a running sip service can be asked about its calls, and told by the LLaMA, at a small PBX. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SmallPbx } from "../../bench/small-pbx.ts";
import { readOptions } from "../../src/config/options.ts";
import { systemClock } from "../../src/core/clock.ts";
import { describeError } from "../../src/core/errors.ts";
import { objectOf } from "../../src/llama-bridge/chat/loose-json.ts";
import { PhoneControl } from "../../src/services/phone-control.ts";
import type { RunningService } from "../../src/services/service.ts";
import { sipOptions } from "../../src/services/sip-options.ts";
import { sipService } from "../../src/services/sip.ts";
import { serveStatus } from "../../src/services/status-socket.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(30_000);

type Fields = Readonly<Record<string, unknown>>;

const { log } = createMemoryLog(systemClock);
let folder = "";
let pbx: SmallPbx;
let service: RunningService;
let printed: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  printed = [];
  pbx = await SmallPbx.open({
    clock: systemClock,
    log,
    rtpPorts: { from: 28_000, to: 28_199 },
    answer: (number) => ({ kind: number === "600" ? "answer" : "ring" }),
  });
  service = await sipService.start(sipValues(), {
    clock: systemClock,
    log,
    stateFolder: folder,
    print: (line) => printed.push(line),
  });
  await until(() => isRegistered(), "the registration");
});
afterEach(async () => {
  await service.stop();
  pbx.close();
  rmSync(folder, { recursive: true, force: true });
});

function sipValues() {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "unused\n");
  return readOptions(sipOptions, {
    argv: [
      `--line=200@${pbx.address}`,
      `--password-file=${passwordFile}`,
      "--sip-bind=127.0.0.1",
      "--rtp-ports=28200-28399",
      "--whisper-port=9",
      "--json",
    ],
    env: {},
    command: "sip",
  });
}

async function command(name: string, fields: Fields): Promise<Fields> {
  if (service.command === undefined) throw new Error("the service takes no commands");
  return await service.command(name, fields);
}

async function problem(name: string, fields: Fields): Promise<string> {
  return await command(name, fields).then((answer) => JSON.stringify(answer), describeError);
}

/** Events of a kind so far. */
function events(kind: string): Fields[] {
  return printed
    .map((line) => objectOf(JSON.parse(line)) ?? {})
    .filter((event) => event["kind"] === kind);
}

function isRegistered(): boolean {
  return events("registration").some((event) => event["isRegistered"] === true);
}

/** The id of the call that comes up next. */
async function nextCallId(): Promise<string> {
  const before = events("established").length;
  await until(() => events("established").length > before, "a call that is up");
  return String(events("established")[before]?.["callId"]);
}

async function isDescribed(callId: string): Promise<boolean> {
  return await command("describe", { callId }).then(
    () => true,
    () => false,
  );
}

describe("describing a call", () => {
  test("that came in tells its key, its line and who calls", async () => {
    const up = nextCallId();
    await pbx.call("200");
    expect(await command("describe", { callId: await up })).toEqual({
      key: "1",
      line: `200@${pbx.address}`,
      direction: "incoming",
      ageMs: expect.any(Number),
      remote: "pbx",
      name: "",
    });
  });

  test("of ours tells whom we called", async () => {
    const up = nextCallId();
    const { key } = await command("call", { number: "600" });
    expect(await command("describe", { callId: await up })).toMatchObject({
      key,
      direction: "outgoing",
      remote: "600",
    });
  });

  test("keeps two calls apart, and forgets one that is over", async () => {
    const first = nextCallId();
    const ringing = await pbx.call("200");
    const firstId = await first;
    const second = nextCallId();
    await command("call", { number: "600" });
    const secondId = await second;
    expect(await command("describe", { callId: firstId })).toMatchObject({ key: "1" });
    expect(await command("describe", { callId: `00${secondId}` })).toMatchObject({ key: "2" });
    ringing.hangUp();
    await until(() => events("ended").length === 1, "the end of the first call");
    expect(await isDescribed(firstId)).toBe(false);
    expect(await isDescribed(secondId)).toBe(true);
  });

  test.each([
    [{}, 'callId "undefined" is not usable'],
    [{ callId: 12 }, 'callId "12" is not usable'],
    [{ callId: "12a" }, 'call id "12a" is not one to five digits'],
    [
      { callId: "12" },
      'no call is up under the id "12"; `wildfire status sip` shows those that are up',
    ],
  ])("by %j is refused in one line", async (fields, message) => {
    expect(await problem("describe", fields)).toBe(message);
  });
});

test("an unknown command is told which there are", async () => {
  expect(await problem("dial", {})).toBe(
    'unknown command "dial"; there are call, drain, undrain, describe, hang-up, hold, resume, digits, transfer',
  );
});

describe("the LLaMA's side", () => {
  let close: (() => void) | undefined;
  let control: PhoneControl;

  beforeEach(() => {
    const status = serveStatus({
      stateFolder: folder,
      service: "sip",
      describe: () => service.status(),
      command: service.command,
    });
    close = () => status.close();
    control = new PhoneControl({ stateFolder: folder, clock: systemClock, log });
  });
  afterEach(() => close?.());

  async function found() {
    const up = nextCallId();
    const call = await pbx.call("200");
    const info = await control.find(await up);
    if (info === undefined) throw new Error("the call is not found");
    return { call, info, actions: control.actions(info) };
  }

  test("finds a call and presses keys in it", async () => {
    const { call, info, actions } = await found();
    expect(info).toMatchObject({ service: "sip", key: "1", remote: "pbx" });
    await actions.sendDigits("12#");
    await until(() => call.digits === "12#", "the digits at the PBX");
  });

  test("transfers a call, which is over for us then", async () => {
    const { call, actions } = await found();
    await actions.transfer("601");
    expect(pbx.transfers).toEqual([{ referTo: `<sip:601@${pbx.address}>` }]);
    await call.ended;
    expect(await actions.transfer("602").then(() => "", describeError)).toStartWith(
      'there is no call "1"',
    );
  });

  test("hangs a call up", async () => {
    const { call, actions } = await found();
    await actions.hangUp();
    expect(await call.ended).toMatchObject({ by: "peer" });
  });

  test("is told when the target of a transfer is no address", async () => {
    const { actions } = await found();
    const reason = await actions.transfer("sip:@").then(() => "", describeError);
    expect(reason).toBe(
      '"sip:@" is no SIP URI; dial a number, or a URI such as sip:600@192.168.1.10',
    );
  });
});
