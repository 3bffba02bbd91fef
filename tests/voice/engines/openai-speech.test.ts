/** The client of speech servers against a real HTTP server that is slow, broken, wrong or hostile. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeWav } from "../../../src/audio/wav-writer.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { describeError, WildfireError } from "../../../src/core/errors.ts";
import {
  OpenAiSpeech,
  type OpenAiSpeechOptions,
} from "../../../src/voice/engines/openai-speech.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import {
  cut,
  pcmAnswer,
  samplesFor,
  ScriptedSpeechServer,
  scripts,
  streamed,
  toPcm,
  tone,
} from "../../fakes/scripted-speech-server.ts";
import { until } from "../../fakes/until.ts";
import { describeEngineContract, speak } from "../engine-contract.ts";

setDefaultTimeout(30_000);

const memory = createMemoryLog(systemClock);

function engineFor(
  server: ScriptedSpeechServer,
  options: Partial<OpenAiSpeechOptions> = {},
): OpenAiSpeech {
  return new OpenAiSpeech({ url: server.url, clock: systemClock, log: memory.log, ...options });
}

function withUrl(url: string): OpenAiSpeech {
  return new OpenAiSpeech({ url, clock: systemClock, log: memory.log });
}

/** 16-bit steps are what is lost on the way. */
function expectSame(heard: readonly number[], sent: Float32Array): void {
  expect(heard).toHaveLength(sent.length);
  expect(heard.every((sample, index) => Math.abs(sample - (sent[index] ?? 9)) < 1e-4)).toBe(true);
}

const contractServer = new ScriptedSpeechServer();
describeEngineContract("the client of a server that sends samples", {
  open: () => engineFor(contractServer),
});

const wavServer = new ScriptedSpeechServer();
wavServer.script = scripts.wav;
describeEngineContract("the client of a server that sends WAV", {
  open: () => engineFor(wavServer),
});

describe("a request", () => {
  test("keeps the convention, with the voice and the speed that were asked for", async () => {
    using server = new ScriptedSpeechServer();
    await using engine = closing(engineFor(server, { voice: "af_sky", model: "tts-1" }));
    await speak(engine.engine, { text: "Hello.", speed: 1.25 });
    await speak(engine.engine, { text: "Hello.", voice: "am_adam" });
    expect(server.orders).toEqual([
      {
        model: "tts-1",
        voice: "af_sky",
        input: "Hello.",
        response_format: "pcm",
        speed: 1.25,
        stream: true,
      },
      {
        model: "tts-1",
        voice: "am_adam",
        input: "Hello.",
        response_format: "pcm",
        speed: 1,
        stream: true,
      },
    ]);
  });

  test("carries the key, which no error and no log repeats", async () => {
    using server = new ScriptedSpeechServer();
    const log = createMemoryLog(systemClock);
    await using held = closing(engineFor(server, { key: "sk-secret", log: log.log }));
    server.script = (_order, request) =>
      Response.json(
        { error: { message: `bad key ${request.headers.get("authorization")}` } },
        { status: 401 },
      );
    const { error } = await speak(held.engine, { text: "Hello." });
    expect(server.authorizations).toEqual(["Bearer sk-secret"]);
    expect(describeError(error)).toContain("bad key Bearer …");
    expect(`${describeError(error)}${log.text()}`).not.toContain("sk-secret");
  });

  test.each(["", "/", "/v1", "/v1/", "/v1/audio/speech"])(
    "goes to the right place when the address ends in %p",
    async (path) => {
      using server = new ScriptedSpeechServer();
      await using held = closing(withUrl(`${server.url}${path}`));
      const { error } = await speak(held.engine, { text: "Hello." });
      expect(error).toBeUndefined();
      expect(server.orders).toHaveLength(1);
    },
  );

  test("to an address that is none is refused at once", () => {
    expect(() => withUrl("kokoro:8880")).toThrow(WildfireError);
  });
});

