/** Asterisk hands calls to Wildfire by its AudioSocket() application, without any SIP account. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { eventually, testLimitMs } from "../end-to-end/eventually.ts";
import { FakeLlama } from "../end-to-end/fake-llama.ts";
import { Stage } from "../end-to-end/harness.ts";
import type { Program } from "../end-to-end/program.ts";
import { compareSound } from "../fakes/heard-audio.ts";
import { callers } from "./accounts.ts";
import { Asterisk, RecordedCall } from "./asterisk.ts";
import { numbers } from "./asterisk-config.ts";
import { Baresip } from "./baresip.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { SilentWhisper } from "./silent-whisper.ts";
import { conversation, marker, narrow, narrowHz, soundOf } from "./sounds.ts";
import { greetingSound, startProgram, writeGreeting } from "./wildfire-line.ts";

setDefaultTimeout(testLimitMs);

const uuid = "40325ec2-5efd-4bd3-805f-53576e581d13";

interface Service {
  readonly program: Program;
  readonly address: string;
}

async function startService(stage: Stage, whisperPort: number): Promise<Service> {
  const program = startProgram(stage, {
    argv: [
      "--service=audiosocket",
      "--listen=127.0.0.1:0",
      "--json",
      `--greeting=${writeGreeting(stage)}`,
      `--whisper-port=${whisperPort}`,
    ],
  });
  const ready = await program.said("audiosocket is ready");
  return { program, address: String(ready["address"]) };
}

await describeWithPeers("Wildfire and Asterisk's AudioSocket()", (root) => {
  const held = new AsyncDisposableStack();
  let pbx: Asterisk;

  beforeAll(async () => {
    pbx = held.use(await Asterisk.start(root));
  });

  afterAll(async () => await held.disposeAsync());

  async function handOver(phone: Baresip, address: string): Promise<RecordedCall> {
    await pbx.registered(callers.first.user);
    const record = `${pbx.folder}/recordings/${phone.folder.split("/").at(-1)}`;
    const call = await pbx.originate({
      channel: `PJSIP/${callers.first.user}`,
      number: numbers.audioSocket,
      variables: { UUID: uuid, AUDIOSOCKET: address, RECORD: record },
    });
    await call.answered();
    return new RecordedCall(call, record);
  }

  async function startPhone(microphone: Float32Array): Promise<Baresip> {
    const account = callers.first;
    return await Baresip.start(root, { account, registrar: pbx.address, microphone });
  }

  test("the caller's words become text, and the caller hears the greeting whole", async () => {
    await using stage = new Stage();
    using llama = new FakeLlama();
    const whisper = await stage.startWhisper({ llamaPort: llama.port });
    const { program, address } = await startService(stage, whisper.port);
    await using _ = program;
    // Who speaks over the greeting ends it.
    const listening = new Float32Array(greetingSound.length + narrowHz);
    const spoken = joinSamples([listening, narrow(soundOf(conversation))]);
    await using phone = await startPhone(spoken);
    const recorded = await handOver(phone, address);
    await eventually({
      what: "all texts at the LLaMA",
      limitMs: 40_000,
      probe: () => {
        const frames = llama.connections.flatMap((connection) => connection.frames);
        return frames.filter((frame) => frame.startsWith("text ")).length === 3 && frames;
      },
      explain: () => program.explain(),
    });
    // The telephone hangs up where its sound ends.
    await recorded.call.ended();
    const texts = llama.connections.flatMap(({ frames }) =>
      frames.filter((frame) => frame.startsWith("text ")).map((frame) => frame.slice(5)),
    );
    expect(texts).toEqual([...conversation.texts]);
    await whisper.isIdle();
    const said = await recorded.said();
    const { correlation } = compareSound(greetingSound, said, { rateHz: narrowHz });
    expect(correlation).toBeGreaterThan(0.98);
  });

  test("digits arrive once each, and a service that stops ends the call", async () => {
    await using stage = new Stage();
    using silent = await SilentWhisper.open();
    const { program, address } = await startService(stage, silent.port);
    await using _ = program;
    await using phone = await startPhone(marker(20));
    const { call } = await handOver(phone, address);
    await phone.event("CALL_ESTABLISHED");
    for (const digit of "12#") await phone.press(digit);
    await eventually({
      what: "three digits",
      probe: () => program.records.filter(({ digit }) => typeof digit === "string").length === 3,
      explain: () => program.explain(),
    });
    const digits = program.records.map(({ digit }) => (typeof digit === "string" ? digit : ""));
    expect(digits.join("")).toBe("12#");
    program.signal("SIGTERM");
    expect(await program.exited()).toBe(0);
    await call.ended();
  });
});
