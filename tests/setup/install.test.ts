import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import {
  describeStep,
  type InstallFacts,
  planInstall,
  planRollback,
  planUninstall,
} from "../../src/setup/install-plan.ts";
import { carryOut } from "../../src/setup/install-steps.ts";
import { hasUserIn, limitOf } from "../../src/setup/install-surroundings.ts";
import { readUnit } from "../../src/setup/installed-unit.ts";

let folder: string;
let said: string[];
let ran: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wildfire-install-"));
  said = [];
  ran = [];
});

afterEach(() => rm(folder, { recursive: true }));

const machine: InstallFacts = {
  prefix: "/usr/local",
  root: "",
  executable: "/tmp/wildfire",
  hasSystemd: true,
  canNotify: true,
  hasUser: false,
  hasConfig: true,
  ownedFiles: [],
  unit: undefined,
  credentials: [],
  memoryPercent: undefined,
  start: true,
};

function shown(facts: Partial<InstallFacts> = {}): string {
  return planInstall({ ...machine, ...facts })
    .map(describeStep)
    .join("\n");
}

function surroundings(code = 0) {
  return {
    run: (argv: readonly string[]) => {
      ran.push(argv.join(" "));
      return Promise.resolve({ code, output: "no\n such thing" });
    },
    say: (text: string) => void said.push(text),
  };
}

describe("the plan", () => {
  test("makes user, folders and unit, and starts the service last", () => {
    expect(shown())
      .toBe(`copy /tmp/wildfire to /usr/local/bin/wildfire (the old one stays as /usr/local/bin/wildfire.previous)
run useradd --system --home-dir /var/lib/wildfire --no-create-home --shell /usr/sbin/nologin --user-group wildfire
make folder /etc/wildfire (mode 0750)
make folder /var/lib/wildfire (mode 0750)
make folder /var/lib/wildfire/models (mode 0750)
make folder /var/log/wildfire (mode 0750)
give /var/lib/wildfire and all in it to wildfire
give /var/log/wildfire and all in it to wildfire
give /etc/wildfire to wildfire
write /etc/systemd/system/wildfire.service (mode 0644)
run systemctl daemon-reload
run systemctl enable wildfire.service
run systemctl restart wildfire.service`);
  });

  test("a user that is there stays, and without a configuration nothing is started", () => {
    const text = shown({ hasUser: true, hasConfig: false });
    expect(text).not.toContain("useradd");
    expect(text).not.toContain("restart");
    expect(text).toContain("say wildfire setup, then systemctl start wildfire");
  });

  test("without systemd it is a file and folders, and says how to start", () => {
    const text = shown({ hasSystemd: false });
    expect(text).not.toContain("systemctl");
    expect(text).not.toContain("useradd");
    expect(text).toEndWith("start it with /usr/local/bin/wildfire up");
  });

  test("secrets that root wrote are given to the service, which else could not read them", () => {
    const ownedFiles = ["/etc/wildfire/secrets.toml"];
    expect(shown({ ownedFiles })).toContain("give /etc/wildfire/secrets.toml to wildfire");
    expect(shown({ ownedFiles, root: "/pkg" })).not.toContain("secrets.toml");
  });

  test("into a folder nothing of this machine is touched", () => {
    const text = shown({ root: "/pkg" });
    expect(text).not.toMatch(/^run|^give/m);
    for (const line of text.split("\n")) expect(line).toContain(" /pkg/");
    expect(text).toContain("write /pkg/usr/lib/sysusers.d/wildfire.conf");
    expect(text).toContain("write /pkg/usr/lib/tmpfiles.d/wildfire.conf");
  });

  test("an uninstall keeps what belongs to people unless they say so", () => {
    const facts = {
      prefix: "/usr/local",
      root: "",
      hasSystemd: true,
      hasUser: true,
      unit: undefined,
    };
    const plain = planUninstall({ ...facts, purge: false })
      .map(describeStep)
      .join("\n");
    expect(plain).toStartWith("run systemctl disable --now wildfire.service");
    expect(plain).toContain("kept: /etc/wildfire, /var/lib/wildfire, /var/log/wildfire");
    expect(plain).not.toContain("all in it");
    const whole = planUninstall({ ...facts, purge: true })
      .map(describeStep)
      .join("\n");
    expect(whole).toContain("remove /var/lib/wildfire and all in it");
    expect(whole).toEndWith("run userdel wildfire");
  });
});

