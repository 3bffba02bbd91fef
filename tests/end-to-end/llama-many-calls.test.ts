/** A thousand calls through LLaMA and voice: nothing of them stays in either process. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { objectOf } from "../../src/llama-bridge/chat/loose-json.ts";
import { says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { type MouthCall, WhisperMouth } from "../fakes/whisper-mouth.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { Stage } from "./harness.ts";
import { figuresOf, type ProcessFigures } from "./process-figures.ts";
import { type JsonRecord, parseObject, type Program } from "./program.ts";
import { freePort, freeUdpPort } from "./raw-connection.ts";

setDefaultTimeout(2 * testLimitMs);

const callCount = 1000;
/** Before the first measurement: by then everything has been made that is made once. */
const warmUpCalls = 200;
/** Far below what a leak of one per call would be. */
const moreDescriptors = 10;
const moreMiB = 40;

class Pair implements AsyncDisposable {
  readonly stage = new Stage();
  readonly model = new ScriptedChatServer();
  readonly #programs: Program[] = [];
  #whisper: WhisperMouth | undefined;

  static async open(): Promise<Pair> {
    const pair = new Pair();
    const [voicePort, llamaPort, signalPort] = [freePort(), freePort(), await freeUdpPort()];
    pair.model.script(says(["Yes."]));
    const kokoro = pair.stage.start("kokoro", [
      `--port=${voicePort}`,
      `--signal-port=${signalPort}`,
      `--llama-signal-port=${llamaPort}`,
    ]);
    await kokoro.said("kokoro is ready");
    const llama = pair.stage.start("llama", [
      "--backend=openai",
      `--url=${pair.model.url}`,
      "--json",
      "--greeting=Hello.",
      `--port=${llamaPort}`,
      `--out-port=${voicePort}`,
      `--voice-signal-port=${signalPort}`,
    ]);
    await llama.said("llama is ready");
    pair.#programs.push(llama, kokoro);
    pair.#whisper = await WhisperMouth.open(llamaPort);
    return pair;
  }

  get whisper(): WhisperMouth {
    if (this.#whisper === undefined) throw new Error("not open");
    return this.#whisper;
  }

  get figures(): ProcessFigures[] {
    return this.#programs.map(({ pid }) => figuresOf(pid));
  }

  /** The caller says something, and hangs up when the model has been asked. */
  async converse(call: MouthCall, number: number): Promise<void> {
    call.signal("register");
    call.text(`This is call ${number}.`);
    await eventually({
      what: `question ${number}`,
      probe: () => this.model.answers.length >= number,
      explain: () => this.#programs.map((program) => program.explain()).join("\n"),
    });
    call.hangUp();
  }

  /** Resolves when neither service has a call. */
  async isIdle(): Promise<void> {
    for (const program of this.#programs) {
      await eventually({
        what: "no call left",
        probe: async () => callsIn(await statusOf(program)) === 0,
        explain: () => program.explain(),
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#whisper?.[Symbol.dispose]();
    await this.stage[Symbol.asyncDispose]();
    this.model[Symbol.dispose]();
  }
}

async function statusOf(program: Program): Promise<JsonRecord> {
  const before = program.output.length;
  program.signal("SIGUSR1");
  return await eventually({
    what: "the answer to SIGUSR1",
    probe: () =>
      program.output
        .slice(before)
        .map(parseObject)
        .find((line) => line?.["calls"] !== undefined),
    explain: () => program.explain(),
  });
}

/** The LLaMA lists them as `up`, the voice as `open`. */
function callsIn(status: JsonRecord): number {
  const calls = objectOf(status["calls"]);
  const list = calls?.["up"] ?? calls?.["open"];
  return Array.isArray(list) ? list.length : -1;
}

function expectSameFigures(before: readonly ProcessFigures[], after: readonly ProcessFigures[]) {
  for (const [index, { descriptors, residentMiB, threads }] of after.entries()) {
    const first = before[index];
    expect(descriptors).toBeLessThanOrEqual((first?.descriptors ?? 0) + moreDescriptors);
    expect(threads).toBeLessThanOrEqual((first?.threads ?? 0) + 2);
    expect(residentMiB).toBeLessThanOrEqual((first?.residentMiB ?? 0) + moreMiB);
  }
}

test("a thousand calls with the same id leave nothing behind", async () => {
  await using pair = await Pair.open();
  const call = await pair.whisper.connect(2);
  let before: ProcessFigures[] = [];
  for (let number = 1; number <= callCount; number += 1) {
    await pair.converse(call, number);
    if (number === warmUpCalls) before = pair.figures;
  }
  await pair.isIdle();
  expect(pair.model.answers.map((answer) => answer.contents("user").length)).toEqual(
    Array.from({ length: callCount }, () => 1),
  );
  expectSameFigures(before, pair.figures);
});

test("a thousand calls, each with another id and a connection of its own, leave nothing behind", async () => {
  await using pair = await Pair.open();
  let before: ProcessFigures[] = [];
  for (let number = 1; number <= callCount; number += 1) {
    const call = await pair.whisper.connect(2 + (number % 400) * 2);
    await pair.converse(call, number);
    call.close();
    if (number === warmUpCalls) before = pair.figures;
  }
  await pair.isIdle();
  expectSameFigures(before, pair.figures);
});
