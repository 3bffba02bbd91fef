import { describe, expect, spyOn, test } from "bun:test";
import { call } from "../../src/commands/call.ts";
import { commandCatalogue, serviceCatalogue } from "../../src/commands/command-catalogue.ts";
import { completions } from "../../src/commands/completions.ts";
import { config } from "../../src/commands/config.ts";
import { demo } from "../../src/commands/demo.ts";
import { doctor } from "../../src/commands/doctor.ts";
import { events } from "../../src/commands/events.ts";
import { install } from "../../src/commands/install.ts";
import { logs } from "../../src/commands/logs.ts";
import { completionScript, shells } from "../../src/commands/shell-completion.ts";
import { setup } from "../../src/commands/setup.ts";
import { status } from "../../src/commands/status.ts";
import { transcribe } from "../../src/commands/transcribe.ts";
import { uninstall } from "../../src/commands/uninstall.ts";
import { up } from "../../src/commands/up.ts";
import { wer } from "../../src/commands/wer.ts";
import { serviceNames } from "../../src/services/service-names.ts";

const catalogue = { commands: commandCatalogue, services: serviceCatalogue };

async function printed(run: () => Promise<number>): Promise<string> {
  let text = "";
  const write = spyOn(process.stdout, "write");
  write.mockImplementation((part: string | Uint8Array) => {
    text += String(part);
    return true;
  });
  try {
    await run();
  } finally {
    write.mockRestore();
  }
  return text;
}

/** Words that bash would offer behind `line`. */
function offered(line: readonly string[]): readonly string[] {
  const words = line.map((word) => `'${word}'`).join(" ");
  const script = `${completionScript("bash", catalogue)}
COMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _wildfire; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = Bun.spawnSync(["bash", "-c", script]);
  expect(stderr.toString()).toBe("");
  return stdout
    .toString()
    .split("\n")
    .filter((word) => word !== "");
}

describe("the catalogue has the options that each command has", () => {
  const commands: Readonly<Record<string, (argv: readonly string[]) => Promise<number>>> = {
    call,
    config,
    demo,
    doctor,
    events,
    install,
    logs,
    setup,
    status,
    transcribe,
    uninstall,
    up,
    wer,
  };
  for (const [name, command] of Object.entries(commands)) {
    test(name, async () => {
      const help = await printed(() => command(["--help"]));
      const told = [...help.matchAll(/^ {2}(?:-\w, | {4})--([\w-]+)/gm)].map(
        ([, option]) => option ?? "",
      );
      const known = commandCatalogue.find((entry) => entry.name === name);
      expect(Object.keys(known?.options ?? {}).toSorted()).toEqual(told.toSorted());
    });
  }

  test("and all services", () => {
    const known = new Set(serviceCatalogue.map(({ name }) => name));
    // The page's own table comes with its service.
    const missing = serviceNames.filter((name: string) => !known.has(name) && name !== "web");
    expect(missing).toEqual([]);
  });
});

describe("the scripts", () => {
  for (const shell of shells) {
    const program = Bun.which(shell);
    test.skipIf(program === null)(
      `${shell} reads its script (skipped where ${shell} is not installed)`,
      () => {
        const script = completionScript(shell, catalogue);
        const { exitCode, stderr } = Bun.spawnSync([program ?? "", "-n"], {
          stdin: Buffer.from(script),
        });
        expect(stderr.toString()).toBe("");
        expect(exitCode).toBe(0);
      },
    );
  }

  test("name every command and service in every shell", () => {
    for (const shell of shells) {
      const script = completionScript(shell, catalogue);
      for (const { name } of [...commandCatalogue, ...serviceCatalogue])
        expect(script).toContain(name);
    }
  });

  test("quote what would steer a shell", () => {
    const options = { x: { kind: "string", value: "X", help: "it's $(rm) `x` \\ [y]" } } as const;
    const evil = [{ name: "evil", summary: "it's $(rm)", options, words: [] }];
    const script = completionScript("fish", { commands: evil, services: [] });
    expect(script).toContain("'it’s $(rm) `x` / [y]'");
  });

  test("another shell is refused", () => {
    expect(() => completions(["tcsh"])).toThrow('no completions for "tcsh"');
  });

  test("are what the command prints", async () => {
    expect(await printed(() => completions(["zsh"]))).toStartWith("#compdef wildfire\n");
  });
});

describe.skipIf(Bun.which("bash") === null)(
  "bash offers (skipped where bash is not installed)",
  () => {
    const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
      [["wildfire", "mod"], ["models"]],
      [["wildfire", "--ser"], ["--service"]],
      [["wildfire", "--service", "wh"], ["whisper"]],
      [["wildfire", "--service", "llama", "--out-h"], ["--out-host"]],
      [
        ["wildfire", "--service", "llama", "--backend", ""],
        ["echo", "openai"],
      ],
      [["wildfire", "models", "pu"], ["pull"]],
      [["wildfire", "models", "pull", "base.en-q8"], ["base.en-q8_0"]],
      [["wildfire", "logs", "--service", "superv"], ["supervisor"]],
      [["wildfire", "logs", "--level", "w"], ["warn"]],
      [["wildfire", "config", "ch"], ["check"]],
      [["wildfire", "doctor", "--bu"], ["--bundle"]],
      [["wildfire", "call", "--line", "x"], []],
    ];
    for (const [line, words] of cases) {
      test(line.join(" "), () => expect(offered(line)).toEqual(words));
    }
  },
);