function unitOf(facts: Partial<InstallFacts>): string {
  const steps = planInstall({ ...machine, ...facts });
  return steps.flatMap((step) => (step.kind === "write" ? step.text : []))[0] ?? "";
}

describe("a unit that is there", () => {
  const credentials = [
    { name: "llama-key", file: "/root/100% key" },
    { name: "line.200@pbx", file: "/root/line" },
  ];

  test("keeps its credentials and its share of the memory, unless others are given", () => {
    const first = unitOf({ credentials, memoryPercent: 60 });
    const unit = readUnit(first);
    expect(unit).toEqual({ isOurs: true, credentials, memoryPercent: 60 });
    expect(unitOf({ unit })).toBe(first);
    expect(shown({ unit })).toContain("the unit keeps its credentials: llama-key, line.200@pbx\n");
    const other = unitOf({ unit, credentials: credentials.slice(1), memoryPercent: 70 });
    expect(readUnit(other)).toMatchObject({
      credentials: credentials.slice(1),
      memoryPercent: 70,
    });
    expect(readUnit(unitOf({})).memoryPercent).toBe(80);
  });

  test.each(["[Service]\nExecStart=/usr/local/bin/wildfire up\n", ""])(
    "of somebody else (%j) is neither overwritten nor removed",
    (text) => {
      const unit = readUnit(text);
      expect(() => planInstall({ ...machine, unit })).toThrow(
        "was not written by wildfire install",
      );
      const steps = planUninstall({ ...machine, unit, purge: true }).map(describeStep);
      expect(steps).not.toContain("remove /etc/systemd/system/wildfire.service");
      expect(steps).toContain(
        "kept: /etc/systemd/system/wildfire.service, which wildfire install did not write",
      );
    },
  );
});

test("systemd takes its own time, which is that of calls; other programs have a limit", () => {
  expect(limitOf(["systemctl", "restart", "wildfire.service"])).toEqual({});
  expect(limitOf(["useradd", "wildfire"]).timeout).toBeGreaterThan(0);
});

async function installFrom(text: string): Promise<void> {
  const executable = join(folder, "new-wildfire");
  await Bun.write(executable, text);
  await carryOut(
    planInstall({ ...machine, root: join(folder, "root"), executable }),
    surroundings(),
  );
}

function read(path: string): Promise<string> {
  return Bun.file(join(folder, "root", path)).text();
}

