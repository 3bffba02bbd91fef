/** `wildfire` alone: asks what to do. Without a terminal it never asks, it says what to type. */
import { cancel, intro, isCancel, outro, select, text } from "@clack/prompts";
import { childEnvironment, selfCommand } from "./self.ts";

type Choice = "demo" | "whisper" | "help";

export async function menu(help: string): Promise<number> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    process.stderr.write(help);
    return 2;
  }
  intro("Wildfire");
  const choice = await select<Choice>({
    message: "What shall I do?",
    options: [
      { value: "demo", label: "Show a call", hint: "a spoken call becomes text on this machine" },
      { value: "whisper", label: "Hear the calls of my PBX", hint: "runs the whisper service" },
      { value: "help", label: "Say what I can type" },
    ],
  });
  if (isCancel(choice)) return cancelled();
  if (choice === "help") {
    outro("Here it is:");
    process.stdout.write(help);
    return 0;
  }
  const argv = choice === "demo" ? ["demo"] : await askForWhisper();
  if (argv === undefined) return cancelled();
  outro(`wildfire ${argv.join(" ")}`);
  const child = Bun.spawn([...selfCommand(), ...argv], {
    stdio: ["inherit", "inherit", "inherit"],
    env: childEnvironment(),
  });
  // Ctrl-C reaches the child too; it stops in order and this process waits for it.
  process.on("SIGINT", () => undefined);
  return await child.exited;
}

async function askForWhisper(): Promise<string[] | undefined> {
  const model = await text({
    message: "Which whisper model? (a ggml file; empty for the embedded demonstration model)",
    placeholder: "/models/ggml-base.en.bin",
    defaultValue: "",
  });
  if (isCancel(model)) return undefined;
  const llama = await text({
    message: "Where does the LLaMA service listen?",
    placeholder: "127.0.0.1:8083",
    defaultValue: "127.0.0.1:8083",
    validate: (value) =>
      value === undefined || value === "" || /^[^\s:]+:\d{1,5}$/.test(value)
        ? undefined
        : "Please give host:port, such as 127.0.0.1:8083",
  });
  if (isCancel(llama)) return undefined;
  const [host = "127.0.0.1", port = "8083"] = llama.split(":");
  const argv = ["--service", "whisper", "--llama-host", host, "--llama-port", port];
  return model === "" ? argv : [...argv, "--model", model];
}

function cancelled(): number {
  cancel("Nothing was started.");
  return 0;
}
