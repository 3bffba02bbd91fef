import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WildfireError } from "../../src/core/errors.ts";
import {
  type PrepareLibraryOptions,
  candidateFolders,
  findFolderProblem,
  prepareLibrary,
} from "../../src/whisper/library.ts";
import { findLoadProblem, loadNative } from "../../src/whisper/native.ts";
import { libraryUnderTest, platformUnderTest } from "./library-under-test.ts";

const content = "pretend that this is a library";
const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
const takeAnything = (): undefined => undefined;

let scratch: string;
let source: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "wildfire-library-"));
  source = join(scratch, "embedded.so");
  writeFileSync(source, content);
});

afterEach(() => rmSync(scratch, { recursive: true }));

function prepare(changes: Partial<PrepareLibraryOptions>): Promise<string> {
  const folders = [join(scratch, "state")];
  return prepareLibrary({
    source,
    suffix: "so",
    folders,
    findLoadProblem: takeAnything,
    ...changes,
  });
}

async function errorOf(promise: Promise<unknown>): Promise<WildfireError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WildfireError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const goodFolder = (): string => join(scratch, "good");
const pathIn = (folder: string): string => join(folder, "native", `${sha256}.so`);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("candidate folders", () => {
  const facts = {
    requested: undefined,
    usual: "/home/u/.local/state/wildfire",
    runtime: undefined,
    shared: ["/var/tmp", "/dev/shm"],
    userId: 1001,
  };

  test("are the usual one, then private ones where everybody may make one", () => {
    expect(candidateFolders(facts)).toEqual([
      "/home/u/.local/state/wildfire",
      "/var/tmp/wildfire-1001",
      "/dev/shm/wildfire-1001",
    ]);
  });

  test("begin with the one that was asked for", () => {
    expect(candidateFolders({ ...facts, requested: "/srv/wf" })[0]).toBe("/srv/wf");
  });

  test("include the user's runtime folder before the shared ones", () => {
    const folders = candidateFolders({ ...facts, runtime: "/run/user/1001" });
    expect(folders[1]).toBe("/run/user/1001/wildfire");
  });

  test("are each tried once, and empty names never", () => {
    const folders = candidateFolders({ ...facts, requested: facts.usual, runtime: undefined });
    expect(folders.length).toBe(3);
    expect(candidateFolders({ ...facts, requested: "", usual: "" }).length).toBe(2);
  });
});

describe("a folder", () => {
  const me = 1001;
  const cases = [
    { name: "of our own", folder: { uid: me, mode: 0o700 }, says: undefined },
    { name: "of root", folder: { uid: 0, mode: 0o755 }, says: undefined },
    { name: "like /tmp", folder: { uid: 0, mode: 0o1777 }, says: undefined },
    { name: "of somebody else", folder: { uid: 7, mode: 0o700 }, says: "it belongs to user 7" },
    { name: "open to all", folder: { uid: me, mode: 0o777 }, says: "every user can change it" },
  ];
  for (const { name, folder, says } of cases) {
    test(`${name} is ${says === undefined ? "good" : "refused"}`, () => {
      expect(findFolderProblem(folder, me)).toBe(says);
    });
  }
});

describe("a library is placed", () => {
  test("under its hash, in a folder that only we can read", async () => {
    const path = await prepare({});
    expect(path).toBe(join(scratch, "state/native", `${sha256}.so`));
    expect(readFileSync(path, "utf8")).toBe(content);
    expect(modeOf(path)).toBe(0o600);
    expect(modeOf(join(scratch, "state/native"))).toBe(0o700);
  });

  test("once: what is there and intact is used as it is", async () => {
    const path = await prepare({});
    const { ino } = statSync(path);
    expect(await prepare({ sha256 })).toBe(path);
    expect(statSync(path).ino).toBe(ino);
  });

  const damages: Readonly<Record<string, (path: string) => void>> = {
    "altered without changing its size": (path) => writeFileSync(path, content.toUpperCase()),
    "cut short": (path) => writeFileSync(path, content.slice(0, 5)),
    "writable by others": (path) => chmodSync(path, 0o666),
    "replaced by a link": (path) => {
      rmSync(path);
      symlinkSync(source, path);
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    test(`anew when it was ${name}`, async () => {
      const path = await prepare({});
      damage(path);
      expect(await prepare({})).toBe(path);
      expect(readFileSync(path, "utf8")).toBe(content);
      expect(modeOf(path)).toBe(0o600);
    });
  }

  test("by many at the same moment, with nothing left over", async () => {
    const paths = await Promise.all(Array.from({ length: 20 }, () => prepare({})));
    expect(new Set(paths).size).toBe(1);
    expect(readdirSync(join(scratch, "state/native"))).toEqual([`${sha256}.so`]);
  });
});

describe("the next folder is taken", () => {
  test("when the first cannot be made", async () => {
    const folders = [join(source, "below-a-file"), "/proc/wildfire", goodFolder()];
    expect(await prepare({ folders })).toBe(pathIn(goodFolder()));
  });

  test("when the first may not be mapped for execution", async () => {
    const noexec = join(scratch, "noexec");
    const refuse = (path: string): string | undefined =>
      path.startsWith(noexec) ? "failed to map segment from shared object" : undefined;
    const path = await prepare({ folders: [noexec, goodFolder()], findLoadProblem: refuse });
    expect(path).toBe(pathIn(goodFolder()));
  });

  test("when the first is open to every user, or its inner folder is not ours alone", async () => {
    const open = join(scratch, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    const inner = join(scratch, "inner/native");
    mkdirSync(inner, { recursive: true });
    chmodSync(inner, 0o770);
    const linked = join(scratch, "linked");
    mkdirSync(linked);
    symlinkSync(scratch, join(linked, "native"));
    const folders = [open, join(scratch, "inner"), linked, goodFolder()];
    expect(await prepare({ folders })).toBe(pathIn(goodFolder()));
    expect(readdirSync(open)).toEqual([]);
    expect(readdirSync(inner)).toEqual([]);
  });
});

describe("an error", () => {
  test("lists every folder with its reason, and says what to set", async () => {
    const noexec = join(scratch, "noexec");
    const error = await errorOf(
      prepare({
        folders: [join(source, "x"), noexec],
        findLoadProblem: () => "failed to map segment from shared object",
      }),
    );
    expect(error.code).toBe("native");
    expect(error.message).toContain(`${join(source, "x")} (ENOTDIR (errno 20))`);
    expect(error.message).toContain(`${noexec} (failed to map segment from shared object)`);
    expect(error.hint).toContain("--state-dir");
    expect(error.hint).toContain("WILDFIRE_STATE_DIR");
    expect(error.hint).toContain("noexec");
  });

  test("names a source that is missing, or is not what was built", async () => {
    const missing = await errorOf(prepare({ source: join(scratch, "absent.so") }));
    expect(missing.message).toContain("absent.so");
    const damaged = await errorOf(prepare({ sha256: sha256.replace(/^./, "x") }));
    expect(damaged.message).toContain("damaged");
    expect(readdirSync(join(scratch, "state/native"))).toEqual([]);
  });
});

test("the real library loads from where it is placed", async () => {
  const real = await libraryUnderTest();
  const { librarySuffix: suffix } = platformUnderTest();
  const path = await prepare({ source: real, suffix, findLoadProblem });
  expect(loadNative(path).whisperVersion).toBe(loadNative(real).whisperVersion);
});
