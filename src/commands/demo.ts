/** `wildfire demo`: the real services, one spoken call, and each step with its time as it happens. */
import { embedded } from "#embedded";
import colors from "picocolors";
import { readOptions } from "../config/options.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import { listenTcp } from "../tcp.ts";
import { versionInfo } from "../version.ts";
import { parseCallId } from "../wire/call-id.ts";
import { callerAudioPort } from "../wire/ports.ts";
import { type ChildRecord, ChildService } from "./child-service.ts";

const options = {
  model: { kind: "string", short: "m", value: "FILE", help: "ggml whisper model" },
  wav: { kind: "string", value: "FILE", help: "what the caller says" },
} as const;

/** Resolves to 0 when every step worked. Uses free ports, so that it disturbs no running service. */
export async function demo(argv: readonly string[]): Promise<number> {
  const values = readOptions(options, {
    argv,
    env: process.env,
    command: "demo",
    file: {},
    fileName: "",
  });
  const stage = new Stage();
  process.on("SIGINT", () => void stage.close().then(() => process.exit(130)));
  const { version, commit, whisper } = versionInfo();
  process.stdout.write(
    `${colors.bold("Wildfire")} ${version} (${commit}), whisper.cpp ${whisper}\n\n`,
  );
  try {
    await stage.play(values.wav ?? embedded.demoCallWav, values.model);
  } catch (error) {
    stage.fail(describeError(error));
    return 1;
  } finally {
    await stage.close();
  }
  stage.conclude();
  return 0;
}

class Stage {
  readonly #startedMs = performance.now();
  readonly #children: ChildService[] = [];
  readonly #transcript: string[] = [];

  async play(wav: string, model: string | undefined): Promise<void> {
    const llama = this.#start("llama", ["--backend", "echo", "--port", "0", "--json"]);
    const { address } = await llama.waitFor("llama is ready");
    const llamaPort = String(address).split(":").at(-1) ?? "";
    this.#step("llama listens for texts", `TCP ${String(address)}, backend echo`);

    const modelArgv = model === undefined ? [] : ["--model", model];
    const argv = ["--port", "0", "--llama-port", llamaPort, ...modelArgv];
    const whisper = this.#start("whisper", argv);
    const ready = await whisper.waitFor("whisper is ready");
    const about = `${String(ready["model"])}, ${String(ready["cpu"])}, lanes: ${String(ready["lanes"])}`;
    this.#step("whisper is ready", about);

    const callId = freeCallId();
    const inbound = this.#start("inbound", [
      "--json",
      `--call-id=${callId}`,
      `--wav=${wav}`,
      `--whisper-port=${String(ready["port"])}`,
    ]);
    const code = await inbound.exited();
    if (code !== 0) throw new WildfireError("state", `the call failed: ${inbound.lastLine()}`);
    for (const child of this.#children.toReversed()) await this.#stop(child);
  }

  conclude(): void {
    const lines = this.#transcript.map((text) => `  ${colors.green(text)}`).join("\n");
    process.stdout.write(`\nThe caller said:\n${lines}\n\n`);
    process.stdout.write(
      `Next, for your own PBX:  ${colors.bold("wildfire --service whisper --model FILE")}` +
        "  (a ggml whisper model; wildfire --help says more)\n",
    );
  }

  fail(reason: string): void {
    process.stdout.write(`${this.#time()} ${colors.red("✗")} ${reason}\n`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.splice(0).map((child) => child.stop()));
  }

  #start(name: string, argv: readonly string[]): ChildService {
    const child = new ChildService({ name, argv, onRecord: (record) => this.#show(name, record) });
    this.#children.push(child);
    return child;
  }

  async #stop(child: ChildService): Promise<void> {
    this.#children.splice(this.#children.indexOf(child), 1);
    const code = await child.stop();
    if (code !== 0) throw new WildfireError("state", `${child.name} ended with code ${code}`);
    this.#step(`${child.name} has stopped`, "");
  }

  /** The records that make a story; all others stay in the children. */
  #show(service: string, record: ChildRecord): void {
    const text = record["text"];
    if (service === "llama" && typeof text === "string") {
      this.#transcript.push(text);
      this.#step("llama got a text", colors.green(text));
      return;
    }
    const story = stories[`${service}: ${String(record["message"])}`];
    if (story !== undefined) this.#step(...story(record));
    if (record["level"] === "error") this.fail(String(record["message"]));
  }

  #step(what: string, detail: string): void {
    const line = `${this.#time()} ${colors.green("✓")} ${what.padEnd(28)} ${colors.dim(detail)}`;
    process.stdout.write(`${line.trimEnd()}\n`);
  }

  #time(): string {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    return colors.dim(`${seconds.toFixed(2).padStart(6)} s`);
  }
}

const stories: Readonly<Record<string, (record: ChildRecord) => [string, string]>> = {
  "inbound: playing": (record) => ["a caller speaks", String(record["audio"])],
  "inbound: REGISTER sent": (record) => [
    "call announced",
    `REGISTER ${String(record["count"])}, ${String(record["bytes"])} bytes to UDP ${String(record["to"])}`,
  ],
  "whisper: call connected": (record) => [
    "whisper connected to the call",
    `TCP ${String(record["peer"])}, ${String(record["connectMs"])} ms after REGISTER`,
  ],
  "whisper: connected to the LLaMA": (record) => [
    "whisper connected to llama",
    `TCP ${String(record["peer"])}`,
  ],
  "inbound: BYE sent": () => ["the caller hung up", "BYE"],
  "whisper: call ended": (record) => [
    "call ended, all of it freed",
    `${String(record["transcripts"])} of ${String(record["utterances"])} utterances had words`,
  ],
};

/** An even id, as we allocate them, whose audio port no other program has. */
function freeCallId(): string {
  for (let number = 2; number <= 998; number += 2) {
    const parsed = parseCallId(String(number));
    if (parsed.ok && isFree(callerAudioPort(parsed.callId))) return parsed.callId.text;
  }
  throw new WildfireError("socket", "no call id has a free port from TCP 9003 to 9999");
}

function isFree(port: number): boolean {
  try {
    const refuse = { data: () => undefined, closed: () => undefined };
    listenTcp({ hostname: "127.0.0.1", port, maxPendingBytes: 0, accept: () => refuse }).stop(true);
    return true;
  } catch {
    return false;
  }
}
