import { describe, expect, test } from "bun:test";
import { WildfireError } from "../../src/core/errors.ts";
import { knownModels, requireKnownModel } from "../../src/models-store/known-models.ts";
import { describeVerdict, judgeModel } from "../../src/models-store/machine-verdict.ts";
import { defaultModelFolder } from "../../src/models-store/model-folder.ts";
import { listAsJson, listAsText } from "../../src/models-store/model-listing.ts";
import {
  checkMirror,
  checkSha256,
  hashUrl,
  parseToldFile,
  publicModelPlace,
  readRangeAnswer,
} from "../../src/models-store/model-source.ts";
import { modelPathIn } from "../../src/models-store/models-in-use.ts";
import { PullProgress } from "../../src/models-store/pull-progress.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

const hash = "ab".repeat(32);
const machine = { cores: 2, memoryBytes: 8e9, cpu: "avx2" } as const;

describe("known models", () => {
  test("have names that are unique, and files of whisper.cpp's naming", () => {
    expect(new Set(knownModels.map(({ name }) => name)).size).toBe(knownModels.length);
    expect(requireKnownModel("base.en")).toMatchObject({
      file: "ggml-base.en.bin",
      isEnglishOnly: true,
      weights: "f16",
    });
    expect(requireKnownModel("ggml-large-v3-turbo-q5_0.bin")).toMatchObject({
      size: "large-turbo",
      weights: "q5_0",
    });
  });

  test("a wrong name brings the nearest one", () => {
    expect(() => requireKnownModel("base.em")).toThrow(WildfireError);
    try {
      requireKnownModel("base.em");
    } catch (error) {
      expect(error).toMatchObject({ hint: "did you mean base.en?" });
    }
  });
});

describe("what the server says of a file", () => {
  const texts: readonly (readonly [string, unknown])[] = [
    [`version x\noid sha256:${hash}\nsize 12\n`, { sha256: hash, bytes: 12 }],
    [`${hash.toUpperCase()}  ggml-base.bin\n`, { sha256: hash, bytes: undefined }],
    [hash, { sha256: hash, bytes: undefined }],
    ["<html>not found</html>", undefined],
    [`${hash}ab`, undefined],
    ["x".repeat(5000), undefined],
  ];
  for (const [text, told] of texts) {
    test(JSON.stringify(text.slice(0, 30)), () => {
      const read: unknown = parseToldFile(text);
      expect(read).toEqual(told);
    });
  }

  test("its hash stands in the pointer, or beside it", () => {
    expect(hashUrl(publicModelPlace, "a.bin")).toBe(
      "https://huggingface.co/ggerganov/whisper.cpp/raw/main/a.bin",
    );
    expect(hashUrl("http://m/x", "a.bin")).toBe("http://m/x/a.bin.sha256");
  });

  test("mirrors and hashes that are none are refused", () => {
    expect(checkMirror("https://m/x/")).toBe("https://m/x");
    expect(() => checkMirror("ftp://m")).toThrow("is no address of a folder");
    expect(checkSha256(hash.toUpperCase())).toBe(hash);
    expect(() => checkSha256("12")).toThrow("is no SHA-256");
  });
});

describe("the answer to a request for the rest", () => {
  const head = { contentLength: null, contentRange: null };
  const answers: readonly (readonly [
    string,
    number,
    Partial<typeof head> | Record<string, string>,
    unknown,
  ])[] = [
    ["all of it", 200, { contentLength: "50" }, { kind: "from", offset: 0, totalBytes: 50 }],
    [
      "the rest",
      206,
      { contentRange: "bytes 10-49/50" },
      { kind: "from", offset: 10, totalBytes: 50 },
    ],
    ["another part", 206, { contentRange: "bytes 9-49/50" }, { kind: "refused" }],
    ["a part without place", 206, {}, { kind: "refused" }],
    ["nothing left", 416, { contentRange: "bytes */10" }, { kind: "nothing-left", totalBytes: 10 }],
    ["an error", 404, {}, { kind: "refused" }],
  ];
  for (const [name, status, more, expected] of answers) {
    test(name, () => {
      const read: unknown = readRangeAnswer({ status, ...head, ...more }, 10);
      expect(read).toEqual(expected);
    });
  }
});

