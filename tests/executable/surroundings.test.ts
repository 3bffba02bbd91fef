/** The executable in surroundings that are poor, strange or hostile: it works, or says what to do. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executablePath } from "../end-to-end/executable.ts";
import { eventually, testLimitMs } from "../end-to-end/eventually.ts";
import { FakeLlama } from "../end-to-end/fake-llama.ts";
import { parseObject, Program, runToEnd } from "../end-to-end/program.ts";
import { shortest } from "../end-to-end/speech.ts";

setDefaultTimeout(testLimitMs);

const callId = 4000;
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** A folder that other users may enter. */
class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-place-"));
  readonly state = join(this.folder, "state");

  constructor() {
    chmodSync(this.folder, 0o755);
  }

  /** The only library that an intact start leaves in the state folder. */
  get library(): string {
    const native = join(this.state, "native");
    const names = readdirSync(native);
    expect(names).toHaveLength(1);
    return join(native, names[0] ?? "");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Start {
  readonly stateFolder?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly prefix?: readonly string[];
  readonly executable?: string;
  readonly llamaPort?: number;
}

function startWhisper(place: Place, start: Start = {}): Program {
  const { stateFolder = place.state, cwd = place.folder, llamaPort = 1, ...rest } = start;
  const ports = ["--port", "0", "--llama-port", String(llamaPort)];
  const argv = ["--service", "whisper", ...ports, "--log-format", "json", "--verbose"];
  return new Program({ argv: [...argv, "--state-dir", stateFolder], cwd, ...rest });
}

/** Starts whisper, plays it a sentence, and stops it. */
async function expectToHear(place: Place, start: Start = {}): Promise<Program> {
  using llama = new FakeLlama();
  await using whisper = startWhisper(place, { ...start, llamaPort: llama.port });
  const ready = await whisper.said("whisper is ready");
  const { executable, env } = start;
  const inbound = await runToEnd({
    argv: [
      "--service=inbound",
      `--state-dir=${join(place.folder, "inbound")}`,
      "--speed=10",
      `--call-id=${callId}`,
      `--wav=${shortest.path}`,
      `--whisper-port=${String(ready["port"])}`,
    ],
    cwd: place.folder,
    ...(executable === undefined ? {} : { executable }),
    ...(env === undefined ? {} : { env }),
  });
  expect(inbound.exitCode).toBe(0);
  expect(inbound.output).toEqual([...shortest.texts]);
  whisper.signal("SIGTERM");
  expect(await whisper.exited()).toBe(0);
  return whisper;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("copied to another folder, with an empty environment, it hears a call", async () => {
  using place = new Place();
  const executable = join(place.folder, "copy");
  copyFileSync(executablePath(), executable);
  await expectToHear(place, { executable });
  expect(sha256(readFileSync(place.library))).toBe(
    place.library.split("/").at(-1)?.split(".")[0] ?? "",
  );
});

describe("it hears a call", () => {
  const places: Readonly<Record<string, Start>> = {
    "in a working folder where nothing can be written": { cwd: "/sys" },
    "with a TMPDIR that does not exist": { env: { TMPDIR: "/nonexistent/tmp" } },
    "with a TMPDIR in which nothing can be written": { env: { TMPDIR: "/sys" } },
    "with a HOME that does not exist": { env: { HOME: "/nonexistent" } },
    "with a HOME in which nothing can be written": { env: { HOME: "/sys" } },
  };
  for (const [name, start] of Object.entries(places)) {
    test(name, async () => {
      using place = new Place();
      await expectToHear(place, start);
    });
  }
});

test("settings that lie in the working folder are not taken", async () => {
  using place = new Place();
  writeFileSync(join(place.folder, ".env"), "WILDFIRE_PORT=nonsense\n");
  writeFileSync(join(place.folder, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(place.folder, "preload.ts"), "process.exit(77);\n");
  writeFileSync(join(place.folder, "package.json"), '{"type":"nonsense"}\n');
  await expectToHear(place);
});

test("four services that start at once in an empty state folder all get their library", async () => {
  using place = new Place();
  await using programs = new AsyncDisposableStack();
  const services = [1, 2, 3, 4].map(() => programs.use(startWhisper(place)));
  for (const service of services) await service.said("whisper is ready");
  expect(place.library).toEndWith(".so");
});

describe("a library in the state folder that was tampered with is replaced", () => {
  const tampering: Readonly<Record<string, (path: string, folder: string) => void>> = {
    "other bytes of the same length": (path) => {
      const bytes = readFileSync(path);
      bytes.fill(0x90, bytes.length >> 1, (bytes.length >> 1) + 4096);
      writeFileSync(path, bytes);
    },
    "cut off": (path) => truncateSync(path, 5000),
    empty: (path) => truncateSync(path, 0),
    "writable by everybody": (path) => chmodSync(path, 0o666),
    "a link to another library": (path, folder) => {
      const planted = join(folder, "planted.so");
      copyFileSync(path, planted);
      rmSync(path);
      symlinkSync(planted, path);
    },
  };
  for (const [name, tamper] of Object.entries(tampering)) {
    test(name, async () => {
      using place = new Place();
      await expectToHear(place);
      const { library } = place;
      const good = sha256(readFileSync(library));
      tamper(library, place.folder);
      await expectToHear(place);
      expect(sha256(readFileSync(place.library))).toBe(good);
      const { mode } = statSync(place.library);
      expect(mode & 0o022).toBe(0);
      expect(place.library).toBe(library);
    });
  }

  test("another user's, where that user planted it first", async () => {
    if (!isRoot) {
      console.warn("skipped: only root can make files of another user");
      return;
    }
    using place = new Place();
    await expectToHear(place);
    const { library } = place;
    chownSync(library, nobody, nobody);
    await expectToHear(place);
    expect(statSync(library).uid).toBe(0);
  });
});

test("a state folder whose path is too long for a socket still answers `wildfire status`", async () => {
  using place = new Place();
  const stateFolder = join(place.folder, "a-long-name-".repeat(10), "state");
  const env = { TMPDIR: place.folder };
  await using whisper = startWhisper(place, { stateFolder, env });
  await whisper.said("whisper is ready");
  const answer = await eventually({
    what: "an answer",
    probe: async () => {
      const argv = ["status", "whisper", "--state-dir", stateFolder];
      const program = await runToEnd({ argv, cwd: place.folder, env });
      return program.exitCode === 0 && parseObject(program.output.join("\n"));
    },
  });
  expect(answer).toMatchObject({ service: "whisper", pid: whisper.pid });
});

test("a state folder that cannot be made is passed over, and what that costs is said", async () => {
  using place = new Place();
  writeFileSync(join(place.folder, "file"), "in the way");
  await using whisper = startWhisper(place, {
    stateFolder: join(place.folder, "file"),
    env: { STATE_DIRECTORY: place.state },
  });
  await whisper.said("whisper is ready");
  await whisper.said("no status socket: `wildfire status` will not find this service");
  expect(whisper.find("native library")).toMatchObject({ path: place.library });
});

describe("on a file system that is mounted noexec", () => {
  test("a state folder there is passed over for one that allows execution", async () => {
    using place = new Place();
    using noexec = mountNoexec(place);
    if (noexec === undefined) return;
    await expectToHear(place, {
      stateFolder: join(noexec.path, "state"),
      env: { STATE_DIRECTORY: place.state },
    });
    expect(existsSync(place.library)).toBe(true);
  });

  test("a temporary folder there does not matter", async () => {
    using place = new Place();
    using noexec = mountNoexec(place);
    if (noexec === undefined) return;
    await expectToHear(place, { env: { TMPDIR: noexec.path, BUN_TMPDIR: noexec.path } });
    expect(readdirSync(noexec.path)).toEqual([]);
  });
});

test("where no folder allows execution it says what to set", async () => {
  if (!isRoot || !existsSync("/usr/bin/unshare")) {
    console.warn("skipped: only root can give a program file systems of its own");
    return;
  }
  using place = new Place();
  const folders = ["/var/tmp", "/dev/shm", "/var/lib", place.folder];
  const mounts = folders.map((folder) => `/usr/bin/mount -t tmpfs -o noexec tmpfs ${folder}`);
  const script = `${mounts.join(" && ")} && exec "$0" "$@"`;
  const program = startWhisper(place, {
    prefix: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script],
    cwd: "/",
  });
  expect(await program.exited()).toBe(1);
  const line = program.errors.at(-1) ?? "";
  expect(line).toStartWith("wildfire: no folder can hold the native library: ");
  for (const folder of folders) expect(line).toContain(folder);
  expect(line).toContain("pass --state-dir or set WILDFIRE_STATE_DIR");
  expect(program.errors.filter((text) => /^\s+at /.test(text))).toEqual([]);
});

interface Mount extends Disposable {
  readonly path: string;
}

/** Undefined, with a sentence why, where this user or this machine does not allow it. */
function mountNoexec(place: Place): Mount | undefined {
  const path = join(place.folder, "noexec");
  mkdirSync(path);
  const result = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "noexec,mode=755", "tmpfs", path]);
  if (result.exitCode !== 0) {
    console.warn(`skipped: no noexec mount here: ${result.stderr.toString().trim()}`);
    return undefined;
  }
  return { path, [Symbol.dispose]: () => void Bun.spawnSync(["umount", "-l", path]) };
}

