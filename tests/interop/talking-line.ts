/** A line that holds conversations: sip, whisper, llama and kokoro as processes of the executable. */
import { systemClock } from "../../src/core/clock.ts";
import { fieldOf, itemsOf } from "../../src/llama-bridge/chat/loose-json.ts";
import { EventFollower } from "../../src/services/event-follower.ts";
import { readStatuses } from "../../src/services/status-socket.ts";
import { eventually } from "../end-to-end/eventually.ts";
import { Stage } from "../end-to-end/harness.ts";
import {
  type JsonRecord,
  parseObject,
  type Program,
  type RecordTest,
} from "../end-to-end/program.ts";
import { freePort, freeUdpPort } from "../end-to-end/raw-connection.ts";
import type { Account } from "./accounts.ts";
import type { Asterisk } from "./asterisk.ts";
import { callPortsOf } from "./call-ports.ts";
import { WildfireLine } from "./wildfire-line.ts";

export interface TalkingLineOptions {
  readonly account: Account;
  /** Of the chat server. */
  readonly url: string;
  /** What each caller hears first; so long that the echo guard knows the line by its end. */
  readonly greeting: string;
  /** Besides ports and the chat server. */
  readonly llamaArgv?: readonly string[];
}

/** Of the built-in voices the one that the demo model hears best: it learnt from its sister. */
const agentVoice = "kal";

const thinkers = ["whisper", "llama", "kokoro"] as const;

/** Where each service lists the calls that it has, and what it keeps of those that are over. */
const traces: readonly (readonly [service: string, path: readonly string[]])[] = [
  ["sip", ["current"]],
  ["sip", ["sound", "open"]],
  ["sip", ["sound", "draining"]],
  ["sip", ["agent", "calls"]],
  ["sip", ["ticker", "entries"]],
  ["whisper", ["calls"]],
  ["whisper", ["recogniser", "running"]],
  ["llama", ["calls", "up"]],
  ["llama", ["voice", "waiting"]],
  ["kokoro", ["calls", "open"]],
];

export class TalkingLine implements AsyncDisposable {
  readonly stage: Stage;
  readonly line: WildfireLine;
  readonly #programs: readonly Program[];
  readonly #events: JsonRecord[] = [];
  readonly #followers: readonly EventFollower[];

  private constructor(stage: Stage, line: WildfireLine, programs: readonly Program[]) {
    this.stage = stage;
    this.line = line;
    this.#programs = [line.program, ...programs];
    this.#followers = thinkers.map((service) => this.#follow(service));
  }

  /** Resolves when all services are ready and the line is registered. */
  static async start(pbx: Asterisk, options: TalkingLineOptions): Promise<TalkingLine> {
    const { account } = options;
    await using onFailure = new AsyncDisposableStack();
    const stage = onFailure.use(new Stage());
    const { programs, whisperPort } = await startThinkers(stage, options);
    const common = { accounts: [account], registrar: pbx.address, whisperPort };
    const line = onFailure.use(await WildfireLine.start(stage, common));
    await line.event("registration", ({ isRegistered }) => isRegistered === true);
    const talking = new TalkingLine(stage, line, programs);
    await eventually({
      what: "all services followed",
      probe: () => talking.#followers.every(({ joined }) => joined === 1),
    });
    onFailure.move();
    return talking;
  }

  /** Events of whisper, llama and kokoro so far, as they came; each tells its `service`. */
  events(kind: string, where: RecordTest = () => true): readonly JsonRecord[] {
    return this.#events.filter((event) => event["kind"] === kind && where(event));
  }

  /** The calls of one test are none of the next one's. */
  forget(): void {
    this.#events.length = 0;
  }

  /** The events of a kind once there are so many. */
  async tells(count: number, kind: string, where?: RecordTest): Promise<readonly JsonRecord[]> {
    return await eventually({
      what: `${count} events ${kind}`,
      limitMs: 20_000,
      probe: () => this.events(kind, where).length >= count && this.events(kind, where),
      explain: () => this.explain(),
    });
  }

