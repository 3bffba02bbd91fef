import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../fakes/until.ts";

setDefaultTimeout(120_000);

const program = join(import.meta.dir, "doctor-process.ts");

let folder: string;
const running: Bun.Subprocess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wildfire-doctor-"));
});

afterAll(async () => {
  for (const child of running) child.kill("SIGTERM");
  await Promise.all(running.map((child) => child.exited));
  await rm(folder, { recursive: true });
});

function config(): string {
  return join(folder, "wildfire.toml");
}

/** Free ports of this moment, so that services of others are not disturbed. */
function freePorts(count: number): readonly number[] {
  const servers = Array.from({ length: count }, () =>
    Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") }),
  );
  const ports = servers.map((server) => server.port ?? 0);
  for (const server of servers) void server.stop(true);
  return ports;
}

async function start(name: string): Promise<void> {
  const argv = ["--service", name, "--config", config(), "--state-dir", folder];
  const child = Bun.spawn([process.execPath, program, ...argv], {
    stdout: "ignore",
    stderr: "ignore",
  });
  running.push(child);
  const sockets = (): Promise<string[]> => readdir(join(folder, "run")).catch(() => []);
  let isThere = false;
  await until(
    () => {
      void sockets().then((names) => (isThere ||= names.includes(`${name}-${child.pid}.sock`)));
      return isThere;
    },
    `${name} is ready`,
    30_000,
  );
}

interface Report {
  readonly code: number;
  readonly levels: Readonly<Record<string, string>>;
  readonly text: string;
}

async function doctor(...argv: readonly string[]): Promise<Report> {
  const args = ["--json", "--config", config(), "--state-dir", folder, ...argv];
  const child = Bun.spawn([process.execPath, program, ...args], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await child.stdout.text();
  const read: unknown = JSON.parse(text);
  const levels: Record<string, string> = {};
  const list: unknown =
    typeof read === "object" && read !== null && "checks" in read ? read.checks : [];
  for (const entry of Array.isArray(list) ? list : []) {
    const check: unknown = entry;
    if (typeof check !== "object" || check === null) continue;
    if ("name" in check && "level" in check) levels[String(check.name)] = String(check.level);
  }
  return { code: await child.exited, levels, text };
}

describe("a call through services that run", () => {
  beforeAll(async () => {
    const [whisper, llama, voice, signals] = freePorts(4);
    await Bun.write(
      config(),
      `[services]
run = ["whisper", "llama", "kokoro"]
[whisper]
port = ${whisper}
llama-port = ${llama}
voice-signal-port = ${signals}
[llama]
port = ${llama}
out-port = ${voice}
voice-signal-port = ${signals}
[kokoro]
port = ${voice}
signal-port = ${signals}
llama-signal-port = ${llama}
`,
    );
    await start("kokoro");
    await start("llama");
    await start("whisper");
  });

  test("is heard, answered and spoken, and everything that is asked is right", async () => {
    const archive = join(folder, "support.tar.gz");
    const { code, levels, text } = await doctor("--call", "--bundle", archive);
    expect(text).toMatch(
      /whisper heard \d sentences, llama answered, and the caller heard [\d.]+ s of voice/,
    );
    expect(levels).toMatchObject({
      configuration: "ok",
      services: "ok",
      ports: "ok",
      llama: "ok",
      voice: "ok",
      call: "ok",
    });
    expect(code).toBe(0);
    expect((await stat(archive)).mode & 0o777).toBe(0o600);
    const files = await new Bun.Archive(await Bun.file(archive).bytes()).files();
    const names = [...files.keys()].map((name) => name.replace(/-\d+\.json$/, ".json")).toSorted();
    expect(names).toEqual([
      "configuration.json",
      "doctor.json",
      "log.jsonl",
      "machine.json",
      "status/kokoro.json",
      "status/llama.json",
      "status/whisper.json",
    ]);
  });

  test("without the voice names the stage that is missing", async () => {
    const voice = running.shift();
    voice?.kill("SIGTERM");
    await voice?.exited;
    const { code, levels, text } = await doctor("--call");
    expect(levels).toMatchObject({ services: "fault", call: "fault" });
    expect(text).toContain("kokoro does not run");
    expect(text).toContain("llama answered, but no text came to the voice");
    expect(code).toBe(1);
  });
});