describe("what a machine can carry", () => {
  test("base is fluent where medium is too slow, and large needs memory", () => {
    const judge = (size: "base" | "medium" | "large", sizeBytes: number): string =>
      judgeModel({ size, sizeBytes }, machine).kind;
    expect(judge("base", 148e6)).toBe("fluent");
    expect(judge("medium", 1534e6)).toBe("too-slow");
    expect(
      judgeModel({ size: "large", sizeBytes: 3095e6 }, { ...machine, memoryBytes: 4e9 }).kind,
    ).toBe("too-big");
  });

  test("without AVX2 even base is too slow", () => {
    expect(judgeModel({ size: "base", sizeBytes: 148e6 }, { ...machine, cpu: "sse42" }).kind).toBe(
      "too-slow",
    );
  });

  test("a size of one's own is not guessed", () => {
    expect(describeVerdict(judgeModel({ size: "custom", sizeBytes: 1e6 }, machine))).toBe(
      "cannot be estimated",
    );
  });
});

describe("the list", () => {
  const broken = {
    path: "/m/x.bin",
    file: "x.bin",
    sizeBytes: 5,
    info: undefined,
    problem: "is empty",
  };

  test("names what is unusable, what is to be had, and that it is an estimate", () => {
    const text = listAsText({ folder: "/m", models: [broken], machine, all: false });
    expect(text).toContain("x.bin  0 MB  unusable  is empty");
    expect(text).toMatch(/base\.en +148 MB +f16, English +fluent, about 0\.5 s a sentence/);
    expect(text).toContain("estimates for this machine: 2 cores, 8.0 GB");
    expect(text).not.toContain("medium.en-q8_0");
  });

  test("--all has every variant that is not here", () => {
    const here = { ...broken, file: "ggml-tiny.en.bin" };
    const text = listAsText({ folder: "/m", models: [here], machine, all: true });
    expect(text).toContain("medium.en-q8_0");
    expect(text).not.toMatch(/^ {2}tiny\.en /m);
  });

  test("is JSON for programs", () => {
    const read: unknown = JSON.parse(
      listAsJson({ folder: "/m", models: [broken], machine, all: false }),
    );
    expect(read).toMatchObject({
      folder: "/m",
      here: [{ path: "/m/x.bin", problem: "is empty", estimate: null }],
    });
  });
});

describe("the folder of models", () => {
  const user = { env: {}, home: "/home/u", userId: 1000, temporaryFolder: "/tmp" };
  const folders: readonly (readonly [string, object, string])[] = [
    ["root", { userId: 0 }, "/var/lib/wildfire/models"],
    ["a user", {}, "/home/u/.local/share/wildfire/models"],
    ["XDG", { env: { XDG_DATA_HOME: "/d" } }, "/d/wildfire/models"],
    ["a service", { env: { STATE_DIRECTORY: "/s" } }, "/s/models"],
    ["nobody's home", { home: "/nonexistent" }, "/tmp/wildfire-1000/models"],
  ];
  for (const [name, more, folder] of folders) {
    test(name, () => expect(defaultModelFolder({ ...user, ...more })).toBe(folder));
  }
});

describe("progress", () => {
  test("on a terminal is one line with size, share and speed", () => {
    const clock = new FakeClock();
    const written: string[] = [];
    const stream = { isTTY: true, write: (text: string) => written.push(text) };
    const progress = new PullProgress({ name: "base.en", clock, stream });
    progress.update(0, 100e6);
    clock.advance(1000);
    progress.update(10e6, 100e6);
    progress.clear();
    expect(written[1]).toEndWith("base.en: 10 MB of 100 MB (10 %), 10.0 MB/s");
    expect(written.at(-1)).toBe("\r\u001B[K");
  });

  test("elsewhere is a line for each tenth", () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const progress = new PullProgress({ name: "m", clock: new FakeClock(), stream });
    for (let done = 0; done <= 100; done += 1) progress.update(done, 100);
    expect(written).toEqual(
      [10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((part) => `m: ${part} %\n`),
    );
  });
});

test("the model of a running whisper is read from its status", () => {
  const status = JSON.stringify({
    pid: 1,
    model: { name: "/m/ggml-x (1).bin (base, f16)", cpu: "avx2" },
  });
  expect(modelPathIn(status)).toBe("/m/ggml-x (1).bin");
  expect(modelPathIn(JSON.stringify({ model: { name: "demo", cpu: "avx2" } }))).toBeUndefined();
});
