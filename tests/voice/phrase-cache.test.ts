/** Phrases on disk: the same sound back, a bounded size, and no belief in damaged files. */
import {
  afterAll,
  afterEach,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import { CachingEngine } from "../../src/voice/caching-engine.ts";
import { PhraseCache, type PhraseKey } from "../../src/voice/phrase-cache.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { tone } from "../fakes/scripted-speech-server.ts";
import { until } from "../fakes/until.ts";
import { describeEngineContract, speak } from "./engine-contract.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

setDefaultTimeout(20_000);

const clock = new FakeClock();
const memory = createMemoryLog(clock);
let folder = "";

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "wildfire-phrases-")), "phrases");
});

afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

async function openCache(limitBytes = 1 << 20): Promise<PhraseCache> {
  return await PhraseCache.open({ folder, limitBytes, clock, log: memory.log });
}

function keyOf(text: string): PhraseKey {
  return { engine: "scripted", voice: "high", speed: 1, language: "en", text };
}

/** 9,600 bytes of sound. */
const sound = { samples: tone(200), rateHz: 24_000 };

function onlyFile(): string {
  const [name, ...others] = readdirSync(folder);
  if (name === undefined || others.length > 0) throw new Error("not one file");
  return join(folder, name);
}

describe("a phrase", () => {
  test("comes back as it was, also to the next run", async () => {
    const cache = await openCache();
    await cache.put(keyOf("Hello."), sound);
    for (const reader of [cache, await openCache()]) {
      const found = await reader.get(keyOf("Hello."));
      expect(found?.rateHz).toBe(24_000);
      expect(found?.samples).toHaveLength(sound.samples.length);
      const worst = Math.max(
        ...sound.samples.map((sample, index) => Math.abs(sample - (found?.samples[index] ?? 9))),
      );
      expect(worst).toBeLessThan(2 ** -15);
    }
  });

  test.each([
    ["engine", { engine: "other" }],
    ["voice", { voice: "low" }],
    ["speed", { speed: 1.1 }],
    ["language", { language: "de" }],
    ["text", { text: "Hello!" }],
  ])("is another one with another %s", async (_what, change) => {
    const cache = await openCache();
    await cache.put(keyOf("Hello."), sound);
    expect(await cache.get({ ...keyOf("Hello."), ...change })).toBeUndefined();
  });

  test("is for its owner only, in a folder for its owner only, under a name that tells nothing", async () => {
    const cache = await openCache();
    await cache.put(keyOf("Hello."), sound);
    expect(statSync(onlyFile()).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(onlyFile()).toMatch(/\/[0-9a-f]{64}\.phrase$/);
  });
});

describe("a file that is", () => {
  const damages: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ["changed in its sound", (bytes) => flip(bytes, 500)],
    ["changed in its rate", (bytes) => flip(bytes, 11)],
    ["changed in its hash", (bytes) => flip(bytes, 20)],
    ["cut off", (bytes) => bytes.subarray(0, 1001)],
    ["empty", () => Buffer.alloc(0)],
    ["something else", () => Buffer.alloc(9646, 0x20)],
  ];
  test.each(damages)("%s is ignored and removed", async (_what, damage) => {
    await (await openCache()).put(keyOf("Hello."), sound);
    const path = onlyFile();
    writeFileSync(path, damage(readFileSync(path)));
    const cache = await openCache();
    expect(await cache.get(keyOf("Hello."))).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
    expect(cache.status()).toMatchObject({ phrases: 0, bytes: 0, damaged: 1 });
    await cache.put(keyOf("Hello."), sound);
    expect(await cache.get(keyOf("Hello."))).toBeDefined();
  });

  test("a link in place of a phrase is not followed", async () => {
    const cache = await openCache();
    await cache.put(keyOf("Hello."), sound);
    const path = onlyFile();
    const elsewhere = join(folder, "..", "elsewhere");
    writeFileSync(elsewhere, readFileSync(path));
    rmSync(path);
    symlinkSync(elsewhere, path);
    expect(await cache.get(keyOf("Hello."))).toBeUndefined();
    expect(statSync(elsewhere).size).toBe(9646);
  });

  test("half written by a run that died is removed, and files of others stay", async () => {
    await (await openCache()).put(keyOf("Hello."), sound);
    writeFileSync(`${onlyFile()}.123-4`, "half");
    writeFileSync(join(folder, "notes.txt"), "mine");
    await openCache();
    expect(readdirSync(folder).filter((name) => !name.endsWith(".phrase"))).toEqual(["notes.txt"]);
  });
});

