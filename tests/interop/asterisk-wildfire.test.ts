/** Calls between Wildfire and a real Asterisk, asserted on what each side heard. */
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { eventually, testLimitMs } from "../end-to-end/eventually.ts";
import { FakeLlama } from "../end-to-end/fake-llama.ts";
import { Stage } from "../end-to-end/harness.ts";
import { figuresOf } from "../end-to-end/process-figures.ts";
import { compareSound, findGaps, toneMs } from "../fakes/heard-audio.ts";
import { type Account, callers, lines } from "./accounts.ts";
import { Asterisk } from "./asterisk.ts";
import { holdToneHz, numbers } from "./asterisk-config.ts";
import { Baresip } from "./baresip.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { SilentWhisper } from "./silent-whisper.ts";
import {
  conversation,
  marker,
  markerHz,
  narrow,
  narrowHz,
  sentence,
  storeRecording,
} from "./sounds.ts";
import {
  greetingSound,
  transportTo,
  WildfireLine,
  type WildfireOptions,
  writeGreeting,
} from "./wildfire-line.ts";

setDefaultTimeout(testLimitMs);

const longTestMs = 180_000;

function likeness(heard: Float32Array): number {
  return compareSound(greetingSound, heard, { rateHz: narrowHz }).correlation;
}

