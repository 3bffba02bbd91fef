import {
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { requireKnownModel } from "../../src/models-store/known-models.ts";
import { modelPlaces } from "../../src/models-store/model-places.ts";
import { ModelPulls, type PullState } from "../../src/models-store/model-pulls.ts";
import { publicModelPlace } from "../../src/models-store/model-source.ts";
import { TransferRate } from "../../src/models-store/transfer-rate.ts";
import { until } from "../fakes/until.ts";
import { serveFiles, stalling, whole } from "./file-server.ts";

setDefaultTimeout(20_000);

const demoPath = join(import.meta.dir, "../../models/demo/ggml-telephone-tiny.en-q8_0.bin.gz");
const model = requireKnownModel("tiny.en-q8_0");
const path = `/${model.file}`;

let demo: Uint8Array<ArrayBuffer>;
let folder: string;
let ends: PullState[];

beforeAll(async () => {
  demo = Bun.gunzipSync(await Bun.file(demoPath).bytes());
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-pulls-"));
  ends = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pullsOf(more: Partial<ConstructorParameters<typeof ModelPulls>[0]> = {}): ModelPulls {
  return new ModelPulls({
    folder,
    clock: systemClock,
    onChange: () => undefined,
    onEnd: (state) => ends.push(state),
    limits: { retryDelaysMs: [1, 1] },
    ...more,
  });
}

const ended = (): Promise<void> => until(() => ends.length > 0, "the end");

describe("a download in the background", () => {
  test("is refused for lack of room before anything is written", async () => {
    await using server = serveFiles({ [path]: [whole(demo)] });
    const pulls = pullsOf({ freeBytes: 1e6 });
    pulls.begin({ model, source: server.place, sha256: undefined });
    await ended();
    expect(ends).toMatchObject([{ phase: "failed", model: model.name }]);
    expect(ends[0]?.note).toContain("tiny.en-q8_0 needs 44 MB more");
    expect(ends[0]?.hint).toContain("make room");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("that nobody can tell the hash of says that it was not checked", async () => {
    await using server = serveFiles({ [path]: [whole(demo)] });
    const pulls = pullsOf();
    pulls.begin({ model, source: server.place, sha256: undefined });
    await ended();
    expect(ends).toMatchObject([{ phase: "done", note: "its SHA-256 was not told" }]);
    // The same once more is here already, and costs nothing.
    pulls.begin({ model, source: server.place, sha256: undefined });
    await until(() => ends.length === 2, "the second end");
    expect(ends[1]).toMatchObject({ phase: "done", note: "it was here already" });
  });

  test("that waits for a server ends at once when the service does", async () => {
    await using server = serveFiles({ [path]: [stalling(demo, 100_000)] });
    const pulls = pullsOf();
    pulls.begin({ model, source: server.place, sha256: "0".repeat(64) });
    await until(() => pulls.state().doneBytes > 0, "the first bytes");
    expect(() => pulls.begin({ model, source: server.place, sha256: undefined })).toThrow(
      "tiny.en-q8_0 is being downloaded",
    );
    await pulls.close();
    expect(ends).toMatchObject([{ phase: "cancelled" }]);
    expect(readdirSync(folder)).toEqual([`.${model.file}.partial`]);
  });

  test("that is not under way cannot be cancelled", () => {
    expect(() => pullsOf().cancel("base.en")).toThrow("base.en is not being downloaded");
  });
});

describe("the rate of a transfer", () => {
  test("is that of the last seconds", () => {
    const rate = new TransferRate();
    for (let ms = 0; ms <= 10_000; ms += 10) rate.add(ms, ms < 5000 ? ms * 1000 : 5e6);
    expect(rate.bytesPerS(10_000)).toBe(0);
    for (let ms = 10_010; ms <= 14_000; ms += 10) rate.add(ms, 5e6 + (ms - 10_000) * 2000);
    expect(rate.bytesPerS(14_000)).toBeCloseTo(2e6, -5);
  });

  test("is not known at the beginning, nor behind a new one", () => {
    const rate = new TransferRate();
    expect(rate.bytesPerS(0)).toBeUndefined();
    rate.add(0, 1000);
    expect(rate.bytesPerS(100)).toBeUndefined();
    rate.add(1000, 10);
    expect(rate.bytesPerS(1000)).toBeUndefined();
  });
});

test.each([
  [{}, "/home/a/.local/share/wildfire/models", publicModelPlace, false],
  [{ WILDFIRE_MODELS_DIR: "/m" }, "/m", publicModelPlace, false],
  [{ WILDFIRE_MODEL_MIRROR: "http://x/y/" }, undefined, "http://x/y", true],
  [
    { WILDFIRE_MODELS_MIRROR: "http://z", WILDFIRE_MODEL_MIRROR: "http://x" },
    undefined,
    "http://z",
    true,
  ],
] as const)("with %p models lie and come from where it says", (env, where, source, isMirror) => {
  const user = { env, home: "/home/a", userId: 1000, temporaryFolder: "/tmp" };
  const places = modelPlaces(user);
  expect(places).toMatchObject({ source, isMirror });
  if (where !== undefined) expect(places.folder).toBe(where);
});