describe("the size", () => {
  test("is bounded: the phrase that was used longest ago goes first", async () => {
    const cache = await openCache(30_000);
    for (const text of ["one", "two", "three"]) {
      clock.advance(1000);
      await cache.put(keyOf(text), sound);
    }
    clock.advance(1000);
    expect(await cache.get(keyOf("one"))).toBeDefined();
    await cache.put(keyOf("four"), sound);
    expect(cache.status()).toMatchObject({ phrases: 3, removed: 1, bytes: 3 * 9646 });
    expect(await cache.get(keyOf("two"))).toBeUndefined();
    expect(await cache.get(keyOf("one"))).toBeDefined();
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test("is kept by the next run too, which knows what was used last", async () => {
    const cache = await openCache(30_000);
    for (const text of ["one", "two", "three"]) {
      clock.advance(2000);
      await cache.put(keyOf(text), sound);
    }
    clock.advance(2000);
    await cache.get(keyOf("one"));
    await cache.settled();
    const next = await openCache(20_000);
    expect(next.status()).toMatchObject({ phrases: 2 });
    expect(await next.get(keyOf("two"))).toBeUndefined();
    expect(await next.get(keyOf("one"))).toBeDefined();
  });

  test("may become another: what has no room any more goes, and comes back when there is", async () => {
    const cache = await openCache(30_000);
    for (const text of ["one", "two", "three"]) await cache.put(keyOf(text), sound);
    await cache.limitTo(20_000);
    expect(cache.status()).toMatchObject({ phrases: 2, bytes: 2 * 9646, removed: 1 });
    expect(readdirSync(folder)).toHaveLength(2);
    expect(await cache.get(keyOf("one"))).toBeUndefined();
    await cache.limitTo(0);
    await cache.put(keyOf("four"), sound);
    expect(readdirSync(folder)).toEqual([]);
    await cache.limitTo(30_000);
    for (const text of ["one", "two", "three"]) await cache.put(keyOf(text), sound);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test("of one phrase beyond all room is not kept at all", async () => {
    const cache = await openCache(9000);
    await cache.put(keyOf("Hello."), sound);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("a disk that refuses costs the phrase, not the call", async () => {
  const cache = await openCache();
  rmSync(folder, { recursive: true });
  await cache.put(keyOf("Hello."), sound);
  expect(cache.status()).toMatchObject({ phrases: 0, failures: 1 });
  expect(memory.text()).toContain("the cache of phrases cannot be changed");
});

test("a folder that cannot be made is refused in one line", async () => {
  writeFileSync(join(folder, "..", "file"), "");
  folder = join(folder, "..", "file", "phrases");
  const refusal = await openCache().then(() => "opened", describeError);
  expect(refusal).toContain("cannot keep phrases in");
  expect(refusal).toContain("ENOTDIR");
  folder = join(folder, "..");
});

interface Remembering {
  readonly inner: ScriptedEngine;
  readonly cache: PhraseCache;
  readonly engine: CachingEngine;
}

async function remembering(): Promise<Remembering> {
  const inner = new ScriptedEngine();
  const cache = await openCache();
  const engine = new CachingEngine({ engine: inner, cache, identity: "scripted" });
  return { inner, cache, engine };
}

describe("an engine with a cache", () => {
  test("keeps what is said for the second time, and speaks it from the disk from then on", async () => {
    const { inner, cache, engine } = await remembering();
    const heard: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      const { spoken } = await speak(engine, { text: "One moment." });
      heard.push(spoken.samples.length);
      if (count === 0) expect(readdirSync(folder)).toEqual([]);
      if (count >= 1) await isKept(cache);
    }
    expect(inner.texts).toHaveLength(2);
    expect(new Set(heard).size).toBe(1);
    await engine.close();
  });

  test("has prepared phrases ready for the first call", async () => {
    const { inner, cache, engine } = await remembering();
    await engine.prepare([{ text: "Welcome." }], new AbortController().signal);
    await isKept(cache);
    const { spoken } = await speak(engine, { text: "Welcome." });
    expect(spoken.samples.length).toBe(8 * 20 * 24);
    expect(inner.texts).toHaveLength(1);
    await engine.close();
  });

  test("keeps nothing of what failed or was aborted", async () => {
    const { inner, engine } = await remembering();
    inner.failure = "broken";
    inner.failsAfterMs = 100;
    for (let count = 0; count < 3; count += 1) await speak(engine, { text: "One moment." });
    expect(readdirSync(folder)).toEqual([]);
    await engine.close();
  });
});

function hasPhrase(): boolean {
  return readdirSync(folder).some((name) => name.endsWith(".phrase"));
}

/** The file is there a moment before the cache counts on it. */
async function isKept(cache: PhraseCache): Promise<void> {
  await until(hasPhrase, "a phrase on disk");
  await cache.settled();
}

function flip(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

const contractFolder = mkdtempSync(join(tmpdir(), "wildfire-phrases-"));
afterAll(() => rmSync(contractFolder, { recursive: true }));

describeEngineContract("an engine with a cache", {
  open: async () => {
    const limitBytes = 1 << 20;
    const cache = await PhraseCache.open({
      folder: contractFolder,
      limitBytes,
      clock,
      log: memory.log,
    });
    return new CachingEngine({ engine: new ScriptedEngine(), cache, identity: "scripted" });
  },
});