await describeWithPeers("Wildfire and Asterisk", (root) => {
  const held = new AsyncDisposableStack();
  let pbx: Asterisk;
  let silent: SilentWhisper;

  beforeAll(async () => {
    pbx = held.use(await Asterisk.start(root));
    silent = held.use(await SilentWhisper.open());
  });

  beforeEach(() => pbx.manager.forget());

  afterAll(async () => await held.disposeAsync());

  /** Resolves when the line is registered. */
  async function startLine(
    stage: Stage,
    account: Account,
    options: Partial<WildfireOptions> = {},
  ): Promise<WildfireLine> {
    const usual = { accounts: [account], registrar: pbx.address, whisperPort: silent.port };
    const line = await WildfireLine.start(stage, { ...usual, ...options });
    await line.event("registration", ({ isRegistered }) => isRegistered === true);
    return line;
  }

  describe("a call comes in", () => {
    test.each([
      ["mu-law", lines.muLaw, "PCMU", "udp"],
      ["A-law", lines.aLaw, "PCMA", "tcp"],
      ["G.722", lines.wideband, "G722", "udp"],
      ["SDES", lines.encrypted, "PCMU", "udp"],
      ["SDES by TLS", lines.encrypted, "PCMU", "tls"],
      ["PRACK and session timers", lines.strict, "PCMU", "udp"],
    ] as const)("with %s: the caller hears the greeting whole", async (_, account, codec, by) => {
      await using stage = new Stage();
      const greeting = writeGreeting(stage);
      await using line = await startLine(stage, account, { greeting, ...transportTo(pbx, by) });
      const { name } = storeRecording(pbx, "sentence", sentence);
      const recorded = await pbx.play(`PJSIP/${account.user}`, { sound: name });
      await recorded.call.answered();
      const established = await line.event("established");
      expect(established["codec"]).toBe(codec);
      expect(await recorded.call.ended()).toBe("Normal Clearing");
      const ended = await line.event("ended");
      expect(ended).toMatchObject({ by: "peer" });

      const heard = await recorded.heard();
      // What G.722 decodes to is not sample for sample what was coded.
      const isLossless = account !== lines.wideband;
      if (isLossless) expect(likeness(heard)).toBeGreaterThan(0.98);
      const { envelopeCorrelation } = compareSound(greetingSound, heard, { rateHz: narrowHz });
      expect(envelopeCorrelation).toBeGreaterThan(0.95);
    });

    test(
      "what Asterisk plays is the text that the LLaMA gets, in the first call and the fiftieth",
      async () => {
        await using stage = new Stage();
        using llama = new FakeLlama();
        const whisper = await stage.startWhisper({ llamaPort: llama.port });
        await using line = await startLine(stage, lines.muLaw, { whisperPort: whisper.port });
        const spoken = storeRecording(pbx, "conversation", conversation);
        const short = pbx.storeSound("short", marker(1).subarray(0, 800), narrowHz);
        const channel = `PJSIP/${lines.muLaw.user}`;
        const texts = (): string[] =>
          llama.connections.flatMap(({ frames }) =>
            frames.filter((frame) => frame.startsWith("text ")).map((frame) => frame.slice(5)),
          );
        for (const count of [1, 2]) {
          const recorded = await pbx.play(channel, { sound: spoken.name });
          await recorded.call.ended(30_000);
          const expected = conversation.texts.length * count;
          await eventually({
            what: `${expected} texts at the LLaMA`,
            probe: () => texts().length >= expected,
            explain: () => texts().join("\n"),
          });
          if (count === 2) break;
          for (let call = 2; call < 50; call += 1) {
            const passing = await pbx.play(channel, { sound: short, tailS: 0 });
            await passing.call.ended();
          }
        }
        expect(texts()).toEqual([...conversation.texts, ...conversation.texts]);
        expect(await line.has(50, "ended")).toHaveLength(50);
        await whisper.isIdle();
      },
      longTestMs,
    );

    test("digits arrive once each", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      const call = await pbx.originate({
        channel: `PJSIP/${lines.muLaw.user}`,
        number: numbers.sendDigits,
        variables: { DIGITS: "1234#*", GAP: "60" },
      });
      await call.ended();
      await line.event("ended");
      expect(line.digits()).toBe("1234#*");
    });

    test("held by the caller it waits, resumed it goes on", async () => {
      await using stage = new Stage();
      const greeting = writeGreeting(stage);
      await using line = await startLine(stage, lines.strict, { greeting });
      const account = callers.first;
      const microphone = marker(20);
      const common = { account, registrar: pbx.address, microphone };
      await using phone = await Baresip.start(root, common);
      await phone.dial(`sip:${lines.strict.user}@${pbx.address}`);
      await line.event("established");
      await phone.event("CALL_ESTABLISHED");
      await phone.hold();
      await line.event("media", ({ flow }) => flow !== "sendrecv");
      await phone.resume();
      await eventually({
        what: "sound in both directions again",
        probe: () => line.events("media").at(-1)?.["flow"] === "sendrecv",
      });
      await phone.hangUp();
      expect(await line.event("ended")).toMatchObject({ by: "peer" });
    });

    test("held by us the caller hears music, resumed it goes on", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      await using phone = await Baresip.start(root, {
        account: callers.first,
        registrar: pbx.address,
        microphone: marker(20),
      });
      await phone.dial(`sip:${lines.muLaw.user}@${pbx.address}`);
      const { key } = await line.event("established");
      expect(await line.command("hold", { key })).toMatchObject({ ok: true });
      await pbx.manager.event("MusicOnHoldStart");
      await Bun.sleep(1_000);
      expect(await line.command("resume", { key })).toMatchObject({ ok: true });
      await pbx.manager.event("MusicOnHoldStop");
      await phone.hangUp();
      await line.event("ended");
      await phone.event("CALL_CLOSED");
      const [heard = new Float32Array()] = phone.heard();
      expect(toneMs(heard, { hz: holdToneHz, rateHz: narrowHz })).toBeGreaterThan(600);
    });

    test("blind transfer: the caller goes on with somebody else", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      await using phone = await Baresip.start(root, {
        account: callers.first,
        registrar: pbx.address,
        microphone: marker(20),
      });
      await phone.dial(`sip:${lines.muLaw.user}@${pbx.address}`);
      const { key } = await line.event("established");
      expect(await line.command("transfer", { key, number: numbers.echo })).toMatchObject({
        ok: true,
      });
      await line.event("ended");
      await Bun.sleep(1_000);
      expect(phone.events("CALL_CLOSED")).toEqual([]);
      await phone.hangUp();
      await phone.event("CALL_CLOSED");
      // It hears itself.
      const [heard = new Float32Array()] = phone.heard();
      expect(toneMs(heard, { hz: markerHz, rateHz: narrowHz })).toBeGreaterThan(600);
    });

    test("attended transfer: the caller takes the place of the line in another call", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      await using phone = await Baresip.start(root, {
        account: callers.first,
        registrar: pbx.address,
        microphone: marker(20),
      });
      await phone.dial(`sip:${lines.muLaw.user}@${pbx.address}`);
      const { key } = await line.event("established");
      const { key: toKey } = await line.command("call", { number: numbers.echo });
      await line.has(2, "established");
      expect(await line.command("transfer", { key, toKey })).toMatchObject({ ok: true });
      await line.has(2, "ended");
      await Bun.sleep(1_000);
      expect(phone.events("CALL_CLOSED")).toEqual([]);
      await phone.hangUp();
      await phone.event("CALL_CLOSED");
      // It hears itself.
      const [heard = new Float32Array()] = phone.heard();
      expect(toneMs(heard, { hz: markerHz, rateHz: narrowHz })).toBeGreaterThan(600);
    });

    test("asked to transfer it refuses politely, and the call goes on", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      const call = await pbx.originate({
        channel: `PJSIP/${lines.muLaw.user}`,
        number: numbers.transferAway,
        variables: { TARGET: `PJSIP/sip:${numbers.echo}@${pbx.address}` },
      });
      expect(await call.report("Transfer", "Outcome")).toBe("FAILURE");
      expect(line.events("ended")).toEqual([]);
      await call.ended();
    });

    test("sent elsewhere by the exchange in mid-call, it hears what is played there", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      const call = await pbx.originate({
        channel: `PJSIP/${lines.muLaw.user}`,
        number: numbers.echo,
        variables: { DIGITS: "42", GAP: "60" },
      });
      await call.answered();
      await line.event("established");
      await call.redirect(numbers.sendDigits);
      await line.has(2, "digit");
      expect(line.digits()).toBe("42");
      expect(line.events("ended")).toEqual([]);
      await call.ended();
    });

    test("twenty calls one after another leave nothing behind", async () => {
      await using stage = new Stage();
      const greeting = writeGreeting(stage);
      await using line = await startLine(stage, lines.muLaw, { greeting });
      const short = pbx.storeSound("short", marker(1).subarray(0, 2_400), narrowHz);
      const channel = `PJSIP/${lines.muLaw.user}`;
      const call = async (): Promise<void> => {
        const recorded = await pbx.play(channel, { sound: short, tailS: 0 });
        expect(await recorded.call.ended()).toBe("Normal Clearing");
      };
      const { descriptors } = figuresOf(line.program.pid);
      for (let count = 0; count < 20; count += 1) await call();
      await line.has(20, "ended");
      await line.returnsTo(descriptors);
    });

    test("ten calls at once: each caller hears the greeting whole", async () => {
      await using stage = new Stage();
      const greeting = writeGreeting(stage);
      await using line = await startLine(stage, lines.muLaw, { greeting });
      const { name } = storeRecording(pbx, "sentence", sentence);
      const channel = `PJSIP/${lines.muLaw.user}`;
      const calls = await Promise.all(
        Array.from({ length: 10 }, async () => await pbx.play(channel, { sound: name })),
      );
      for (const recorded of calls) {
        await recorded.call.ended();
        const heard = await recorded.heard();
        expect(likeness(heard)).toBeGreaterThan(0.98);
        expect(findGaps(heard, { rateHz: narrowHz, leastMs: 500 })).toEqual([]);
      }
      await line.has(10, "ended");
    });

    test("one more than --max-calls hears busy", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw, { argv: ["--max-calls", "1"] });
      const channel = `PJSIP/${lines.muLaw.user}`;
      const first = await pbx.originate({ channel, number: numbers.echo });
      await first.answered();
      await line.event("established");
      const second = await pbx.originate({ channel, number: numbers.echo });
      expect(await second.ended()).toBe("User busy");
      await first.hangUp();
      await line.event("ended");
    });
  });

  describe("a call goes out", () => {
    test("to the echo: what whisper gets is the greeting that comes back", async () => {
      await using stage = new Stage();
      using ear = await SilentWhisper.open();
      const sound: Float32Array[] = [];
      ear.sound = sound;
      const greeting = writeGreeting(stage);
      // The guard would keep just this from whisper, and a whisper that hears it would stop the greeting.
      const argv = ["--no-echo-guard"];
      await using line = await startLine(stage, lines.muLaw, {
        greeting,
        whisperPort: ear.port,
        argv,
      });
      await using calling = line.call(numbers.echo, ["--wait"]);
      const wanted = greetingSound.length / narrowHz + 1;
      await eventually({ what: "the greeting and its echo", probe: () => ear.heardS >= wanted });
      calling.signal("SIGTERM");
      await calling.exited();
      await line.event("ended");
      await pbx.isIdle();
      const heard = narrow({ rateHz: 16_000, samples: joinSamples(sound) });
      expect(likeness(heard)).toBeGreaterThan(0.98);
    });

    test("to somebody who is busy: the command fails and says so", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      const program = await line.callToEnd(numbers.busy);
      expect(program.exitCode).toBe(1);
      expect(program.output.join("\n")).toMatch(/busy/i);
    });

    test("given up while it rings, it is cancelled", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      await using calling = line.call(numbers.ring);
      await line.event("progress", ({ status }) => status === 180);
      calling.signal("SIGINT");
      await calling.exited();
      await line.event("ended");
      await pbx.isIdle();
    });

    test("digits are sent once each", async () => {
      await using stage = new Stage();
      await using line = await startLine(stage, lines.muLaw);
      await line.callToEnd(numbers.readDigits, ["--digits", "1234#*", "--wait"]);
      const reports = pbx.manager.find("UserEvent", (event) => event.get("UserEvent") === "Digits");
      expect(reports.at(-1)?.get("Got")).toBe("1234#*");
    });
  });

  test("Asterisk killed in mid-call: the call is freed, and the next one is taken", async () => {
    await using stage = new Stage();
    const argv = ["--dead-peer", "3"];
    await using line = await startLine(stage, lines.shortLived, { argv });
    const channel = `PJSIP/${lines.shortLived.user}`;
    const call = await pbx.originate({ channel, number: numbers.echo });
    await call.answered();
    await line.event("established");
    await pbx.end("SIGKILL", "registrations");
    expect(await line.event("ended")).toMatchObject({ by: "us" });
    await pbx.launch();
    await pbx.registered(lines.shortLived.user, 15_000);
    const next = await pbx.originate({ channel, number: numbers.echo });
    await next.answered();
    await next.hangUp();
    await line.has(2, "ended");
  });
});
