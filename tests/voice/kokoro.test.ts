/** The voice service: texts become sound, calls end, peers misbehave, speech servers die. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError, WildfireError } from "../../src/core/errors.ts";
import { encodeHello } from "../../src/wire/text-frames.ts";
import { scripts, ScriptedSpeechServer } from "../fakes/scripted-speech-server.ts";
import { until } from "../fakes/until.ts";
import { isThrough, Llama, Outbound, Voice } from "./voice-rig.ts";

setDefaultTimeout(60_000);

let stateFolder = "";
beforeAll(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "wildfire-kokoro-"));
});
afterAll(() => rmSync(stateFolder, { recursive: true, force: true }));

function openVoice(...argv: readonly string[]): Promise<Voice> {
  return Voice.open(stateFolder, ...argv);
}

describe("a text", () => {
  test("becomes sound at outbound, and its end is told when it has been heard", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5100);
    using llama = await Llama.connect(voice, "5100");
    llama.say("We are open.");
    await outbound.tells("began", "ended");
    expect(outbound.samples / 24).toBeWithin(240, 320);
    llama.say("Good-bye.");
    await outbound.tells("began", "ended", "began", "ended");
    expect(voice.engine.texts).toEqual(["We are open.", "Good-bye."]);
  });

  test("that comes before outbound is there waits for it", async () => {
    await using voice = await openVoice();
    using llama = await Llama.connect(voice, "5102");
    llama.say("Hello there.");
    await until(() => voice.engine.texts.length === 1, "synthesis");
    using outbound = await Outbound.open(5102);
    await outbound.hears(240);
  });

  test("is spoken on when outbound goes away and comes back", async () => {
    await using voice = await openVoice();
    using llama = await Llama.connect(voice, "5104");
    const first = await Outbound.open(5104);
    for (let count = 0; count < 5; count += 1) llama.say("This is a sentence of some length.");
    await first.hears(300);
    first[Symbol.dispose]();
    using second = await Outbound.open(5104);
    await second.hears(300);
  });

  test("on a second connection for the call counts, and the first connection is closed", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5106);
    using first = await Llama.connect(voice, "5106");
    await voice.counts("texts.open", 1);
    using second = await Llama.connect(voice, "5106");
    await first.closed();
    second.say("Hello.");
    await outbound.tells("began", "ended");
    expect(voice.figure("texts.replaced")).toBe(1);
    expect(voice.figure("calls.calls")).toBe(1);
  });
});

describe("an interruption", () => {
  test("empties what waits; late texts are dropped until the caller is silent", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5108);
    using llama = await Llama.connect(voice, "5108");
    for (let count = 0; count < 20; count += 1) llama.say("This is a sentence of some length.");
    await voice.tells(1, isThrough);
    voice.signal("speech", 5108);
    voice.signal("speech", 5108);
    await outbound.tells("began", "ended");
    const heard = outbound.samples;
    llama.say("A clause that was under way.");
    await voice.counts("calls.open.0.late", 1);
    expect(outbound.samples).toBe(heard);
    voice.signal("silence", 5108);
    await voice.counts("signals.received", 3);
    llama.say("The new answer.");
    await outbound.tells("began", "ended", "began", "ended");
    expect(voice.engine.texts).not.toContain("A clause that was under way.");
    expect(voice.engine.texts.at(-1)).toBe("The new answer.");
    expect(voice.memory.text().match(/the caller interrupted/g)).toHaveLength(1);
  });
});

describe("a call's end", () => {
  test.each([
    ["BYE of the LLaMA", (_voice: Voice, llama: Llama) => llama.bye()],
    ["BYE of an older outbound", (voice: Voice) => voice.signal("bye", 5110)],
  ])("by %s frees all, and the next call with the id works", async (_by, end) => {
    await using voice = await openVoice();
    using llama = await Llama.connect(voice, "5110");
    for (let count = 1; count <= 10; count += 1) {
      using outbound = await Outbound.open(5110);
      llama.say(`Call ${count}.`);
      await outbound.hears(100);
      end(voice, llama);
      await until(() => voice.openCalls === 0, "the end of the call");
    }
    expect(voice.figure("calls.calls")).toBe(10);
  });

  test("in a thousand calls leaves no descriptor and no timer behind", async () => {
    await using voice = await openVoice("--phrase-cache-mb", "0");
    using outbound = await Outbound.open(5112);
    const call = async (text: string): Promise<void> => {
      const heard = outbound.samples;
      using llama = await Llama.connect(voice, "5112");
      llama.say(text);
      await until(() => outbound.samples > heard, "sound");
      llama.bye();
      await until(() => voice.openCalls === 0, "the end of the call");
    };
    await call("Hello.");
    const before = readdirSync("/proc/self/fd").length;
    for (let count = 0; count < 1000; count += 1) await call(`Call number ${count}.`);
    await until(() => readdirSync("/proc/self/fd").length <= before + 2, "free descriptors");
  });
});

describe("older peers", () => {
  test("an outbound that says it is ready is told at once where the sound is", async () => {
    await using voice = await openVoice();
    voice.signal("register", 5114);
    await until(() => voice.openCalls === 1, "the call");
    using outbound = await Outbound.open(5114);
    voice.signal("register", 5114);
    using llama = await Llama.connect(voice, "5114");
    llama.say("Hello.");
    await outbound.tells("began", "ended");
  });
});

describe("bad input", () => {
  test.each([
    ["a HELLO that is no id", () => encodeHello("kokoro"), "is not one to five digits"],
    ["a HELLO too large for ports", () => encodeHello("99999"), "is too large"],
    ["a text of 10 MiB and 1", () => Uint8Array.of(0, 0xa0, 0, 1), "text length 10485761"],
  ])("%s closes the connection with one line", async (what, bytes, line) => {
    await using voice = await openVoice();
    using llama = await Llama.connect(voice, what.startsWith("a text") ? "5116" : "");
    llama.link.write(bytes());
    await llama.closed();
    expect(voice.memory.text()).toContain(line);
    expect(voice.figure("texts.violations")).toBe(1);
  });

  test("of every kind on one call leaves the others as they are", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5118);
    using good = await Llama.connect(voice, "5118");
    using bad = await Llama.connect(voice, "5120");
    bad.say("\u0000\u0007<speak/>");
    bad.say("x ".repeat(50_000));
    bad.link.write(Uint8Array.of(0, 0, 0, 4, 0xff, 0xfe, 0x41, 0xc0));
    for (const text of ["", "SPEECH", "SPEECH:x", "NOISE:5118", "\u00ff"]) {
      voice.datagram(new TextEncoder().encode(text));
    }
    voice.datagram(new Uint8Array(1000));
    await voice.counts("signals.refused", 6);
    await voice.counts("texts.invalidTexts", 1);
    good.say("Still here.");
    await outbound.tells("began", "ended");
    expect(voice.memory.text()).toContain("a text is too long to be spoken whole");
  });

  test("a port that another program has costs that call only", async () => {
    await using voice = await openVoice();
    const taken = await openVoice();
    using first = await Llama.connect(taken, "5122");
    await until(() => taken.openCalls === 1, "the first call");
    using second = await Llama.connect(voice, "5122");
    await voice.counts("calls.refused", 1);
    expect(voice.memory.text()).toContain("TCP 127.0.0.1:14124: EADDRINUSE");
    await taken[Symbol.asyncDispose]();
    using outbound = await Outbound.open(5122);
    second.say("Now it works.");
    await outbound.hears(200);
    expect(first.isClosed).toBe(true);
  });
});

describe("a speech server", () => {
  test("speaks; when it dies the built-in voice goes on in the same call", async () => {
    const server = new ScriptedSpeechServer();
    await using voice = await openVoice("--engine", "openai-speech", "--url", server.url);
    using outbound = await Outbound.open(5124);
    using llama = await Llama.connect(voice, "5124");
    llama.say("From the server.");
    await outbound.hears(300);
    expect(server.orders.map(({ input }) => input)).toEqual(["From the server."]);
    await server.stop();
    llama.say("From the executable.");
    await outbound.hears(300 + 380);
    expect(voice.engine.texts).toEqual(["From the executable."]);
    expect(voice.memory.text()).toContain("another speaks until it works again");
  });

  test("that takes the request and never answers is overtaken by the built-in voice", async () => {
    using server = new ScriptedSpeechServer();
    server.script = scripts.neverAnswering;
    await using voice = await openVoice("--engine", "openai-speech", "--url", server.url);
    using outbound = await Outbound.open(5146);
    using llama = await Llama.connect(voice, "5146");
    const lines = voice.listen();
    llama.say("Is anybody there?");
    await outbound.hears(300);
    expect(server.orders).toHaveLength(1);
    await outbound.tells("began", "ended");
    expect(outbound.samples / 24).toBeWithin(340, 420);
    llama.say("Yes.");
    await voice.tells(2, isThrough);
    const wait = (text: number): number =>
      voice.heard.findLast((values) => values.text === text)?.voice ?? 0;
    expect(wait(1)).toBeWithin(690, 3000);
    expect(wait(2)).toBeLessThan(wait(1));
    expect(voice.figure("engine.engines.0.slow")).toBe(1);
    await until(() => lines.some((line) => line.includes('"engine":"openai-speech"')), "the event");
  });

  test("is not needed for a voice that the built-in one has; another is refused at start", async () => {
    await using voice = await openVoice("--voice", "low");
    expect(voice.openCalls).toBe(0);
    const refusal = await openVoice("--voice", "af_bella").then(() => "opened", describeError);
    expect(refusal).toBe(
      '--voice "af_bella" is none of the built-in voice; choose one of: high, low',
    );
  });

  test("without an address is refused at start", async () => {
    const refusal = await openVoice("--engine", "openai-speech").then(
      () => "opened",
      describeError,
    );
    expect(refusal).toStartWith("--engine openai-speech needs --url; ");
  });
});

test("phrases that were named are ready on disk for the first call", async () => {
  const folder = join(stateFolder, "phrases");
  // While it is written, a phrase has a name of its own.
  const finished = (): number =>
    existsSync(folder) ? readdirSync(folder).filter((name) => !/-\d+$/.test(name)).length : 0;
  const before = finished();
  await using voice = await openVoice("--phrase", "Welcome to Wildfire.");
  await until(() => finished() > before, "the phrase");
  await until(() => voice.engine.utterances.every(({ isOver }) => isOver), "its end");
  voice.engine.failure = "broken";
  using outbound = await Outbound.open(5126);
  using llama = await Llama.connect(voice, "5126");
  llama.say("Welcome to Wildfire.");
  await outbound.hears(380);
  expect(voice.engine.texts).toEqual(["Welcome to Wildfire."]);
});

test("a port that is taken is refused with one line, and nothing is left open", async () => {
  await using voice = await openVoice();
  const port = String(voice.textPort);
  const refusal: unknown = await openVoice("--port", port).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(WildfireError);
  expect(describeError(refusal)).toContain(`TCP 127.0.0.1:${port}: EADDRINUSE`);
});
