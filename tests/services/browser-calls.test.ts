/** Calls from browsers over real sockets: a browser, a whisper and a voice that come and go. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { browserCallCommands } from "../../src/services/browser-call-commands.ts";
import { listenTcp } from "../../src/tcp.ts";
import { callerAudioPort } from "../../src/wire/ports.ts";
import { openDescriptors } from "../fakes/open-descriptors.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { until } from "../fakes/until.ts";
import { AutomaticWhisper } from "./audiosocket-rig.ts";
import { BrowserCallService, ScriptedBrowser } from "./browser-call-rig.ts";

setDefaultTimeout(60_000);

/** The system's clock, but it ticks every 10 ms where something is to be done every second. */
const hastyClock = {
  ...systemClock,
  every: (intervalMs: number, action: () => void) =>
    systemClock.every(intervalMs === 1000 ? 10 : intervalMs, action),
};

describe("a call", () => {
  test("is told as a telephone's is: it rings, is up, and says what whisper heard", async () => {
    using whisper = await AutomaticWhisper.open();
    whisper.transcript = "call me back";
    await using service = new BrowserCallService(whisper.port);
    using browser = await ScriptedBrowser.call(service.url);
    const heard = await whisper.call(0);
    browser.speak(50);
    await until(() => heard.samples === 16_000, "a second of sound");
    expect(heard.last).toBeCloseTo(1000 / 32_768, 5);
    expect(browser.callId).toBe(heard.callId.number);
    browser.hangUp();
    expect(await browser.event("ended")).toMatchObject({ by: "peer", reason: "hung up" });
    await browser.closed();
    await until(() => service.kinds().includes("transcript"), "the transcript");
    expect(service.kinds()).toEqual(["ringing", "established", "ended", "transcript"]);
    const name = { key: "b1", line: "browser", remote: "browser (anna)", direction: "incoming" };
    for (const event of service.told) expect(event).toMatchObject(name);
    expect(service.told[1]).toMatchObject({ callId: heard.callId.text, codec: "L16/16000" });
    expect(service.logged).not.toContain("anna");
  });

  test("hears what the voice replies, at 16 kHz, and nothing in between", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port);
    using browser = await ScriptedBrowser.call(service.url);
    using voice = await ScriptedVoicePeer.open(browser.callId);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(new Float32Array(6400).fill(0.25), 16_000);
    connection.finish();
    await browser.event("quiet");
    expect(Number((await browser.event("speaking"))["waitMs"])).toBeGreaterThanOrEqual(0);
    expect(browser.heard).toEqual(Array.from({ length: 6400 }, () => 8192));
  });

  test("is told of an interruption, and nothing more of the reply is sent", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port);
    using browser = await ScriptedBrowser.call(service.url);
    using voice = await ScriptedVoicePeer.open(browser.callId);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(new Float32Array(16 * 20_000).fill(0.25), 16_000);
    await until(() => browser.heard.length > 1600, "sound");
    voice.signal("speech");
    await browser.event("interrupted");
    expect(browser.heard.length).toBeLessThan(16 * 3000);
  });

  test("gets no more sound than a browser reads, and what it does not take is counted", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port);
    const handlers = service.calls.take({ name: "anna", mayStay: () => true });
    const texts: string[] = [];
    let frames = 0;
    const peer = {
      pendingBytes: 20_000,
      sendText: (text: string) => texts.push(text) > 0,
      sendBytes: () => (frames += 1) > 0,
      close: () => undefined,
    };
    handlers.opened(peer);
    const { callId } = await whisper.call(0);
    using voice = await ScriptedVoicePeer.open(callId.number);
    voice.signal("register");
    const connection = await voice.connection(0);
    connection.speak(new Float32Array(3200).fill(0.25), 16_000);
    connection.finish();
    await until(() => texts.some((text) => text.includes('"quiet"')), "the end of the reply");
    expect(frames).toBe(0);
    expect(service.calls.current()[0]).toMatchObject({ framesOut: 0, framesDropped: 10 });
    handlers.closed();
    // What still comes from a connection that is over harms nobody.
    handlers.bytes(new Uint8Array(640));
    handlers.text("{}");
    handlers.closed();
    expect(service.kinds().filter((kind) => kind === "ended")).toHaveLength(1);
  });

  test("passes on what the services tell of it, and not what they tell of others", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port);
    using browser = await ScriptedBrowser.call(service.url);
    const callId = String(browser.callId);
    service.tell("whisper", { kind: "partial", callId: "998", committed: "a", tentative: "b" });
    service.tell("whisper", { kind: "partial", callId, committed: "call", tentative: "me" });
    service.tell("llama", { kind: "clause", callId, turn: 1, text: "Yes. " });
    service.tell("kokoro", { kind: "text", callId, number: 1, text: "Yes." });
    const time = new Date(0).toISOString();
    service.tell("llama", { kind: "clause", callId, turn: 7, text: "of yesterday", time });
    service.tell("llama", { kind: "turn", callId, turn: 1, totalMs: 420, voiceMs: 60 });
    expect(await browser.event("turn")).toMatchObject({
      totalMs: 420,
      stages: [{ name: "voice", label: "Voice", ms: 60 }],
    });
    const told = browser.events.filter(({ kind }) => kind === "partial" || kind === "answer");
    expect(told).toEqual([
      { kind: "partial", committed: "call", tentative: "me" },
      { kind: "answer", turn: 1, text: "Yes." },
    ]);
  });

  test("takes an id whose ports are free, though another service has the first ones", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port);
    const others = [2, 4].map((number) =>
      listenTcp({
        hostname: "127.0.0.1",
        port: callerAudioPort({ number }),
        maxPendingBytes: 1,
        accept: () => ({ data: () => undefined, closed: () => undefined }),
      }),
    );
    using browser = await ScriptedBrowser.call(service.url);
    expect(browser.callId).toBeGreaterThan(4);
    expect(service.count("skippedIds")).toBeGreaterThanOrEqual(2);
    for (const other of others) other.stop(true);
  });

  test("says which service is missing, and when it is there again", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port, { clock: hastyClock });
    service.notes = ["llama is stopped: nobody thinks of an answer"];
    using browser = await ScriptedBrowser.call(service.url);
    expect(await browser.event("notes")).toEqual({ kind: "notes", notes: service.notes });
    service.notes = [];
    const isOver = (): boolean => JSON.stringify(browser.events).includes('"notes":[]');
    await until(isOver, "the end of the note");
  });
});

