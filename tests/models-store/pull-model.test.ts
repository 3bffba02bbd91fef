import {
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { WildfireError } from "../../src/core/errors.ts";
import type { KnownModel } from "../../src/models-store/known-models.ts";
import {
  type PulledModel,
  pullModel,
  type PullOptions,
} from "../../src/models-store/pull-model.ts";
import { type Answer, cutOff, serveFiles, stalling, whole } from "./file-server.ts";

setDefaultTimeout(20_000);

const demoPath = join(import.meta.dir, "../../models/demo/ggml-telephone-tiny.en-q8_0.bin.gz");
const model: KnownModel = {
  name: "demo.en",
  file: "ggml-demo.en.bin",
  size: "tiny",
  isEnglishOnly: true,
  weights: "q8_0",
  aboutMb: 13,
};
const path = `/${model.file}`;

let demo: Uint8Array<ArrayBuffer>;
let sha256: string;
let folder: string;
let notes: string[];

beforeAll(async () => {
  demo = Bun.gunzipSync(await Bun.file(demoPath).bytes());
  sha256 = new Bun.CryptoHasher("sha256").update(demo).digest("hex");
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wildfire-pull-"));
  notes = [];
});

afterEach(() => rm(folder, { recursive: true }));

function hashFile(): Answer {
  return () => new Response(`${sha256}  ${model.file}\n`);
}

function pull(place: string, more: Partial<PullOptions> = {}): Promise<PulledModel> {
  return pullModel({
    model,
    folder,
    place,
    sha256: undefined,
    clock: systemClock,
    signal: new AbortController().signal,
    limits: { retryDelaysMs: [1, 1] },
    onProgress: () => undefined,
    onNote: (text) => notes.push(text),
    ...more,
  });
}

async function complaint(pulling: Promise<unknown>): Promise<string> {
  const error: unknown = await pulling.then(
    () => new Error("it was pulled"),
    (reason: unknown) => reason,
  );
  if (error instanceof WildfireError) return error.summary;
  throw error;
}

function stored(): Promise<string[]> {
  return readdir(folder);
}

describe("a model comes whole, right and under its name", () => {
  test("from a folder with a hash beside each file", async () => {
    await using server = serveFiles({ [path]: [whole(demo)], [`${path}.sha256`]: [hashFile()] });
    const { model: pulled, checkedBy } = await pull(server.place);
    expect(checkedBy).toBe("server");
    expect(pulled.info?.type).toBe("tiny");
    expect(await stored()).toEqual([model.file]);
    expect(await Bun.file(pulled.path).bytes()).toEqual(demo);
  });

  test("from a server with pointers, whose size is checked too", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${demo.length}\n`;
    await using server = serveFiles({
      [`/x/resolve/main${path}`]: [whole(demo)],
      [`/x/raw/main${path}`]: [() => new Response(pointer)],
    });
    const { checkedBy } = await pull(`${server.place}/x/resolve/main`);
    expect(checkedBy).toBe("server");
    expect(notes.join()).toContain(sha256);
  });

  test("behind a redirection to another server, the range included", async () => {
    await using store = serveFiles({ "/blob": [whole(demo)] });
    const redirect = (): Response => Response.redirect(`${store.place}/blob`, 302);
    await using server = serveFiles({ [path]: [redirect] });
    await Bun.write(join(folder, `.${model.file}.partial`), demo.subarray(0, 1000));
    expect((await pull(server.place, { sha256 })).checkedBy).toBe("given");
    expect(store.requests).toEqual(["/blob bytes=1000-"]);
  });

  test("a connection that breaks is taken up where it broke", async () => {
    await using server = serveFiles({ [path]: [cutOff(demo, 5_000_000), whole(demo)] });
    await pull(server.place, { sha256 });
    expect(server.requests[0]).toBe(`${path} whole`);
    // How much of what was sent gets through before the break is the network's affair.
    expect(server.requests.slice(1).join()).toMatch(/^\S+ bytes=[1-9]\d+-$/);
    expect(await stored()).toEqual([model.file]);
  });

  test("a server that ignores the range sends it all again", async () => {
    await Bun.write(join(folder, `.${model.file}.partial`), demo.subarray(0, 4_000_000));
    await using server = serveFiles({ [path]: [() => new Response(demo)] });
    await pull(server.place, { sha256 });
    expect(server.requests).toEqual([`${path} bytes=4000000-`]);
    expect(await Bun.file(join(folder, model.file)).bytes()).toEqual(demo);
  });

  test("one that was complete but not put in place costs nothing more", async () => {
    await Bun.write(join(folder, `.${model.file}.partial`), demo);
    await using server = serveFiles({ [path]: [whole(demo)] });
    await pull(server.place, { sha256 });
    expect(await stored()).toEqual([model.file]);
  });

  test("a partial file of something else is thrown away and got anew", async () => {
    await Bun.write(join(folder, `.${model.file}.partial`), new Uint8Array(2_000_000));
    await using server = serveFiles({ [path]: [whole(demo)] });
    await pull(server.place, { sha256 });
    expect(notes).toContain("what was there from before does not fit: from the beginning");
    expect(server.requests).toEqual([`${path} bytes=2000000-`, `${path} whole`]);
    expect(await stored()).toEqual([model.file]);
  });

  test("one that is there already is not asked for", async () => {
    await Bun.write(join(folder, model.file), demo);
    await using server = serveFiles({});
    expect((await pull(server.place)).wasThere).toBeTrue();
    expect(server.requests).toEqual([]);
  });

  test("one that is there already and given a hash must have it", async () => {
    await Bun.write(join(folder, model.file), demo);
    await using server = serveFiles({});
    expect(await pull(server.place, { sha256 })).toMatchObject({
      checkedBy: "given",
      wasThere: true,
    });
    const line = await complaint(pull(server.place, { sha256: "0".repeat(64) }));
    expect(line).toContain(`its SHA-256 is ${sha256}, not 000`);
    expect(line).toContain("remove it with wildfire models rm demo.en");
    expect(await stored()).toEqual([model.file]);
  });

  test("without any hash the structure is checked, and that is said", async () => {
    await using server = serveFiles({ [path]: [whole(demo)] });
    expect((await pull(server.place)).checkedBy).toBeUndefined();
    expect(notes.join()).toContain("tells no SHA-256");
  });
});

describe("what goes wrong is said in one line, and leaves no model", () => {
  test("damage is found, and nothing of it is kept", async () => {
    const damaged = demo.slice();
    damaged[9_000_000] = (damaged[9_000_000] ?? 0) ^ 1;
    await using server = serveFiles({ [path]: [whole(damaged)], [`${path}.sha256`]: [hashFile()] });
    expect(await complaint(pull(server.place))).toContain(`not ${sha256}; nothing was kept`);
    expect(await stored()).toEqual([]);
  });

  test("a web page in its place is no model", async () => {
    const page = new TextEncoder().encode(`<!DOCTYPE html><html>${" ".repeat(5000)}</html>`);
    await using server = serveFiles({ [path]: [whole(page)] });
    expect(await complaint(pull(server.place))).toContain("not a whisper.cpp ggml model");
    expect(await stored()).toEqual([]);
  });

  test("a server that does not have it", async () => {
    await using server = serveFiles({});
    const line = await complaint(pull(server.place));
    expect(line).toContain("answers 404");
    expect(line).toContain("check --mirror");
    expect(server.requests.filter((request) => request.startsWith(`${path} `))).toHaveLength(1);
  });

  test("a password in the address of the mirror is used, and not shown", async () => {
    const asked: (string | null)[] = [];
    const answer: Answer = (request) => {
      asked.push(request.headers.get("authorization"));
      return new Response("", { status: asked.length < 3 ? 503 : 403 });
    };
    await using server = serveFiles({ [path]: [answer] });
    const place = server.place.replace("//", "//user:hunter2@");
    const line = await complaint(pull(place));
    expect(line).toContain("user:(hidden)@127.0.0.1");
    expect(line + notes.join()).not.toContain("hunter2");
    expect(asked[0]).toBe(`Basic ${btoa("user:hunter2")}`);
  });

  test("one that fails is asked again, and given up in the end", async () => {
    await using server = serveFiles({ [path]: [() => new Response("", { status: 503 })] });
    expect(await complaint(pull(server.place, { sha256 }))).toContain("answers 503");
    expect(server.requests).toHaveLength(3);
    expect(notes).toHaveLength(2);
  });

  test("nobody there: it names the ways out", async () => {
    const line = await complaint(pull("http://127.0.0.1:1", { sha256 }));
    expect(line).toContain("127.0.0.1:1 gives no model");
    expect(line).toContain("--mirror");
    expect(line).toContain("HTTPS_PROXY");
    expect(await stored()).toEqual([]);
  });

  test("a name that nobody knows is told at once", async () => {
    const line = await complaint(pull("http://nowhere.invalid"));
    expect(line).toContain("nowhere.invalid gives no model");
    expect(notes).toEqual([]);
  });

  test("a server that stands still is given up, and what came is kept", async () => {
    await using server = serveFiles({ [path]: [stalling(demo, 70_000)] });
    const limits = { betweenBytesMs: 50, firstByteMs: 2000, retryDelaysMs: [] };
    expect(await complaint(pull(server.place, { sha256, limits }))).toContain(
      "no data came any more",
    );
    expect(await stored()).toEqual([`.${model.file}.partial`]);
  });

  test("a disk without room is found before the download", async () => {
    await using server = serveFiles({ [path]: [whole(demo)], [`${path}.sha256`]: [hashFile()] });
    const line = await complaint(pull(server.place, { freeBytes: 1e6 }));
    expect(line).toContain("demo.en needs 13 MB more");
    expect(server.requests).toEqual([`${path}.sha256 whole`]);
  });

  test("a file of another size than announced is refused at once", async () => {
    const pointer = `oid sha256:${sha256}\nsize ${demo.length + 1}\n`;
    await using server = serveFiles({
      [`/resolve/m${path}`]: [whole(demo)],
      [`/raw/m${path}`]: [() => new Response(pointer)],
    });
    const line = await complaint(pull(`${server.place}/resolve/m`));
    expect(line).toContain(`${demo.length} bytes instead of ${demo.length + 1}`);
  });

  test("stopped in the middle, it goes on the next time", async () => {
    const stop = new AbortController();
    const onProgress = (done: number): void => {
      if (done > 0) stop.abort();
    };
    await using server = serveFiles({ [path]: [stalling(demo, 70_000), whole(demo)] });
    const line = await complaint(pull(server.place, { sha256, signal: stop.signal, onProgress }));
    expect(line).toContain("it goes on where it was");
    await pull(server.place, { sha256 });
    expect(server.requests.at(-1)).toMatch(/bytes=\d+-/);
    expect(await stored()).toEqual([model.file]);
  });
});