describe("sound", () => {
  test("is the same however its bytes are cut, odd ones included", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    const sent = samplesFor({ input: "One, two, three.", speed: 1 });
    for (const sizes of [[1], [2, 3, 997], [4095], [1 << 20]]) {
      const parts = sizes[0] === 1 ? [1, 1, 1, 5001] : sizes;
      server.script = () => pcmAnswer(streamed(cut(toPcm(sent), parts)));
      const { spoken, error } = await speak(held.engine, { text: "One, two, three." });
      expect(error).toBeUndefined();
      expectSame(spoken.samples, sent);
      expect([...spoken.rates]).toEqual([24_000]);
    }
  });

  test("begins before the answer is complete", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    server.script = scripts.stalling;
    const abort = new AbortController();
    const { spoken, error } = await speak(
      held.engine,
      { text: "Half of this is heard." },
      { signal: abort.signal, onPiece: () => abort.abort() },
    );
    expect(spoken.samples.length).toBeGreaterThan(0);
    expect(error).toBeInstanceOf(WildfireError);
  });

  test("of a WAV answer has the rate of its header, and one channel of all", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    const sent = tone(300, 16_000);
    server.script = () => {
      const wav = Uint8Array.from(encodeWav(sent, 16_000));
      // Lengths that a writer of a stream leaves open.
      wav.fill(0xff, 4, 8);
      wav.fill(0xff, 40, 44);
      return new Response(streamed(cut(wav, [13, 30, 999])));
    };
    const { spoken } = await speak(held.engine, { text: "Hello." });
    expect([...spoken.rates]).toEqual([16_000]);
    expectSame(spoken.samples, sent);
  });

  test("has the rate that the content type names", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    server.script = () =>
      pcmAnswer(toPcm(tone(100, 16_000)), { "content-type": "audio/pcm; rate=16000" });
    const { spoken } = await speak(held.engine, { text: "Hello." });
    expect([...spoken.rates]).toEqual([16_000]);
  });
});

const refusals: readonly (readonly [string, () => Response, string])[] = [
  ["500", () => new Response("no", { status: 500 }), "answered 500; look into the log"],
  [
    "a FastAPI refusal, without the text that it repeats",
    () =>
      Response.json(
        { detail: [{ msg: "Input should be a valid voice", input: "secret words" }] },
        { status: 422 },
      ),
    'answered 422: "Input should be a valid voice"; check --voice',
  ],
  [
    "a redirect",
    () => new Response(null, { status: 307, headers: { location: "http://127.0.0.1:1/" } }),
    "answered 307; give the address",
  ],
  [
    "JSON in place of sound",
    () => Response.json({ audio: "…" }),
    'answered with "application/json" instead of samples',
  ],
  [
    "JSON that is called sound",
    () => pcmAnswer('{"error": "no voice"}'),
    'is JSON, not samples: it starts with "{\\"er"',
  ],
  [
    "MP3 that is called sound",
    () => pcmAnswer("ID3\u0004 and so on and on"),
    "is MP3, not samples",
  ],
  [
    "a WAV header alone",
    () => pcmAnswer("RIFF\u0000\u0000\u0000\u0000WAVEfmt "),
    "ends within its header",
  ],
  ["a WAV file of GSM", () => pcmAnswer(gsmWav()), "which is not understood"],
  ["nothing", () => pcmAnswer(new Uint8Array(0)), "answered without any sound"],
  ["one byte", () => pcmAnswer(new Uint8Array(1)), "answered without any sound"],
];

function gsmWav(): Uint8Array<ArrayBuffer> {
  const wav = Uint8Array.from(encodeWav(tone(100), 24_000));
  wav[20] = 0x31;
  return wav;
}

describe("a server that answers with", () => {
  test.each(refusals)("%s is refused in one line", async (_name, answer, line) => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    server.script = answer;
    const { spoken, error } = await speak(held.engine, { text: "secret words" });
    expect(spoken.pieces).toBe(0);
    expect(error).toBeInstanceOf(WildfireError);
    expect(describeError(error)).toContain(line);
    expect(describeError(error)).not.toContain("\n");
    expect(describeError(error)).not.toContain("secret words");
  });
});