describe("a call ends", () => {
  const ends: readonly (readonly [string, (browser: ScriptedBrowser) => void])[] = [
    ["when the browser hangs up", (browser) => browser.hangUp()],
    ["when the browser vanishes", (browser) => browser.kill()],
    ["when a message is huge", (browser) => browser.send(new Uint8Array(20_000))],
    [
      "when frames are no sound",
      (browser) => {
        for (let sent = 0; sent < 60; sent += 1) browser.send(new Uint8Array(3));
      },
    ],
    [
      "when texts mean nothing",
      (browser) => {
        for (let sent = 0; sent < 30; sent += 1) browser.send("{junk");
      },
    ],
    [
      "when sound floods in",
      (browser) => {
        for (let sent = 0; sent < 1300; sent += 1) browser.speak(1);
      },
    ],
  ];

  test.each(ends)("%s, frees everything, and harms no other call", async (_how, end) => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port);
    using other = await ScriptedBrowser.call(service.url);
    const otherCall = await whisper.call(0);
    const before = openDescriptors();
    using browser = await ScriptedBrowser.call(service.url);
    await whisper.call(1);
    end(browser);
    await browser.closed();
    await service.counts("open", 1);
    await service.counts("draining", 0);
    await until(() => openDescriptors() <= before, "the descriptors of the call to be closed");
    const { samples } = otherCall;
    other.speak(10);
    await until(() => otherCall.samples === samples + 3200, "the sound of the other call");
    expect(other.find("ended")).toBeUndefined();
    expect(service.told.at(-1)).toMatchObject({ kind: "ended", key: "b2" });
  });

  test("after the longest time, without sound, and when the login is over", async () => {
    using whisper = await AutomaticWhisper.open();
    await using short = new BrowserCallService(whisper.port, { clock: hastyClock, limitMs: 60 });
    using limited = await ScriptedBrowser.call(short.url);
    expect(await limited.event("ended")).toMatchObject({
      by: "us",
      reason: "the time limit of 0 minutes is reached",
    });

    let aheadMs = 0;
    const clock = { ...hastyClock, nowMs: () => systemClock.nowMs() + aheadMs };
    await using service = new BrowserCallService(whisper.port, { clock });
    using silent = await ScriptedBrowser.call(service.url);
    aheadMs = 16_000;
    expect(await silent.event("ended")).toMatchObject({
      by: "network",
      reason: "no sound came from the browser for 15 s",
    });
    using loggedOut = await ScriptedBrowser.call(service.url);
    service.mayStay = false;
    expect(await loggedOut.event("ended")).toMatchObject({ reason: "the login is over" });
  });

  test("when the service stops, and another one is refused from then on", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port);
    using browser = await ScriptedBrowser.call(service.url);
    await service.calls.stop();
    expect(await browser.event("ended")).toMatchObject({ by: "us", reason: "the service stops" });
    using late = new ScriptedBrowser(service.url);
    expect(await late.event("ended")).toMatchObject({ reason: "the service stops" });
    await late.closed();
  });

  test("by a command, which names its key; there is one that describes it", async () => {
    using whisper = await AutomaticWhisper.open();
    await using service = new BrowserCallService(whisper.port);
    const command = browserCallCommands(service.calls);
    using browser = await ScriptedBrowser.call(service.url);
    const callId = String(browser.callId);
    expect(await command("describe", { callId })).toMatchObject({
      key: "b1",
      remote: "browser (anna)",
    });
    expect(command("describe", { callId: "997" })).rejects.toThrow("no call is up");
    expect(command("transfer", { key: "b1" })).rejects.toThrow("cannot be transferred");
    expect(command("hang-up", { key: "b9" })).rejects.toThrow('there is no call "b9"');
    await command("hang-up", { key: "b1" });
    expect(await browser.event("ended")).toMatchObject({ reason: "hung up by a command" });
  });
});

