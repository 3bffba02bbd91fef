import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../fakes/until.ts";
import { filesIn, isAlive, limitMs, UpRig } from "./up-rig.ts";

setDefaultTimeout(120_000);

const twoServices = `
[services]
run = ["llama", "kokoro"]
[llama]
backend = "echo"
port = 0
[kokoro]
port = 0
signal-port = 0
`;

let rig: UpRig;

beforeEach(() => {
  rig = new UpRig();
  rig.configure(twoServices);
});

afterEach(async () => await rig.free());

async function untilStatus(condition: () => Promise<boolean>, what: string): Promise<void> {
  const startedMs = performance.now();
  // A supervisor that is gone is no answer at once: everything else needs its turn.
  for (; !(await condition().catch(() => false)); await Bun.sleep(1)) {
    if (performance.now() - startedMs > limitMs) throw new Error(`did not happen: ${what}`);
  }
}

describe("wildfire up", () => {
  test("starts what is configured, tells about it, and stops in order on SIGTERM", async () => {
    const up = rig.up();
    await up.ready("llama", "kokoro");
    expect(await up.status()).toMatchObject({ service: "supervisor", state: "ready" });
    const pids = [await up.pidOf("llama"), await up.pidOf("kokoro")];
    expect(pids.every(isAlive)).toBe(true);
    up.kill("SIGTERM");
    expect(await up.exited).toBe(0);
    expect(pids.some(isAlive)).toBe(false);
    expect(filesIn(join(rig.stateFolder, "run"))).toEqual([]);
    const shown = await rig.logs("--level", "debug");
    expect(shown.join("\n")).toContain("llama is ready");
    expect(shown.at(-1)).toContain("supervisor has stopped");
  });

  test("no child outlives it, however it goes", async () => {
    const up = rig.up();
    await up.ready("llama", "kokoro");
    const pids = [await up.pidOf("llama"), await up.pidOf("kokoro")];
    up.kill("SIGKILL");
    await up.exited;
    await until(() => !pids.some(isAlive), "the end of the children", limitMs);
    // The next one finds nothing in its way.
    const next = rig.up();
    await next.ready("llama", "kokoro");
    next.kill("SIGINT");
    expect(await next.exited).toBe(0);
  });

  test("--only runs what it names, whatever the file says", async () => {
    const up = rig.up({}, ["--only", "llama"]);
    await up.ready("llama");
    const { services } = await up.status();
    expect(services).toEqual([expect.objectContaining({ name: "llama", state: "ready" })]);
  });

  test("a second one on the same folder does not start", async () => {
    const up = rig.up();
    await up.ready("llama");
    const second = rig.up();
    expect(await second.exited).toBe(1);
    expect(second.errors).toContain(`a supervisor runs already: process ${up.pid}`);
    expect((await up.service("llama")).state).toBe("ready");
  });

  test("a child that is killed comes back, and its crash is reported in a private file", async () => {
    const up = rig.up();
    await up.ready("llama");
    const pid = await up.pidOf("llama");
    process.kill(pid, "SIGKILL");
    await untilStatus(async () => {
      const { state, restarts } = await up.service("llama");
      return state === "ready" && restarts === 1;
    }, "the next llama");
    expect(await up.pidOf("llama")).not.toBe(pid);
    const folder = join(rig.stateFolder, "crashes");
    await until(() => filesIn(folder).length === 1, "the report", limitMs);
    const path = join(folder, filesIn(folder)[0] ?? "");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
      service: "llama",
      pid,
      signal: "SIGKILL",
      restartInMs: 500,
    });
  });

  test("a wrong option of a service is given up at once and said; the others run", async () => {
    rig.configure(`${twoServices}\n[whisper]\nmodle = "x"\n`.replace('"kokoro"]', '"whisper"]'));
    const up = rig.up();
    await up.ready("llama");
    await until(() => up.output.includes("whisper is given up"), "the line", limitMs);
    expect(up.output).toContain("modle");
    expect(up.output).toContain("did you mean --model?");
  });

  test("commands stop, start and restart a service", async () => {
    const up = rig.up();
    await up.ready("llama", "kokoro");
    const before = await up.pidOf("llama");
    expect(await up.command("stop", { service: "llama", wait: true })).toMatchObject({
      state: "stopped",
      pid: null,
    });
    expect(isAlive(before)).toBe(false);
    await up.command("start", { service: "llama" });
    await untilStatus(async () => (await up.service("llama")).state === "ready", "llama again");
    const kokoro = await up.pidOf("kokoro");
    await up.command("restart", { service: "kokoro", wait: true });
    await untilStatus(async () => (await up.service("kokoro")).state === "ready", "kokoro again");
    expect(await up.pidOf("kokoro")).not.toBe(kokoro);
    expect(await up.command("start", { service: "sip" })).toHaveProperty(
      "error",
      expect.stringContaining('no service "sip" is configured'),
    );
  });

  test("SIGHUP applies what changed, and a broken file changes nothing", async () => {
    const up = rig.up();
    await up.ready("llama", "kokoro");
    const [llama, kokoro] = [await up.pidOf("llama"), await up.pidOf("kokoro")];
    rig.configure("[services\n");
    up.kill("SIGHUP");
    await until(() => up.errors.includes("configuration not applied"), "the refusal", limitMs);
    expect(await up.pidOf("llama")).toBe(llama);
    rig.configure(twoServices.replace("[llama]", "[llama]\njson = true"));
    up.kill("SIGHUP");
    await untilStatus(async () => {
      const { state, pid } = await up.service("llama");
      return state === "ready" && pid !== llama;
    }, "another llama");
    expect(await up.pidOf("kokoro")).toBe(kokoro);
  });

  test("reload: what a service can take while it runs costs no restart, and each reason is told", async () => {
    const secrets = join(rig.folder, "secrets.toml");
    writeFileSync(secrets, 'speech-key = "old"\n', { mode: 0o600 });
    const up = rig.up();
    await up.ready("llama", "kokoro");
    const [llama, kokoro] = [await up.pidOf("llama"), await up.pidOf("kokoro")];
    const none = { started: [], stopped: [], restarted: [], reloaded: [], refused: [], why: {} };
    expect(await up.command("reload")).toEqual(none);
    const prompt = join(rig.folder, "prompt.txt");
    writeFileSync(prompt, "Be brief.");
    writeFileSync(secrets, 'speech-key = "new"\n', { mode: 0o600 });
    const own = `verbose = true\ngreeting = "Hello"\nsystem = "${prompt}"`;
    const changed = twoServices.replace("[llama]", `[llama]\n${own}`);
    rig.configure(changed);
    expect(await up.command("reload")).toEqual({
      ...none,
      reloaded: ["llama", "kokoro"],
      why: { llama: "system, greeting, verbose, text of system", kokoro: "secrets" },
    });
    // The file is another, and the configuration is not.
    writeFileSync(prompt, "Be very brief.");
    expect(await up.command("reload")).toMatchObject({ why: { llama: "text of system" } });
    rig.configure(changed.replace("prompt.txt", "missing.txt"));
    const refused = await up.command("reload");
    expect(refused).toMatchObject({ refused: ["llama"] });
    expect(JSON.stringify(refused["why"])).toContain("missing.txt");
    expect([await up.pidOf("llama"), await up.pidOf("kokoro")]).toEqual([llama, kokoro]);
    rig.configure(changed.replace("port = 0", "port = 0\njson = true\ntemperature = 1"));
    expect(await up.command("reload")).toMatchObject({
      restarted: ["llama"],
      why: { llama: "json" },
    });
    expect(await up.pidOf("llama")).not.toBe(llama);
  });

  test("reload: the log goes to another folder", async () => {
    const up = rig.up();
    await up.ready("llama", "kokoro");
    const folder = join(rig.folder, "elsewhere");
    rig.configure(`${twoServices}\n[logs]\nfolder = "${folder}"\n`);
    await up.command("reload");
    const log = join(folder, "wildfire.log");
    const isTold = (): boolean =>
      existsSync(log) && readFileSync(log, "utf8").includes("configuration read again");
    await until(isTold, "the record there", limitMs);
    expect(filesIn(folder)).toEqual(["wildfire.log"]);
  });

  test("a configuration that is wrong from the start is one line and exit code 2", async () => {
    rig.configure('[services]\nrun = ["lama"]\n');
    const up = rig.up();
    expect(await up.exited).toBe(2);
    expect(up.errors).toContain('"lama" is not one of');
    expect(up.errors.trim().split("\n")).toHaveLength(1);
  });

  test("systemd is told when all is ready and when it stops, and children are not asked to", async () => {
    const told = join(rig.folder, "told");
    const program = join(rig.folder, "systemd-notify");
    writeFileSync(program, `#!/bin/sh\necho "$* $NOTIFY_SOCKET" >> ${told}\n`);
    chmodSync(program, 0o755);
    const up = rig.up({
      PATH: `${rig.folder}:${process.env["PATH"] ?? ""}`,
      NOTIFY_SOCKET: "/run/notify",
      WATCHDOG_USEC: "100000",
    });
    const said = (): string => {
      try {
        return readFileSync(told, "utf8");
      } catch {
        return "";
      }
    };
    await until(() => said().includes("WATCHDOG=1 /run/notify"), "the watchdog fed", limitMs);
    expect(said()).toStartWith("READY=1 /run/notify\n");
    const environment = readFileSync(`/proc/${await up.pidOf("llama")}/environ`, "latin1");
    expect(environment).not.toContain("NOTIFY_SOCKET");
    expect(environment).toContain("WILDFIRE_SUPERVISED=1");
    up.kill("SIGTERM");
    expect(await up.exited).toBe(0);
    // Calls get 30 s to end, and services stop behind them.
    expect(said()).toContain("STOPPING=1 EXTEND_TIMEOUT_USEC=90000000 /run/notify\n");
  });
});