  /** Resolves when so many callers have heard all that was said in a turn; 0 is the greeting. */
  async said(turn: number, calls = 1): Promise<void> {
    const isSaid: RecordTest = (event) => event["turn"] === turn && event["isAll"] === true;
    await eventually({
      what: `turn ${turn} to be heard by ${calls}`,
      limitMs: 30_000,
      probe: () => new Set(this.events("heard", isSaid).map(({ key }) => key)).size >= calls,
      explain: () => this.explain(),
    });
  }

  /** Resolves when so many texts of the only call have been heard whole; each clause is a text. */
  async textsHeard(count: number): Promise<void> {
    await eventually({
      what: `${count} texts to be heard`,
      limitMs: 30_000,
      probe: () =>
        new Set(this.events("heard", isHeardWhole).map((text) => text["number"])).size >= count,
      explain: () => this.explain(),
    });
  }

  /** Ports that are open for calls now, in any of the services. */
  get callPorts(): string[] {
    return this.#programs.flatMap(({ pid }) => callPortsOf(pid));
  }

  /** Resolves when no service has a trace of a call, and no port of a call is open. */
  async isIdle(): Promise<void> {
    let left: readonly string[] = [];
    await eventually({
      what: "no trace of a call",
      probe: async () => (left = await this.#left()).length === 0,
      explain: () => `there are ${left.join(", ")}\n${this.explain()}`,
    });
  }

  explain(): string {
    const events = this.#events.slice(-40).map((event) => JSON.stringify(event));
    return [...events, ...this.#programs.map((program) => program.explain())].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const follower of this.#followers) follower.close();
    await this.line[Symbol.asyncDispose]();
    await this.stage[Symbol.asyncDispose]();
  }

  async #left(): Promise<string[]> {
    const kept = traces.map(async ([service, path]) => {
      const [status = "{}"] = await readStatuses(this.stage.stateFolder, service);
      const value = path.reduce<unknown>(fieldOf, parseObject(status));
      if (value === undefined) throw new Error(`the status of ${service} has no ${path.join(".")}`);
      const count = typeof value === "number" ? value : itemsOf(value, 1_000).length;
      return count === 0 ? [] : [`${count} ${service} ${path.join(".")}`];
    });
    return [...(await Promise.all(kept)).flat(), ...this.callPorts];
  }

  #follow(service: string): EventFollower {
    return new EventFollower({
      stateFolder: this.stage.stateFolder,
      service,
      clock: systemClock,
      onJoined: () => undefined,
      onLeft: () => undefined,
      onLine: (_pid, line) => this.#events.push({ ...parseObject(line), service }),
      onRefused: () => undefined,
    });
  }
}

/** As the voice tells of a text. */
function isHeardWhole({ service, samples, of }: JsonRecord): boolean {
  return service === "kokoro" && samples === of && of !== 0;
}

interface Thinkers {
  readonly programs: readonly Program[];
  readonly whisperPort: number;
}

async function startThinkers(stage: Stage, options: TalkingLineOptions): Promise<Thinkers> {
  const llamaPort = freePort();
  const voicePort = freePort();
  const voiceSignal = `--voice-signal-port=${await freeUdpPort()}`;
  const kokoro = stage.start("kokoro", [
    `--port=${voicePort}`,
    voiceSignal.replace("voice-", ""),
    `--llama-signal-port=${llamaPort}`,
    `--voice=${agentVoice}`,
  ]);
  const llama = stage.start("llama", [
    "--backend=openai",
    `--url=${options.url}`,
    `--greeting=${options.greeting}`,
    `--port=${llamaPort}`,
    `--out-port=${voicePort}`,
    voiceSignal,
    ...(options.llamaArgv ?? []),
  ]);
  const whisper = await stage.startWhisper({ llamaPort, argv: [voiceSignal] });
  await Promise.all([kokoro.said("kokoro is ready"), llama.said("llama is ready")]);
  return { programs: [whisper.program, llama, kokoro], whisperPort: whisper.port };
}