describe("a server that", () => {
  const limits = { connectMs: 5000, firstByteMs: 300, betweenBytesMs: 300, wholeMs: 5000 };

  test("is not there is told at once, with the errno", async () => {
    const server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    await server.stop();
    const { error } = await speak(held.engine, { text: "Hello." });
    expect(describeError(error)).toContain("cannot be reached: ECONNREFUSED (errno 111)");
  });

  test("never answers is given up after the limit for the first byte", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server, { limits: { ...limits, connectMs: 50 } }));
    server.script = scripts.neverAnswering;
    const { error } = await speak(held.engine, { text: "Hello." });
    expect(describeError(error)).toContain("did not start to speak within 300 ms");
    await until(() => server.abandoned === 1, "the end of the connection");
  });

  test("falls silent in mid-answer is given up, and what came before was heard", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server, { limits }));
    server.script = scripts.stalling;
    const { spoken, error } = await speak(held.engine, { text: "Hello there." });
    expect(describeError(error)).toContain("did not go on speaking within 300 ms");
    expect(spoken.samples.length).toBe(samplesFor({ input: "Hello there.", speed: 1 }).length / 2);
  });

  test("dies in mid-answer is an error, not an end", async () => {
    const server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server, { limits }));
    server.script = scripts.stalling;
    const { error } = await speak(
      held.engine,
      { text: "Hello there." },
      { onPiece: () => void server.stop() },
    );
    expect(describeError(error)).toContain("broke off its answer");
  });

  test("streams for ever is heard for as long as the text may last, and left", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    server.script = scripts.endless;
    const { spoken, error } = await speak(held.engine, { text: "Hi." });
    expect(describeError(error)).toContain("far more sound than the text has");
    expect(spoken.samples.length).toBeLessThanOrEqual(6.2 * 24_000);
    await until(() => server.abandoned === 1, "the end of the connection");
  });

  test("answers a thousand requests in a row answers all of them", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    server.script = () => pcmAnswer(toPcm(tone(20)));
    const errors: unknown[] = [];
    for (let count = 0; count < 1000; count += 1) {
      const { error } = await speak(held.engine, { text: "Hello." });
      if (error !== undefined) errors.push(error);
    }
    expect(errors).toEqual([]);
  });
});

describe("an abort", () => {
  test("ends the request at the server", async () => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    server.script = scripts.neverAnswering;
    const abort = new AbortController();
    const speaking = speak(held.engine, { text: "Hello." }, { signal: abort.signal });
    await until(() => server.orders.length === 1, "the request");
    abort.abort();
    expect(describeError((await speaking).error)).toBe("the speech was aborted");
    await until(() => server.abandoned === 1, "the end of the connection");
  });
});

describe("the list of voices", () => {
  test.each([
    ['{"voices":["af_bella","am_adam"]}', ["af_bella", "am_adam"]],
    [
      '{"voices":[{"id":"af_bella","name":"Bella"},{"name":"adam"},7,null,""]}',
      ["af_bella", "adam"],
    ],
    ['["one","one"]', ["one"]],
    ['{"voices":"many"}', []],
    ["not JSON", []],
    [undefined, []],
  ])("is read from %p", async (body, voices) => {
    using server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    server.voices = body;
    await held.engine.refreshVoices();
    expect(held.engine.voices).toEqual(voices);
  });

  test("of a server that is away stays empty, and asking harms nobody", async () => {
    const server = new ScriptedSpeechServer();
    await using held = closing(engineFor(server));
    await server.stop();
    await held.engine.refreshVoices();
    expect(held.engine.voices).toEqual([]);
  });
});

interface Held extends AsyncDisposable {
  readonly engine: OpenAiSpeech;
}

function closing(engine: OpenAiSpeech): Held {
  return { engine, [Symbol.asyncDispose]: () => engine.close() };
}
