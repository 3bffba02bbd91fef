/** `wildfire demo`: the whole appliance on free ports, with a call to itself and its page to look at. */
import { embedded } from "#embedded";
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import colors from "picocolors";
import { writeConfig } from "../config/config-edit.ts";
import {
  formatOptions,
  type OptionTable,
  type OptionValues,
  readOptions,
} from "../config/options.ts";
import { systemClock } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import { readRecording } from "../evaluation/recording.ts";
import { EventFollower, parseObject } from "../services/event-follower.ts";
import { wholeSchema } from "../services/config-tables.ts";
import { webServiceOptions } from "../services/web-options.ts";
import type { Crash, SupervisedChildStatus } from "../supervisor/supervised-child.ts";
import { versionInfo } from "../version.ts";
import { runAppliance } from "./appliance.ts";
import { DemonstrationCaller } from "./demo/demonstration-caller.ts";
import { type DemoPorts, demoConfig, findDemoPorts } from "./demo/demo-settings.ts";
import { spokenParts } from "./demo/spoken-parts.ts";

const options = {
  model: { kind: "string", short: "m", value: "FILE", help: "ggml whisper model" },
  wav: {
    kind: "string",
    value: "FILE",
    help: "what the caller says, with pauses between sentences",
  },
  once: { kind: "boolean", help: "end after the call" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Shows Wildfire on this machine: all services, their page, and a call that they hold with themselves.

Usage: wildfire demo [options]
Example: wildfire demo --once

${formatOptions(options)}

It uses other ports where the usual ones are taken, keeps nothing, and ends with Ctrl+C.
`;

const greeting = "Good morning, this is Wildfire. Please say something, and I will repeat it.";
const rateHz = 16_000;
/** Between sentences of the recording, each of which is a turn of the conversation. */
const pauseMs = 700;
/** Behind its last sound the agent has said all. */
const quietMs = 900;
/** Nobody waits for an answer, or listens to it, for longer. */
const answerLimitMs = 15_000;

/** Resolves to 0 when the call went well and everything was stopped in order. */
export async function demo(argv: readonly string[]): Promise<number> {
  const { env } = process;
  const values = readOptions(options, { argv, env, command: "demo" });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const folder = await mkdtemp(join(tmpdir(), "wildfire-demo-"));
  // A second signal ends the process at once, and nothing is kept then either.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return await new Demonstration(folder, values).run();
}

type EventFields = Readonly<Record<string, unknown>>;

class Demonstration {
  readonly #folder: string;
  readonly #values: OptionValues<typeof options>;
  readonly #startedMs = performance.now();
  readonly #crashed = Promise.withResolvers<string>();
  #turns = 0;
  /** Aborted when somebody ends it: a call that breaks off by that has not failed. */
  readonly #end = new AbortController();

  constructor(folder: string, values: OptionValues<typeof options>) {
    this.#folder = folder;
    this.#values = values;
  }

  async run(): Promise<number> {
    const { version, commit, whisper } = versionInfo();
    const title = `${colors.bold("Wildfire")} ${version} (${commit}), whisper.cpp ${whisper}`;
    process.stdout.write(`${title}\n\n`);
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => this.#end.abort());
    const ports = await findDemoPorts();
    const config = join(this.#folder, "wildfire.toml");
    const settings = { ports, greeting, model: this.#values.model };
    await writeConfig(config, wholeSchema(webServiceOptions), demoConfig(settings));
    const settled = Promise.withResolvers<undefined>();
    const ended = runAppliance({
      config,
      stateFolder: this.#stateFolder,
      only: [],
      screen: {
        record: () => undefined,
        changed: (status) => this.#changed(status),
        crashed: (crash) => this.#crash(crash),
      },
      onSettled: () => settled.resolve(undefined),
      end: this.#end.signal,
    });
    const shown = await Promise.race([settled.promise.then(() => this.#show(ports)), ended]);
    const code = await ended;
    return shown === false ? 1 : code;
  }

  get #stateFolder(): string {
    return join(this.#folder, "state");
  }

  /** Whether the call went well. */
  async #show(ports: DemoPorts): Promise<boolean> {
    const url = colors.bold(`http://localhost:${ports.web}/`);
    process.stdout.write(`\n  The page: ${url}   (Ctrl+C ends everything)\n\n`);
    const isWell = await this.#tryCall(ports).catch((error: unknown) => {
      if (this.#end.signal.aborted) return true;
      this.#step(colors.red("✗"), "the call failed", describeError(error));
      return false;
    });
    if (this.#values.once || !isWell) this.#end.abort();
    if (!this.#end.signal.aborted) {
      process.stdout.write(`\n  For your own PBX: ${colors.bold("wildfire setup")}\n`);
    }
    return isWell;
  }

  async #tryCall(ports: DemoPorts): Promise<boolean> {
    const recording = await readRecording({
      path: this.#values.wav ?? embedded.demoCallWav,
      name: "demonstration call",
    });
    const sentences = spokenParts(recording, rateHz, pauseMs);
    if (sentences.length === 0) {
      throw new WildfireError("audio", "the recording holds no speech", {
        hint: "give another --wav",
      });
    }
    const follower = this.#follow();
    try {
      await Promise.race([this.#converse(ports, sentences), this.#unlessCrashed()]);
    } finally {
      follower.close();
    }
    if (this.#turns > 0) return true;
    throw new WildfireError("state", "no answer was heard", { hint: "wildfire doctor says why" });
  }

  async #converse(ports: DemoPorts, sentences: readonly Float32Array[]): Promise<void> {
    const dialling = { port: ports.audiosocket, uuid: randomUUID(), clock: systemClock };
    const caller = await DemonstrationCaller.dial(dialling);
    this.#tick("a call comes in", `AudioSocket, TCP ${ports.audiosocket}`);
    try {
      await caller.listen(quietMs, answerLimitMs);
      for (const sentence of sentences) {
        await caller.say(sentence, rateHz);
        await caller.listen(quietMs, answerLimitMs);
      }
    } finally {
      caller.hangUp();
    }
    this.#tick("the caller hangs up");
  }

  async #unlessCrashed(): Promise<never> {
    throw new WildfireError("state", await this.#crashed.promise);
  }

  #follow(): EventFollower {
    return new EventFollower({
      stateFolder: this.#stateFolder,
      service: "llama",
      clock: systemClock,
      onJoined: () => undefined,
      onLeft: () => undefined,
      onLine: (_pid, line) => this.#tell(parseObject(line) ?? {}),
      onRefused: () => undefined,
    });
  }

  #tell({ kind, text, turn, totalMs }: EventFields): void {
    if (kind === "transcript") this.#tick("the caller said", colors.green(String(text)));
    if (kind === "clause") this.#tick("the agent answers", colors.cyan(String(text)));
    // Turn 0 is the greeting, which nobody asked for.
    if (kind !== "turn" || turn === 0 || typeof totalMs !== "number") return;
    this.#turns += 1;
    this.#tick("answer heard", `${Math.round(totalMs)} ms after the caller's last sound`);
  }

  #changed({ name, state }: SupervisedChildStatus): void {
    if (state === "ready") this.#tick(`${name} is ready`);
  }

  /** One that is started again may still take the call. */
  #crash({ service, reason, restartInMs }: Crash): void {
    if (restartInMs === undefined) this.#crashed.resolve(`${service} is ${reason}`);
  }

  #tick(what: string, detail = ""): void {
    this.#step(colors.green("✓"), what, detail);
  }

  #step(mark: string, what: string, detail: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(2).padStart(6);
    const line = `${colors.dim(`${seconds} s`)} ${mark} ${what.padEnd(20)} ${detail}`;
    process.stdout.write(`${line.trimEnd()}\n`);
  }
}