test("a service gets its own secrets and no others", async () => {
  const secrets = join(rig.folder, "secrets.toml");
  writeFileSync(secrets, 'llama-key = "brain-key"\nspeech-key = "voice-key"\n', { mode: 0o600 });
  const up = rig.up();
  await up.ready("llama", "kokoro");
  const environment = async (name: string): Promise<string> =>
    readFileSync(`/proc/${await up.pidOf(name)}/environ`, "latin1");
  expect(await environment("llama")).toContain("WILDFIRE_LLAMA_KEY=brain-key");
  expect(await environment("llama")).not.toContain("voice-key");
  expect(await environment("kokoro")).toContain("voice-key");
  expect(JSON.stringify(await up.status())).not.toContain("-key");
  expect((await rig.logs("--json", "--level", "debug")).join()).not.toContain("brain-key");
});

describe("wildfire logs", () => {
  test("shows the log by service, as JSON, its last lines, and what comes after", async () => {
    const up = rig.up();
    await up.ready("llama", "kokoro");
    const where = ["--config", rig.config, "--state-dir", rig.stateFolder];
    const asked = ["--follow", "--service", "llama", "--lines", "1"];
    const follower = rig.run(["logs", ...asked, ...where]);
    let followed = "";
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const bytes of follower.stdout) followed += decoder.decode(bytes);
    })();
    await until(() => followed !== "", "the last line", limitMs);
    followed = "";
    const kokoro = await rig.logs("--service", "kokoro", "--json");
    expect(kokoro.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ service: "kokoro", message: "kokoro is ready" }),
    );
    expect(await rig.logs("--lines", "1", "--level", "error")).toEqual([]);
    await up.command("restart", { service: "llama", wait: true });
    await until(() => followed.includes("llama is ready"), `the next lines: ${followed}`, limitMs);
    expect(followed).not.toContain("kokoro");
    follower.kill("SIGTERM");
    await reading;
    expect(await follower.exited).toBe(0);
  });

  test("without a log it says where it looked", async () => {
    const run = rig.run(["logs", "--config", rig.config, "--state-dir", rig.stateFolder]);
    expect(await run.exited).toBe(1);
    expect(await new Response(run.stderr).text()).toContain(`no log is kept in ${rig.stateFolder}`);
  });
});
