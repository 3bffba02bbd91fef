/** The voice service tells what was heard, relays what the caller does, and lets others watch. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openUdp } from "../../src/udp.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { readySignalPort } from "../../src/wire/ports.ts";
import { until } from "../fakes/until.ts";
import { isThrough, Llama, Outbound, Voice } from "./voice-rig.ts";

setDefaultTimeout(60_000);

let stateFolder = "";
beforeAll(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "wildfire-heard-"));
});
afterAll(() => rmSync(stateFolder, { recursive: true, force: true }));

function openVoice(...argv: readonly string[]): Promise<Voice> {
  return Voice.open(stateFolder, ...argv);
}

describe("what was heard", () => {
  test("is told of each text: its first sound, and its end", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5130);
    using llama = await Llama.connect(voice, "5130");
    llama.say("We are open.");
    llama.say("...");
    llama.say("Good-bye.");
    await voice.tells(3, isThrough);
    const order = voice.heard.map(({ text, samples, of }) => `${text} ${samples === of && of > 0}`);
    expect([...new Set(order)]).toEqual(["1 false", "1 true", "2 false", "3 false", "3 true"]);
    expect(voice.heard.find(({ text }) => text === 2)).toMatchObject({ samples: 0, of: 0 });
    const whole = voice.heard.findLast(({ text }) => text === 1);
    expect((whole?.of ?? 0) / 24).toBeWithin(220, 290);
    expect(outbound.told).toContain("began");
  });

  test("before an interruption is told at once, and corrected by what outbound has played", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5132);
    using llama = await Llama.connect(voice, "5132");
    llama.say("x".repeat(100));
    // What is handed on ahead is not heard.
    await outbound.hears(1300);
    voice.signal("speech", 5132);
    await voice.tells(1, ({ samples }) => samples > 0);
    const estimate = voice.heard.at(-1)?.samples ?? 0;
    expect(estimate).toBeLessThan(outbound.samples);
    voice.played(5132, { stream: 1, samples: 3200, wait: 25, over: 1 });
    await voice.tells(1, ({ samples, wait }) => samples === 3200 && wait === 25);
    expect(voice.heard.at(-1)?.of).toBeWithin(1980 * 24, 2020 * 24);
  });

  test("counts texts anew on each connection, and goes to the port 0 never", async () => {
    await using voice = await openVoice("--llama-signal-port", "0");
    using outbound = await Outbound.open(5134);
    using llama = await Llama.connect(voice, "5134");
    llama.say("Hello.");
    await outbound.tells("began", "ended");
    await until(() => Number(voice.figure("calls.heard")) === 2, "two reports");
    expect(voice.heard).toEqual([]);
  });

  test("is told of texts that are dropped since the caller speaks", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5136);
    using first = await Llama.connect(voice, "5136");
    await voice.counts("calls.calls", 1);
    voice.signal("speech", 5136);
    await voice.counts("signals.received", 1);
    first.say("Too late.");
    await voice.tells(1, isThrough);
    using second = await Llama.connect(voice, "5136");
    await voice.counts("texts.replaced", 1);
    second.say("Too late again.");
    await until(() => voice.heard.length === 4, "two reports");
    expect(voice.heard.map(({ text }) => text)).toEqual([1, 1, 1, 1]);
    expect(outbound.samples).toBe(0);
  });

  test("of a text that nothing can speak is nothing, and the reply is through", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5138);
    using llama = await Llama.connect(voice, "5138");
    voice.engine.failure = "no voice";
    llama.say("Hello.");
    await voice.tells(1, ({ samples, of }) => samples === 0 && of === 0);
    expect(outbound.told).toEqual([]);
  });
});

describe("signals", () => {
  test("are relayed to outbound, twice each, once for each time", async () => {
    await using voice = await openVoice();
    const signals: string[] = [];
    const outbound = await openUdp({
      hostname: "127.0.0.1",
      port: readySignalPort(callIdOf(5140)),
      onDatagram: (bytes) => {
        const text = new TextDecoder().decode(bytes);
        if (!text.startsWith("REGISTER")) signals.push(text);
      },
      onError: () => undefined,
    });
    using llama = await Llama.connect(voice, "5140");
    await voice.counts("calls.calls", 1);
    for (const kind of ["speech", "speech", "silence", "silence"] as const) {
      voice.signal(kind, 5140);
    }
    await until(() => signals.length === 4, "four datagrams");
    await voice.counts("signals.received", 4);
    outbound.close();
    expect(signals).toEqual(["SPEECH:5140", "SPEECH:5140", "SILENCE:5140", "SILENCE:5140"]);
    expect(llama.isClosed).toBe(false);
  });

  test("of a flush empty everything, and the text behind them is spoken whole", async () => {
    await using voice = await openVoice();
    using outbound = await Outbound.open(5142);
    using llama = await Llama.connect(voice, "5142");
    for (let round = 1; round <= 5; round += 1) {
      llama.say("An answer that nobody wants any more, however long it is.");
      const heard = outbound.samples;
      await outbound.hears(heard / 24 + 200);
      voice.signal("speech", 5142);
      voice.signal("silence", 5142);
      llama.say("Stop.");
      // The copies come while the next text is spoken already.
      voice.signal("speech", 5142);
      voice.signal("silence", 5142);
      await voice.tells(2 * round, ({ samples, of }) => samples > 0 && samples === of);
    }
    expect(voice.figure("calls.open.0.late")).toBe(0);
    expect(outbound.signals.slice(0, 4)).toEqual(["speech", "speech", "silence", "silence"]);
  });
});

test("events tell of texts, of their first sound and end, and of interruptions", async () => {
  await using voice = await openVoice();
  using outbound = await Outbound.open(5144);
  using llama = await Llama.connect(voice, "5144");
  const lines = voice.listen();
  llama.say("We are open.");
  await outbound.tells("began", "ended");
  llama.say("This will be interrupted before it is at its end.");
  await outbound.tells("began", "ended", "began");
  await voice.tells(2, ({ samples }) => samples === 0);
  voice.signal("speech", 5144);
  await until(() => lines.some((line) => line.includes('"interrupted"')), "the interruption");
  const events = lines.map((line): unknown => JSON.parse(line));
  const call = { callId: "5144", key: "5144-1" };
  for (const event of [
    { kind: "text", number: 1, characters: 12, text: "We are open.", ...call },
    { kind: "speaking", number: 1, engine: "builtin", ...call },
    { kind: "drained", ...call },
    { kind: "interrupted", number: 2, ...call },
  ]) {
    expect(events).toContainEqual(expect.objectContaining(event));
  }
});
