/** Wrong usage of the llama service: one line that quotes what is wrong, an exit code, and no secret. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { llamaOptions } from "../../src/services/llama-options.ts";
import { readStatuses } from "../../src/services/status-socket.ts";
import { says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { VoiceEar } from "../fakes/voice-ear.ts";
import { WhisperMouth } from "../fakes/whisper-mouth.ts";
import { testLimitMs } from "./eventually.ts";
import { Stage } from "./harness.ts";
import { Program, runToEnd } from "./program.ts";
import { listenRaw } from "./raw-connection.ts";

setDefaultTimeout(testLimitMs);

const secret = "sk-tulip-8141-secret";
const openai = ["--backend=openai", "--url=http://127.0.0.1:9"];

interface Mistake {
  readonly argv: readonly string[];
  readonly says: string;
  readonly env?: Readonly<Record<string, string>>;
}

const mistakes: Readonly<Record<string, Mistake>> = {
  "an unknown back end": { argv: ["--backend=parrot"], says: '"parrot"' },
  "no address": { argv: ["--backend=openai"], says: "--url" },
  "an address that is none": {
    argv: ["--backend=openai", "--url=localhost:8080"],
    says: '"localhost:8080"',
  },
  "an address with a password": {
    argv: ["--backend=openai", `--url=http://me:${secret}@127.0.0.1`],
    says: "password",
  },
  "a key that no header can have": {
    argv: openai,
    env: { WILDFIRE_LLAMA_KEY: `${secret} ${secret}` },
    says: "key",
  },
  "a prompt that is not there": {
    argv: ["--system=nowhere.txt"],
    says: '"nowhere.txt"',
  },
  "a prompt with an unknown place": {
    argv: ["--system=prompt.txt"],
    says: "{colour}",
  },
  "a tools file that is not there": {
    argv: ["--tools=nowhere.toml"],
    says: '"nowhere.toml"',
  },
  "a tools file that is no TOML": {
    argv: ["--tools=prompt.txt"],
    says: '"prompt.txt"',
  },
  "a key file that is not there": {
    argv: [...openai, "--key-file=nowhere"],
    says: '--key-file "nowhere"',
  },
  "a key file that is empty": {
    argv: [...openai, "--key-file=empty"],
    says: '"empty"',
  },
  "a destination without a number": { argv: ["--transfer=sales"], says: '"sales"' },
  "too many stop texts": {
    argv: [...openai, ...["a", "b", "c", "d", "e"].map((text) => `--stop=${text}`)],
    says: "--stop is given 5 times",
  },
  "a time limit that is none": { argv: ["--first-token-limit=0"], says: '"0"' },
  "a voice on an unknown host": {
    argv: ["--out-host=nowhere.invalid"],
    says: '"nowhere.invalid"',
  },
  "an option that does not exist": { argv: ["--grating=hi"], says: "--greeting" },
};

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  writeFileSync(join(folder, "prompt.txt"), "Your favourite colour is {colour}.");
  writeFileSync(join(folder, "empty"), "\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.concurrent("--service llama", () => {
  for (const [name, { argv, env = {}, says: told }] of Object.entries(mistakes)) {
    test(`with ${name}: one line, exit code 2`, async () => {
      const program = await run([...argv, "--port=0"], env);
      expect(program.errors).toHaveLength(1);
      expect(program.errors[0]).toContain(told);
      expect(program.errors[0]).not.toContain(secret);
      expect(program.output).toEqual([]);
      expect(program.exitCode).toBe(2);
    });
  }

  test("on a port that is taken: one line that names it, exit code 1", async () => {
    const other = listenRaw(0, () => undefined);
    const program = await run([`--port=${other.port}`]);
    other.stop();
    expect(program.errors).toHaveLength(1);
    expect(program.errors[0]).toContain(String(other.port));
    expect(program.exitCode).toBe(1);
  });

  test("on a UDP port that is taken: one line that names it, exit code 1", async () => {
    const other = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const program = await run([`--port=${other.port}`]);
    const { port } = other;
    other.close();
    expect(program.errors).toHaveLength(1);
    expect(program.errors[0]).toContain(String(port));
    expect(program.exitCode).toBe(1);
  });

  test("--help tells of every option", async () => {
    const program = await run(["--help"]);
    const help = program.output.join("\n");
    for (const option of Object.keys(llamaOptions)) expect(help).toContain(`--${option}`);
    expect(program.exitCode).toBe(0);
  });
});

test("the key goes to the server, and neither into log, status nor command line", async () => {
  await using stage = new Stage();
  using model = new ScriptedChatServer();
  model.script(says(["Yes."]));
  using voice = await VoiceEar.open();
  await using llama = new Program({
    argv: [
      "--service=llama",
      `--state-dir=${stage.stateFolder}`,
      "--verbose",
      "--log-private",
      "--log-format=json",
      "--backend=openai",
      `--url=${model.url}`,
      "--port=0",
      `--out-port=${voice.port}`,
      `--voice-signal-port=${voice.signalPort}`,
    ],
    cwd: stage.folder,
    env: { WILDFIRE_LLAMA_KEY: secret },
  });
  const ready = await llama.said("llama is ready");
  using whisper = await WhisperMouth.open(Number(String(ready["address"]).split(":").at(-1)));
  const call = await whisper.call();
  call.text("Hello?");
  await voice.hears(1);
  expect(model.answers[0]?.headers.get("authorization")).toBe(`Bearer ${secret}`);
  const status = (await readStatuses(stage.stateFolder, "llama")).join("\n");
  expect(status).toContain('"backend":"openai"');
  const commandLine = readFileSync(`/proc/${llama.pid}/cmdline`, "utf8");
  const told = [...llama.output, ...llama.errors, status, commandLine].join("\n");
  expect(told).not.toContain(secret);
});

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return await runToEnd({ argv: ["--service", "llama", ...argv], cwd: folder, env });
}
