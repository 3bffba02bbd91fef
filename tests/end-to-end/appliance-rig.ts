/** `wildfire up` with all services of a telephone, at a small PBX: what it runs, what it tells, and its history. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SmallPbx } from "../../bench/small-pbx.ts";
import { commandService, readStatuses } from "../../src/services/status-socket.ts";
import { eventually } from "./eventually.ts";
import { Stage } from "./harness.ts";
import { type JsonRecord, parseObject, Program } from "./program.ts";
import { freePort, freeUdpPort } from "./raw-connection.ts";
import { linePassword, openPbx } from "./telephone-rig.ts";

export const applianceServices = ["whisper", "llama", "kokoro", "web", "sip"] as const;
export type ApplianceService = (typeof applianceServices)[number];

/** The parts of a past call that tests look at. */
export interface PastCall {
  readonly service: string;
  readonly line: string;
  readonly startedMs: number;
  readonly answeredMs: number | null;
  readonly endedMs: number | null;
  readonly heard: readonly { readonly text: string }[];
  readonly said: readonly { readonly turn: number; readonly answer: string }[];
}

const startLimitMs = 60_000;
const pageOfCalls = 100;

export class Appliance implements AsyncDisposable {
  readonly pbx: SmallPbx;
  readonly #stage: Stage;
  readonly #program: Program;
  readonly #webPort: number;

  private constructor(parts: ApplianceParts) {
    this.pbx = parts.pbx;
    this.#stage = parts.stage;
    this.#program = parts.program;
    this.#webPort = parts.webPort;
  }

  /** Resolves when all services are ready and each of these users is registered. */
  static async open(users: readonly string[]): Promise<Appliance> {
    const stage = new Stage();
    const pbx = await openPbx();
    const webPort = freePort();
    const config = join(stage.folder, "wildfire.toml");
    writeFileSync(config, await configuration(stage, pbx, users, webPort));
    const program = new Program({
      argv: ["up", "--config", config, "--state-dir", stage.stateFolder],
      cwd: join(stage.folder, "cwd"),
    });
    const appliance = new Appliance({ stage, pbx, program, webPort });
    await eventually({
      what: "all services ready",
      limitMs: startLimitMs,
      probe: async () => {
        const services = await appliance.services().catch(() => []);
        return services.length === applianceServices.length && services.every(isReady);
      },
      explain: () => program.explain(),
    });
    await Promise.all(users.map((user) => pbx.registered(user)));
    return appliance;
  }

  /** As the supervisor has them. */
  async services(): Promise<readonly JsonRecord[]> {
    const [text = "{}"] = await readStatuses(this.#stage.stateFolder, "supervisor");
    const services = parseObject(text)?.["services"];
    return Array.isArray(services) ? services.filter(isRecord) : [];
  }

  async service(name: ApplianceService): Promise<JsonRecord> {
    return (await this.services()).find((service) => service["name"] === name) ?? {};
  }

  /** Of the supervisor. */
  async command(command: string, fields: JsonRecord): Promise<JsonRecord> {
    const path = join(this.#stage.stateFolder, "run", `supervisor-${this.#program.pid}.sock`);
    const socket = { path, pid: this.#program.pid };
    return await commandService(socket, { command, fields }, startLimitMs);
  }

  /** All calls of the history, the latest first, with everything that is known of them. */
  async history(): Promise<readonly PastCall[]> {
    const calls: PastCall[] = [];
    let next = "";
    do {
      const page = await this.#get(`/api/v1/history?limit=${pageOfCalls}${next}`);
      const list = Array.isArray(page["calls"]) ? page["calls"].filter(isRecord) : [];
      for (const { id } of list)
        calls.push(pastCall(await this.#get(`/api/v1/history/${String(id)}`)));
      const mark = page["next"];
      next = typeof mark === "string" ? `&after=${encodeURIComponent(mark)}` : "";
    } while (next !== "");
    return calls;
  }

  explain(): string {
    return this.#program.explain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#program.signal("SIGTERM");
    await this.#program.exited(startLimitMs).catch(() => undefined);
    await this.#program[Symbol.asyncDispose]();
    this.pbx.close();
    await this.#stage[Symbol.asyncDispose]();
  }

  async #get(path: string): Promise<JsonRecord> {
    const response = await fetch(`http://127.0.0.1:${this.#webPort}${path}`);
    return parseObject(await response.text()) ?? {};
  }
}

interface ApplianceParts {
  readonly stage: Stage;
  readonly pbx: SmallPbx;
  readonly program: Program;
  readonly webPort: number;
}

async function configuration(
  stage: Stage,
  pbx: SmallPbx,
  users: readonly string[],
  webPort: number,
): Promise<string> {
  const passwordFile = join(stage.folder, "password");
  writeFileSync(passwordFile, `${linePassword}\n`);
  const [llama, voice] = [freePort(), freePort()];
  const [voiceSignal, whisper] = [await freeUdpPort(), await freeUdpPort()];
  const lines = users.map((user) => `"${user}@${pbx.address}"`).join(", ");
  return `
[services]
run = [${applianceServices.map((name) => `"${name}"`).join(", ")}]
[sip]
line = [${lines}]
password-file = "${passwordFile}"
sip-bind = "127.0.0.1"
rtp-ports = "24000-26999"
whisper-port = ${whisper}
[whisper]
port = ${whisper}
llama-port = ${llama}
voice-signal-port = ${voiceSignal}
[llama]
backend = "echo"
port = ${llama}
out-port = ${voice}
voice-signal-port = ${voiceSignal}
[kokoro]
port = ${voice}
signal-port = ${voiceSignal}
llama-signal-port = ${llama}
[web]
port = ${webPort}
`;
}

function isReady(service: JsonRecord): boolean {
  return service["state"] === "ready";
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null;
}

function pastCall(call: JsonRecord): PastCall {
  const list = (name: string): readonly JsonRecord[] => {
    const value = call[name];
    return Array.isArray(value) ? value.filter(isRecord) : [];
  };
  const time = (name: string): number | null => {
    const value = call[name];
    return typeof value === "number" ? value : null;
  };
  return {
    service: String(call["service"]),
    line: String(call["line"]),
    startedMs: time("startedMs") ?? 0,
    answeredMs: time("answeredMs"),
    endedMs: time("endedMs"),
    heard: list("heard").map(({ text }) => ({ text: String(text) })),
    said: list("said").map(({ turn, answer }) => ({ turn: Number(turn), answer: String(answer) })),
  };
}