test("as many calls as allowed are up; the next is told so, and one that ends makes room", async () => {
  using whisper = await AutomaticWhisper.open();
  await using service = new BrowserCallService(whisper.port);
  using one = await ScriptedBrowser.call(service.url);
  using two = await ScriptedBrowser.call(service.url);
  expect(two.callId).not.toBe(one.callId);
  using three = new ScriptedBrowser(service.url);
  expect(await three.event("ended")).toMatchObject({
    reason: "2 calls are up already, and max-browser-calls allows no more: hang up one of them",
  });
  await three.closed();
  expect(service.told.filter(({ key }) => key === "b3")).toEqual([]);
  one.hangUp();
  await one.closed();
  using four = await ScriptedBrowser.call(service.url);
  expect(four.callId).toBeGreaterThan(0);
});

test("a thousand calls, one after the other, leave no descriptor, also while whisper is away", async () => {
  await using service = new BrowserCallService(9);
  {
    using first = await ScriptedBrowser.call(service.url);
    first.hangUp();
    await first.closed();
  }
  await service.counts("draining", 0);
  const before = openDescriptors();
  for (let number = 0; number < 1000; number += 1) {
    using browser = await ScriptedBrowser.call(service.url);
    if (number % 2 === 0) {
      browser.hangUp();
      await browser.closed();
    }
  }
  await service.counts("open", 0);
  await service.counts("draining", 0);
  await until(() => openDescriptors() <= before, "all descriptors to be closed");
  expect(service.count("calls")).toBe(1001);
  expect(service.told.filter(({ kind }) => kind === "ended")).toHaveLength(1001);
});
