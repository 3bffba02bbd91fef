/** A small PBX in this process and the telephone service of the executable, registered at it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PbxAnswer, SmallPbx, type SmallPbxOptions } from "../../bench/small-pbx.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { commandService, readStatuses } from "../../src/services/status-socket.ts";
import { eventually } from "./eventually.ts";
import { Stage } from "./harness.ts";
import { type JsonRecord, Program, type RecordTest } from "./program.ts";

export const lineUser = "200";
export const linePassword = "tulip-8141-secret";

/** Whom nobody shall find in a log. */
export const privateNumber = "5550199";

/** Below what the system gives to others; two of a row for each call. */
const pbxPorts = { from: 22_000, to: 23_999 } as const;
const servicePorts = "24000-26999";
const commandLimitMs = 20_000;

export type PbxSettings = Partial<
  Pick<SmallPbxOptions, "host" | "grantedSeconds" | "password" | "port" | "answer">
>;

export interface TelephoneOptions {
  readonly pbx?: PbxSettings;
  /** UDP port of whisper; nobody listens at the default. */
  readonly whisperPort?: number;
  readonly transport?: "udp" | "tcp";
  readonly rtpPorts?: string;
  /** Other lines than the usual one. */
  readonly lines?: readonly string[];
  readonly argv?: readonly string[];
}

/** The parts of the status that tests look at. */
export interface TelephoneStatus {
  readonly port: number;
  readonly lines: readonly { readonly line: string; readonly isRegistered: boolean }[];
  readonly calls: number;
  readonly answered: number;
  readonly rtpPortsFree: number;
  readonly agent: {
    readonly calls: number;
    readonly transactions: { readonly clients: number; readonly servers: number };
  };
  readonly sound: {
    readonly open: number;
    readonly draining: number;
    readonly freeIds: number;
    readonly skippedIds: number;
  };
  readonly ticker: { readonly entries: number };
  readonly current: readonly JsonRecord[];
}

/** One event of the service, as it printed it. */
export type CallEvent = JsonRecord;

export async function openPbx(settings: PbxSettings = {}): Promise<SmallPbx> {
  const log = createLogger({ level: "error", clock: systemClock, sink: () => undefined });
  return await SmallPbx.open({
    clock: systemClock,
    log,
    rtpPorts: pbxPorts,
    password: linePassword,
    ...settings,
  });
}

export class Telephone implements AsyncDisposable {
  readonly stage: Stage;
  readonly program: Program;
  /** Replaced by a test that starts another one on its port. */
  pbx: SmallPbx;
  readonly #ownsStage: boolean;

  private constructor(stage: Stage, pbx: SmallPbx, parts: TelephoneParts) {
    this.stage = stage;
    this.pbx = pbx;
    this.program = parts.program;
    this.#ownsStage = parts.ownsStage;
  }

  /** Resolves when the line is registered. A stage that is handed in stays its owner's. */
  static async open(options: TelephoneOptions = {}, stage?: Stage): Promise<Telephone> {
    const pbx = await openPbx(options.pbx);
    const telephone = await Telephone.startAt(pbx, options, stage);
    const lines = options.lines ?? [lineUser];
    await Promise.all(lines.map((line) => pbx.registered(line.split("@")[0] ?? "")));
    await telephone.reaches("all lines registered", ({ lines: known }) =>
      known.every(({ isRegistered }) => isRegistered),
    );
    return telephone;
  }

  /** Resolves when the service is ready, registered or not. */
  static async startAt(
    pbx: SmallPbx,
    options: TelephoneOptions = {},
    given?: Stage,
  ): Promise<Telephone> {
    const stage = given ?? new Stage();
    const program = stage.start("sip", serviceArguments(stage, pbx, options));
    await program.said("sip is ready");
    return new Telephone(stage, pbx, { program, ownsStage: given === undefined });
  }

  async status(): Promise<TelephoneStatus> {
    const answers = (await readStatuses(this.stage.stateFolder, "sip")).map((text): unknown =>
      JSON.parse(text),
    );
    const own = answers.find(isTelephoneStatus);
    if (own === undefined) throw new Error(`no status of the telephone\n${this.program.explain()}`);
    return own;
  }

