/** Wildfire's telephone service for tests: the executable with nothing inherited, its events, its commands. */
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { commandService } from "../../src/services/status-socket.ts";
import { eventually } from "../end-to-end/eventually.ts";
import type { Stage } from "../end-to-end/harness.ts";
import { type JsonRecord, Program, type RecordTest } from "../end-to-end/program.ts";
import { figuresOf } from "../end-to-end/process-figures.ts";
import type { Account } from "./accounts.ts";
import type { Asterisk } from "./asterisk.ts";
import { loopback, mediaPorts } from "./ports.ts";
import { narrow, narrowHz, sentence, soundOf } from "./sounds.ts";

export interface WildfireOptions {
  readonly accounts: readonly Account[];
  /** `host:port` of the exchange. */
  readonly registrar: string;
  readonly transport?: "udp" | "tcp" | "tls";
  /** UDP port of a whisper service; nobody listens at the default. */
  readonly whisperPort?: number;
  /** WAV file that it plays on answer. */
  readonly greeting?: string;
  readonly argv?: readonly string[];
  /** In place of the accounts' own. */
  readonly password?: string;
}

/** What each caller hears first in these tests. */
export const greetingSound = narrow(soundOf(sentence));

const callLimitMs = 40_000;

/** What it says when it met an error that nobody foresaw. */
const faults = ["unexpected error, please report it", "a SIP message could not be handled"];

export class WildfireLine implements AsyncDisposable {
  readonly program: Program;
  readonly #stage: Stage;

  private constructor(stage: Stage, program: Program) {
    this.#stage = stage;
    this.program = program;
  }

  /** Resolves when it is ready, which is before it is registered. */
  static async start(stage: Stage, options: WildfireOptions): Promise<WildfireLine> {
    const { from, to } = mediaPorts.wildfire;
    const { accounts, registrar, transport = "udp", greeting, argv = [] } = options;
    const lines = accounts.map(({ user }) => `--line=${user}@${registrar};transport=${transport}`);
    const line = new WildfireLine(
      stage,
      startProgram(stage, {
        argv: [
          "--service=sip",
          "--json",
          ...lines,
          `--rtp-ports=${from}-${to}`,
          `--sip-bind=${loopback}`,
          `--whisper-port=${options.whisperPort ?? 9}`,
          ...(greeting === undefined ? [] : [`--greeting=${greeting}`]),
          ...argv,
        ],
        env: passwords(accounts, options.password),
      }),
    );
    await line.program.said("sip is ready");
    return line;
  }

  /** Events so far, oldest first. */
  events(kind: string, where: RecordTest = () => true): JsonRecord[] {
    return this.program.records.filter((record) => record["kind"] === kind && where(record));
  }

  /** Resolves with the first event of this kind, past or future, that fulfils the condition. */
  async event(kind: string, where?: RecordTest, limitMs?: number): Promise<JsonRecord> {
    return await eventually({
      what: `the event ${kind} of the line`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: () => this.events(kind, where)[0],
      explain: () => this.program.explain(),
    });
  }

  /** Resolves when there have been so many events of a kind. */
  async has(count: number, kind: string, limitMs?: number): Promise<readonly JsonRecord[]> {
    return await eventually({
      what: `${count} events ${kind} of the line`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: () => this.events(kind).length >= count && this.events(kind),
      explain: () => this.program.explain(),
    });
  }

  /** Digits of all calls so far. */
  digits(): string {
    return this.events("digit")
      .map(({ digit }) => String(digit))
      .join("");
  }

  /** `wildfire call NUMBER …`, running. */
  call(number: string, argv: readonly string[] = []): Program {
    const state = ["--state-dir", this.#stage.stateFolder];
    return new Program({ argv: ["call", number, ...state, ...argv], cwd: this.#stage.folder });
  }

  /** `wildfire call NUMBER …`, to its end. */
  async callToEnd(number: string, argv: readonly string[] = []): Promise<Program> {
    await using program = this.call(number, argv);
    await program.exited(callLimitMs);
    return program;
  }

  /** What a program can ask of the service: hold, resume, transfer, digits, hang-up. */
  async command(command: string, fields: JsonRecord): Promise<JsonRecord> {
    const path = join(this.#stage.stateFolder, "run", `sip-${this.program.pid}.sock`);
    const socket = { path, pid: this.program.pid };
    return await commandService(socket, { command, fields }, callLimitMs);
  }

  /** Resolves when it holds hardly more descriptors than before; calls are freed a little after their end. */
  async returnsTo(descriptors: number): Promise<void> {
    const slack = 2;
    await eventually({
      what: `at most ${descriptors + slack} descriptors of the line`,
      probe: () => figuresOf(this.program.pid).descriptors <= descriptors + slack,
      explain: () => `there are ${figuresOf(this.program.pid).descriptors}`,
    });
  }

  /** Throws unless it ends in order by SIGTERM. */
  async stop(): Promise<void> {
    this.program.signal("SIGTERM");
    const code = await this.program.exited(callLimitMs);
    if (code !== 0) throw new Error(`exit code ${code}\n${this.program.explain()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isFaulty = faults.some((message) => this.program.find(message) !== undefined);
    // In order, so that no exchange goes on ringing where nobody is.
    if (this.program.exitCode === undefined) {
      this.program.signal("SIGTERM");
      await this.program.exited(callLimitMs).catch(() => undefined);
    }
    await this.program[Symbol.asyncDispose]();
    if (isFaulty) throw new Error(this.program.explain());
  }
}

/** How a line reaches an Asterisk by a transport; its certificate is trusted. */
export function transportTo(
  pbx: Asterisk,
  transport: NonNullable<WildfireOptions["transport"]>,
): Pick<WildfireOptions, "transport" | "registrar" | "argv"> {
  if (transport !== "tls") return { transport, registrar: pbx.address };
  const registrar = `${loopback}:${pbx.ports.tls}`;
  return { transport, registrar, argv: ["--tls-ca", pbx.certificatePath] };
}

interface ProgramStart {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A service with the state folder of the stage; the passwords are all that its environment holds. */
export function startProgram(stage: Stage, { argv, env = {} }: ProgramStart): Program {
  const state = ["--state-dir", stage.stateFolder, "--log-format", "json"];
  return new Program({ argv: [...argv, ...state], cwd: stage.folder, env });
}

/** Writes the greeting of these tests. */
export function writeGreeting(stage: Stage): string {
  const path = join(stage.folder, "greeting.wav");
  writeFileSync(path, encodeWav(greetingSound, narrowHz));
  return path;
}

function passwords(
  accounts: readonly Account[],
  password: string | undefined,
): Readonly<Record<string, string>> {
  if (password !== undefined) return { WILDFIRE_LINE_PASSWORD: password };
  return Object.fromEntries(
    accounts.map((account) => [`WILDFIRE_LINE_${account.user}_PASSWORD`, account.password]),
  );
}