describe("as a user without rights and without a home", () => {
  const asNobody = ["/usr/bin/setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
  const canSwitch = isRoot && existsSync(asNobody[0] ?? "");

  test("it hears a call with a state folder of its own", async () => {
    if (!canSwitch) {
      console.warn("skipped: only root can run a program as another user");
      return;
    }
    using place = new Place();
    const executable = join(place.folder, "wildfire");
    copyFileSync(executablePath(), executable);
    chmodSync(executable, 0o755);
    mkdirSync(place.state);
    chownSync(place.state, nobody, nobody);
    await expectToHear(place, { executable, prefix: asNobody });
    expect(statSync(place.library).uid).toBe(nobody);
  });

  test("a state folder that only root can write to is passed over for one that it can", async () => {
    if (!canSwitch) {
      console.warn("skipped: only root can run a program as another user");
      return;
    }
    using place = new Place();
    const executable = join(place.folder, "wildfire");
    copyFileSync(executablePath(), executable);
    chmodSync(executable, 0o755);
    const own = join(place.folder, "own");
    mkdirSync(own);
    chownSync(own, nobody, nobody);
    mkdirSync(place.state, { mode: 0o755 });
    await expectToHear(place, { executable, prefix: asNobody, env: { XDG_STATE_HOME: own } });
    expect(readdirSync(place.state)).toEqual([]);
    expect(readdirSync(join(own, "wildfire", "native"))).toHaveLength(1);
  });
});