  /** The first status that fulfils the condition. */
  async reaches(
    what: string,
    condition: (status: TelephoneStatus) => boolean,
    limitMs?: number,
  ): Promise<TelephoneStatus> {
    let last: TelephoneStatus | undefined;
    return await eventually({
      what: `a telephone with ${what}`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: async () => {
        last = await this.status().catch(() => undefined);
        return last !== undefined && condition(last) && last;
      },
      explain: () => `${JSON.stringify(last)}\n${this.program.explain()}`,
    });
  }

  /** Resolves when no call, port or id is in use. */
  async isIdle(limitMs?: number): Promise<TelephoneStatus> {
    return await this.reaches(
      "nothing in use",
      ({ current, sound, ticker }) =>
        current.length === 0 && sound.open === 0 && sound.draining === 0 && ticker.entries === 0,
      limitMs,
    );
  }

  /** Resolves when no call holds anything but its id, which finished calls keep while whisper is away. */
  async hasNoCall(limitMs?: number): Promise<TelephoneStatus> {
    return await this.reaches(
      "no call",
      ({ current, sound, ticker }) =>
        current.length === 0 && sound.open === 0 && ticker.entries === 0,
      limitMs,
    );
  }

  /** Events so far, oldest first. */
  events(kind: string, where: RecordTest = () => true): CallEvent[] {
    return this.program.records.filter((record) => record["kind"] === kind && where(record));
  }

  /** The events of a kind once there are so many. */
  async tells(count: number, kind: string, where?: RecordTest): Promise<readonly CallEvent[]> {
    return await eventually({
      what: `${count} events ${kind} of the telephone`,
      probe: () => this.events(kind, where).length >= count && this.events(kind, where),
      explain: () => this.program.explain(),
    });
  }

  /** The newest event of a kind, once there is one more than `before`. */
  async next(kind: string, before: number): Promise<CallEvent> {
    const events = await this.tells(before + 1, kind);
    return events.at(before) ?? {};
  }

  /** What another program can ask of the service. */
  async command(command: string, fields: JsonRecord): Promise<JsonRecord> {
    const path = join(this.stage.stateFolder, "run", `sip-${this.program.pid}.sock`);
    const socket = { path, pid: this.program.pid };
    return await commandService(socket, { command, fields }, commandLimitMs);
  }

  /** `wildfire call NUMBER …`, running. */
  dial(number: string, argv: readonly string[] = []): Program {
    const state = ["--state-dir", this.stage.stateFolder];
    return new Program({ argv: ["call", number, ...state, ...argv], cwd: this.stage.folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pbx.close();
    if (this.#ownsStage) await this.stage[Symbol.asyncDispose]();
  }
}

interface TelephoneParts {
  readonly program: Program;
  readonly ownsStage: boolean;
}

function serviceArguments(stage: Stage, pbx: SmallPbx, options: TelephoneOptions): string[] {
  const { whisperPort = 9, transport = "udp", rtpPorts = servicePorts, argv = [] } = options;
  const passwordFile = join(stage.folder, "password");
  writeFileSync(passwordFile, `${linePassword}\n`);
  const lines = options.lines ?? [`${lineUser}@${pbx.address};transport=${transport}`];
  return [
    "--json",
    ...lines.map((line) => `--line=${line.includes("@") ? line : `${line}@${pbx.address}`}`),
    `--password-file=${passwordFile}`,
    `--rtp-ports=${rtpPorts}`,
    ...(isIpv6(pbx) ? [] : ["--sip-bind=127.0.0.1"]),
    `--whisper-port=${whisperPort}`,
    ...argv,
  ];
}

function isIpv6({ address }: SmallPbx): boolean {
  return address.startsWith("[");
}

function isTelephoneStatus(value: unknown): value is TelephoneStatus {
  return typeof value === "object" && value !== null && "rtpPortsFree" in value;
}

/** Numbers that answer, ring, or are refused with their own number as status. */
export function answerByNumber(number: string): PbxAnswer {
  if (number === "600" || number === privateNumber) return { kind: "answer" };
  if (number === "700") return { kind: "ring" };
  return { kind: "refuse", status: Number(number) };
}
