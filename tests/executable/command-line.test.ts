/** What the executable says to those who call it, rightly or wrongly: one line, an exit code, no waiting. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Stage } from "../end-to-end/harness.ts";
import { Program, runToEnd } from "../end-to-end/program.ts";
import { freePort, listenRaw } from "../end-to-end/raw-connection.ts";
import { shortest } from "../end-to-end/speech.ts";
import { serviceNames } from "../../src/services/service-names.ts";

setDefaultTimeout(testLimitMs);

const takenId = 4010;
const services = ["whisper", "inbound", "llama"] as const;
const commands = ["transcribe", "wer", "events"] as const;

async function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Program> {
  const cwd = mkdtempSync(join(tmpdir(), "wildfire-line-"));
  try {
    return await runToEnd({ argv, cwd, env });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

function expectLine(program: Program, exitCode: number): string {
  expect(program.errors).toHaveLength(1);
  expect(program.output).toEqual([]);
  expect(program.exitCode).toBe(exitCode);
  return program.errors[0] ?? "";
}

describe("help", () => {
  for (const service of services) {
    test(`--service ${service} --help shows each option on standard output`, async () => {
      const long = await run(["--service", service, "--help"]);
      expect(long.exitCode).toBe(0);
      expect(long.errors).toEqual([]);
      const text = long.output.join("\n");
      for (const option of ["--state-dir", "--log-format", "--verbose", "--help", "--bind"]) {
        expect(text).toContain(option);
      }
      expect(text).toContain(`Usage: wildfire --service ${service}`);
      const short = await run(["--service", service, "-h"]);
      expect(short.output).toEqual(long.output);
    });
  }

  test("whisper has the options of the C++ service, with their short forms", async () => {
    const text = (await run(["--service=whisper", "--help"])).output.join("\n");
    const short = ["-m, --model", "-t, --threads", "-l, --language", "-v, --verbose"];
    const long = ["--port", "--llama-host", "--llama-port", "--translate", "--no-timestamps"];
    for (const option of [...short, "-h, --help", ...long, "--no-gpu", "--lanes"]) {
      expect(text).toContain(option);
    }
  });

  test("wildfire --help names each service and each command", async () => {
    const { output, exitCode } = await run(["--help"]);
    expect(exitCode).toBe(0);
    for (const name of [...services, ...commands]) expect(output.join("\n")).toContain(name);
  });

  for (const command of commands) {
    test(`${command} --help shows how to call it`, async () => {
      const { output, errors, exitCode } = await run([command, "--help"]);
      expect(exitCode).toBe(0);
      expect(errors).toEqual([]);
      expect(output.join("\n")).toContain(`Usage: wildfire ${command}`);
      expect(output.join("\n")).not.toContain("(default )");
    });
  }

  test("wildfire without a terminal does not wait for an answer: it says what to type", async () => {
    const program = await run([]);
    expect(program.exitCode).toBe(2);
    expect(program.output).toEqual([]);
    expect(program.errors.join("\n")).toContain("wildfire demo");
  });
});

describe("wrong usage is one line and exit code 2", () => {
  const mistakes: Readonly<Record<string, readonly [readonly string[], string]>> = {
    "a mistyped option": [
      ["--service", "whisper", "--modle", "x"],
      'unknown option "--modle"; did you mean --model?',
    ],
    "an option nobody knows": [["--service", "whisper", "--quantum"], "see --help"],
    "a mistyped service": [["--service", "whispr"], `there are: ${serviceNames.join(", ")}`],
    "no service": [["--service"], "unknown service"],
    "a mistyped command": [["dmeo"], 'unknown command "dmeo"'],
    "a number that is none": [
      ["--service", "whisper", "--port", "abc"],
      '--port: "abc" is not a whole number from 0 to 65535',
    ],
    "a number out of range": [["--service", "whisper", "--lanes", "0"], "--lanes"],
    "an option without its value": [["--service", "whisper", "--model"], "--model needs a value"],
    "an argument too many": [["--service", "whisper", "model.bin"], '"model.bin"'],
    "an unknown back end": [["--service", "llama", "--backend", "gpt"], "one of echo"],
    "no call id": [["--service", "inbound", "--wav", "x.wav"], "--call-id is missing"],
    "a call id that is none": [
      ["--service", "inbound", "--call-id", "12abc", "--wav", "x.wav"],
      '"12abc"',
    ],
    "a call id without ports": [
      ["--service", "inbound", "--call-id", "60000", "--wav", "x.wav"],
      "the largest id is 52535",
    ],
    "no recording": [
      ["--service", "inbound", "--call-id", "4012"],
      "--wav or --rtp-port is missing",
    ],
    "status of nothing": [["status"], serviceNames.join("|")],
  };
  for (const [name, [argv, says]] of Object.entries(mistakes)) {
    test(name, async () => expect(expectLine(await run(argv), 2)).toContain(says));
  }

  test("a language that whisper does not know", async () => {
    await using stage = new Stage();
    const program = stage.start("whisper", ["--port", "0", "--language", "klingon"]);
    expect(await program.exited()).toBe(2);
    expect(program.errors.at(-1)).toContain('whisper does not know "klingon"');
  });

  test("a configuration file that does not exist", async () => {
    const line = expectLine(await run(["--service", "whisper", "--config", "/none.toml"]), 2);
    expect(line).toContain('"/none.toml" does not exist');
  });

  test("a bad value in the environment names the variable", async () => {
    const program = await run(["--service", "whisper"], { WILDFIRE_WHISPER_PORT: "many" });
    expect(expectLine(program, 2)).toContain('WILDFIRE_WHISPER_PORT: "many"');
  });
});

describe("what cannot be done is one line and exit code 1", () => {
  test("a recording that does not exist, and one that is none", async () => {
    await using stage = new Stage();
    const none = join(stage.folder, "none.wav");
    const text = join(stage.folder, "text.wav");
    writeFileSync(text, "once upon a time");
    for (const path of [none, text]) {
      const argv = ["--service", "inbound", "--call-id", "4014", "--wav", path];
      expect(expectLine(await run(argv), 1)).toContain(path);
    }
  });

  test("a UDP port that another program has", async () => {
    await using stage = new Stage();
    const first = await stage.startWhisper({ llamaPort: freePort() });
    const second = stage.start("whisper", ["--port", String(first.port)]);
    expect(await second.exited()).toBe(1);
    const address = `127.0.0.1:${first.port}`;
    expect(second.errors.at(-1)).toContain(`cannot open UDP ${address}: EADDRINUSE`);
    expect(second.errors.at(-1)).toContain("choose another port");
    expect(second.errors.filter((line) => line.startsWith("wildfire: "))).toHaveLength(1);
  });

  test("a TCP port that another program has", async () => {
    const other = listenRaw(0, () => undefined);
    const argv = ["--service", "llama", "--port", String(other.port)];
    expect(expectLine(await run(argv), 1)).toContain(`127.0.0.1:${other.port}: EADDRINUSE`);
    other.stop();
  });

  test("a call id whose audio port another program has", async () => {
    const other = listenRaw(9001 + takenId, () => undefined);
    const argv = ["--service", "inbound", "--call-id", String(takenId), "--wav", shortest.path];
    const program = await run(argv);
    other.stop();
    expect(program.exitCode).toBe(1);
    expect(program.errors.at(-1)).toContain(`127.0.0.1:${9001 + takenId}: EADDRINUSE`);
  });

  test("an address that this machine does not have", async () => {
    await using stage = new Stage();
    const program = stage.start("whisper", ["--port", "0", "--bind", "192.0.2.1"]);
    expect(await program.exited()).toBe(1);
    expect(program.errors.at(-1)).toContain("EADDRNOTAVAIL");
  });
});

test("options come from the command line, then the environment, then the file", async () => {
  await using stage = new Stage();
  const config = join(stage.folder, "wildfire.toml");
  writeFileSync(config, '[llama]\nbind = "127.0.0.3"\nport = 0\n');
  const cases: readonly (readonly [readonly string[], Record<string, string>, string])[] = [
    [[], {}, "127.0.0.3"],
    [[], { WILDFIRE_BIND: "127.0.0.2" }, "127.0.0.2"],
    [[], { WILDFIRE_BIND: "127.0.0.9", WILDFIRE_LLAMA_BIND: "127.0.0.4" }, "127.0.0.4"],
    [["--bind", "127.0.0.1"], { WILDFIRE_BIND: "127.0.0.2" }, "127.0.0.1"],
  ];
  for (const [argv, env, expected] of cases) {
    const common = ["--config", config, "--log-format", "json", "--state-dir", stage.stateFolder];
    await using program = new Program({
      argv: ["--service", "llama", ...common, ...argv],
      cwd: stage.folder,
      env,
    });
    const ready = await program.said("llama is ready");
    expect(String(ready["address"])).toStartWith(`${expected}:`);
  }
});