describe("carried out in a folder", () => {
  test("an upgrade keeps the old executable, and a roll-back changes them both ways", async () => {
    await installFrom("one");
    await installFrom("two");
    expect(await read("usr/local/bin/wildfire")).toBe("two");
    expect(await read("usr/local/bin/wildfire.previous")).toBe("one");
    const back = planRollback({ ...machine, root: join(folder, "root") });
    await carryOut(back, surroundings());
    expect(await read("usr/local/bin/wildfire")).toBe("one");
    expect(await read("usr/local/bin/wildfire.previous")).toBe("two");
    await carryOut(back, surroundings());
    expect(await read("usr/local/bin/wildfire")).toBe("two");
    expect(ran).toEqual([]);
  });

  test("the same one again does not push out the one before it", async () => {
    await installFrom("one");
    await installFrom("two");
    await installFrom("two");
    expect(await read("usr/local/bin/wildfire.previous")).toBe("one");
  });

  test("it can be run, its folders are closed, and nothing half-done lies about", async () => {
    await installFrom("one");
    const root = join(folder, "root");
    expect((await stat(join(root, "usr/local/bin/wildfire"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(root, "etc/wildfire"))).mode & 0o777).toBe(0o750);
    const files = await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: root, dot: true }));
    expect(files.toSorted()).toEqual([
      "etc/systemd/system/wildfire.service",
      "usr/lib/sysusers.d/wildfire.conf",
      "usr/lib/tmpfiles.d/wildfire.conf",
      "usr/local/bin/wildfire",
    ]);
  });

  test("all that root had tried out before is given away, links themselves and not what they lead to", async () => {
    const state = { kind: "own", path: "/var/lib/wildfire", user: "wildfire" } as const;
    const steps = [
      { ...state, withContents: true },
      { ...state, path: "/etc/wildfire", withContents: false },
    ];
    await carryOut(steps, surroundings());
    expect(ran).toEqual([
      "chown -hR wildfire:wildfire /var/lib/wildfire",
      "chown -h wildfire:wildfire /etc/wildfire",
    ]);
  });

  test("the service owns its configuration, which the page changes, also out of a package", async () => {
    await installFrom("one");
    const unit = await read("etc/systemd/system/wildfire.service");
    expect(unit).toContain("\nReadWritePaths=-/etc/wildfire\n");
    const folders = await read("usr/lib/tmpfiles.d/wildfire.conf");
    expect(folders).toBe("d /etc/wildfire 0750 wildfire wildfire -\n");
  });

  test("an uninstall with --purge leaves no file", async () => {
    await installFrom("one");
    await installFrom("two");
    const root = join(folder, "root");
    await carryOut(planUninstall({ ...machine, root, hasUser: true, purge: true }), surroundings());
    expect(await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: root }))).toEqual([]);
    expect(await readdir(join(root, "etc"))).toEqual(["systemd"]);
    expect(ran).toEqual([]);
  });

  test("a roll-back without a previous one says so", async () => {
    await installFrom("one");
    const back = carryOut(planRollback({ ...machine, root: join(folder, "root") }), surroundings());
    expect(back).rejects.toThrow("to go back to");
    await back.catch(() => undefined);
  });
});

describe("a step that fails", () => {
  test("stops the rest and is told with what the program said", async () => {
    const steps = [
      { kind: "run", argv: ["systemctl", "daemon-reload"], mayFail: true },
      { kind: "run", argv: ["useradd", "x"], mayFail: false },
      { kind: "run", argv: ["never"], mayFail: false },
    ] as const;
    const done = carryOut(steps, surroundings(9));
    expect(done).rejects.toThrow("useradd x ended with 9: no such thing");
    await done.catch(() => undefined);
    expect(ran).toEqual(["systemctl daemon-reload", "useradd x"]);
  });

  test("leaves no half of a file behind", async () => {
    const executable = join(folder, "new-wildfire");
    await Bun.write(executable, "one");
    const [to, path] = [join(folder, "bin/wildfire"), join(folder, "bin/unit")];
    // A folder in the place of the file: what was made beside it cannot take its place.
    for (const taken of [to, path]) await mkdir(taken, { recursive: true });
    const steps = [
      { kind: "place", from: executable, to, previous: `${to}.previous` },
      { kind: "write", path, text: "text", mode: 0o644 },
    ] as const;
    for (const step of steps) {
      const error = await carryOut([step], surroundings()).catch(describeError);
      expect(error).toContain("could not ");
    }
    expect((await readdir(join(folder, "bin"))).toSorted()).toEqual(["unit", "wildfire"]);
  });

  test("of the file system is told with its errno", async () => {
    await Bun.write(join(folder, "file"), "");
    const path = join(folder, "file/folder");
    const done = carryOut([{ kind: "folder", path, mode: 0o750 }], surroundings());
    expect(done).rejects.toThrow(/could not make folder .*: ENOTDIR/);
    await done.catch(() => undefined);
  });
});

test("a user is found by its whole name", () => {
  const passwords = "root:x:0:0::/root:/bin/sh\nwildfire2:x:1:1::/:/bin/sh\n";
  expect(hasUserIn(passwords, "root")).toBeTrue();
  expect(hasUserIn(passwords, "wildfire")).toBeFalse();
});
