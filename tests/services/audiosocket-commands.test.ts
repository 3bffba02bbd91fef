/** What a running audiosocket service can be asked and told, with calls of a scripted exchange. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readOptions } from "../../src/config/options.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { describeError } from "../../src/core/errors.ts";
import { audiosocketService } from "../../src/services/audiosocket.ts";
import type { RunningService } from "../../src/services/service.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { AutomaticWhisper, keyOf, ScriptedExchange } from "./audiosocket-rig.ts";

setDefaultTimeout(30_000);

type Fields = Readonly<Record<string, unknown>>;

class Rig implements AsyncDisposable {
  readonly whisper: AutomaticWhisper;
  readonly #service: RunningService;
  readonly #later: { ms: number };

  private constructor(whisper: AutomaticWhisper, service: RunningService, later: { ms: number }) {
    this.whisper = whisper;
    this.#service = service;
    this.#later = later;
  }

  static async open(): Promise<Rig> {
    const whisper = await AutomaticWhisper.open();
    const values = readOptions(audiosocketService.options, {
      argv: ["--listen=127.0.0.1:0", `--whisper-port=${whisper.port}`],
      env: {},
      command: "audiosocket",
    });
    const later = { ms: 0 };
    const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + later.ms };
    const service = await audiosocketService.start(values, {
      clock,
      log: createMemoryLog(systemClock).log,
      stateFolder: "/nonexistent",
      print: () => undefined,
    });
    return new Rig(whisper, service, later);
  }

  /** The service sees the time go on, and its timers do not. */
  passes(ms: number): void {
    this.#later.ms += ms;
  }

  /** A call of this UUID, and the id under which whisper has it. */
  async call(key: number): Promise<{ exchange: ScriptedExchange; callId: string }> {
    const port = Number(String(this.#service.status()["address"]).split(":")[1]);
    const before = this.whisper.calls.length;
    const exchange = await ScriptedExchange.call(port, key);
    const { callId } = await this.whisper.call(before);
    return { exchange, callId: callId.text };
  }

  async command(name: string, fields: Fields): Promise<Fields> {
    const { command } = this.#service;
    if (command === undefined) throw new Error("the service takes no commands");
    return await command(name, fields);
  }

  async problem(name: string, fields: Fields): Promise<string> {
    return await this.command(name, fields).then((answer) => JSON.stringify(answer), describeError);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service.stop();
    this.whisper[Symbol.dispose]();
  }
}

describe("the audiosocket service", () => {
  test("describes the call that is up under an id", async () => {
    await using rig = await Rig.open();
    const first = await rig.call(1);
    using _first = first.exchange;
    const second = await rig.call(2);
    using _second = second.exchange;
    expect(first.callId).not.toBe(second.callId);
    expect(await rig.command("describe", { callId: second.callId })).toEqual({
      key: `${keyOf(2)}-2`,
      line: "AudioSocket",
      direction: "incoming",
      remote: keyOf(2),
      name: "",
      ageMs: expect.any(Number),
    });
  });

  test("tells how long a call has been up, so that nobody greets it in its middle", async () => {
    await using rig = await Rig.open();
    const { exchange, callId } = await rig.call(1);
    using _exchange = exchange;
    rig.passes(3_600_000);
    const { ageMs } = await rig.command("describe", { callId });
    expect(ageMs).toBeGreaterThanOrEqual(3_600_000);
    expect(ageMs).toBeLessThan(3_660_000);
  });

  test("hangs up the call of a key", async () => {
    await using rig = await Rig.open();
    const { exchange, callId } = await rig.call(1);
    using _exchange = exchange;
    expect(await rig.command("hang-up", { key: keyOf(1) })).toEqual({});
    await exchange.closed();
    expect(exchange.isTerminated).toBe(true);
    expect(await rig.problem("describe", { callId })).toBe(
      `no call is up under the id "${callId}"; \`wildfire status audiosocket\` shows those that are up`,
    );
    expect(await rig.problem("hang-up", { key: keyOf(1) })).toStartWith("there is no call ");
  });

  test("hangs up the one that is meant, of two with one key", async () => {
    await using rig = await Rig.open();
    const first = await rig.call(1);
    using _first = first.exchange;
    const second = await rig.call(1);
    using _second = second.exchange;
    expect(await rig.problem("hang-up", { key: keyOf(1) })).toBe(
      `2 calls have the key "${keyOf(1)}"; say which one by its callId`,
    );
    await rig.command("hang-up", { key: keyOf(1), callId: second.callId });
    await second.exchange.closed();
    const frames = first.exchange.frames;
    await until(() => first.exchange.frames > frames + 2, "the other call goes on");
  });

  test.each([
    ["transfer", { key: keyOf(1), number: "600" }, "AudioSocket cannot transfer a call; take"],
    ["digits", { key: keyOf(1), digits: "1" }, "AudioSocket cannot send digits; take"],
    ["call", {}, 'unknown command "call"; there are describe, hang-up, drain, undrain'],
    ["describe", {}, 'callId "undefined" is not usable'],
    ["describe", { callId: "x" }, 'call id "x" is not one to five digits'],
    ["describe", { callId: "998" }, 'no call is up under the id "998"'],
    ["hang-up", { key: 7 }, 'key "7" is not usable'],
    ["hang-up", { key: "k", callId: "-1" }, 'call id "-1" is not one to five digits'],
  ])("refuses %s %j in one line", async (name, fields, problem) => {
    await using rig = await Rig.open();
    expect(await rig.problem(name, fields)).toStartWith(problem);
  });
});
