import { beforeAll, describe, expect, test } from "bun:test";
import { nativeStatus } from "../../src/whisper/native-status.ts";
import { VoiceEvents, voiceEvent } from "../../src/whisper/native-voice-layout.ts";
import { type NativeVoiceLibrary, loadNativeVoice } from "../../src/whisper/native.ts";
import { libraryUnderTest, sileroModelUnderTest } from "./library-under-test.ts";

const options = { streamLimit: 20, windowLimit: 100 };
const window = new Float32Array(512);
const waitLimitMs = 20_000;

let library: NativeVoiceLibrary;
let model: Uint8Array;

beforeAll(async () => {
  library = loadNativeVoice(await libraryUnderTest());
  model = await sileroModelUnderTest();
});

/** Polls until an event of this kind has come, or throws when it does not. */
async function until(detector: number, kind: number): Promise<void> {
  const events = new VoiceEvents(32);
  const deadline = performance.now() + waitLimitMs;
  while (performance.now() < deadline) {
    const count = library.poll(detector, events);
    for (let index = 0; index < count; index += 1) {
      if (events.kind(index) === kind) return;
    }
    await Bun.sleep(1);
  }
  throw new Error(`no event of kind ${kind}`);
}

async function openLoaded(): Promise<number> {
  const detector = library.open(options, model);
  await until(detector, voiceEvent.loaded);
  return detector;
}

async function close(detector: number): Promise<void> {
  library.beginClose(detector);
  await until(detector, voiceEvent.closed);
  library.free(detector);
}

describe("a voice detector of the native library", () => {
  test("opens no streams, and takes no windows, when it closes", async () => {
    const detector = await openLoaded();
    const stream = library.openStream(detector);
    expect(stream).toBe(1);
    library.beginClose(detector);
    expect(library.openStream(detector)).toBe(nativeStatus.closing);
    expect(library.push(detector, stream, window, false)).toBe(nativeStatus.closing);
    await close(detector);
  });

  test("opens no more streams than its limit, and gives no number twice", async () => {
    const detector = await openLoaded();
    const streams = Array.from({ length: 21 }, () => library.openStream(detector));
    expect(streams.at(-1)).toBe(nativeStatus.queueFull);
    library.closeStream(detector, 3);
    expect(library.openStream(detector)).toBe(21);
    expect(library.push(detector, 3, window, false)).toBe(nativeStatus.notFound);
    library.closeStream(detector, 3);
    await close(detector);
  });

  test("makes a context for a stream that is heard, and keeps a few for those to come", async () => {
    const detector = await openLoaded();
    const streams = Array.from({ length: 20 }, () => library.openStream(detector));
    expect(library.readStatus(detector).contexts).toBe(1);
    for (const stream of streams) library.push(detector, stream, window, false);
    while (library.readStatus(detector).windows < 20) await Bun.sleep(1);
    expect(library.readStatus(detector)).toMatchObject({ streams: 20, queued: 0, contexts: 20 });
    for (const stream of streams) library.closeStream(detector, stream);
    while (library.readStatus(detector).contexts > 8) await Bun.sleep(1);
    const again = library.openStream(detector);
    library.push(detector, again, window, false);
    await until(detector, voiceEvent.window);
    expect(library.readStatus(detector)).toMatchObject({ streams: 1, contexts: 8 });
    await close(detector);
  });

  test("opens no streams without a model, and says why it cannot load one", async () => {
    const detector = library.open(options, model.subarray(0, 5000));
    await until(detector, voiceEvent.loadFailed);
    expect(library.readError(detector)).toBe("the model ends too early, after 5000 bytes");
    expect(library.openStream(detector)).toBe(nativeStatus.notReady);
    await close(detector);
  });

  test("can be closed while it loads, and freed without waiting for it to be closed", async () => {
    await close(library.open(options, model));
    library.free(library.open(options, model));
    const busy = await openLoaded();
    const stream = library.openStream(busy);
    library.push(busy, stream, new Float32Array(512 * 100), false);
    library.free(busy);
  });

  test("that is gone is an error, not a crash", async () => {
    const detector = await openLoaded();
    await close(detector);
    expect(library.openStream(detector)).toBe(nativeStatus.handle);
    expect(library.push(detector, 1, window, false)).toBe(nativeStatus.handle);
    expect(() => library.readStatus(detector)).toThrow("no such engine or voice detector");
    expect(() => library.free(detector)).toThrow("no such engine or voice detector");
    expect(() => library.closeStream(-1, 1)).toThrow("no such engine or voice detector");
  });

  const wrongOptions = {
    "no streams": { streamLimit: 0 },
    "no windows": { windowLimit: 0 },
    "windows without end": { windowLimit: 2 ** 31 - 1 },
  };
  for (const [name, change] of Object.entries(wrongOptions)) {
    test(`is not opened with ${name}`, () => {
      expect(() => library.open({ ...options, ...change }, model)).toThrow("out of range");
    });
  }
});
