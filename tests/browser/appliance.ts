/** The whole appliance for tests: `wildfire up` with a configuration of its own, on free ports. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../end-to-end/eventually.ts";
import { Program } from "../end-to-end/program.ts";
import { freePort, freeUdpPort } from "../end-to-end/raw-connection.ts";

export interface ApplianceOptions {
  /** Lines of TOML, by section, besides the ports. */
  readonly sections?: Readonly<Record<string, readonly string[]>>;
  /** Text of `secrets.toml`. */
  readonly secrets?: string;
}

export class Appliance implements AsyncDisposable {
  readonly program: Program;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly folder: string;

  private constructor(program: Program, url: string, folder: string) {
    this.program = program;
    this.url = url;
    this.folder = folder;
  }

  /** Resolves when all services of the configuration are ready. */
  static async start(options: ApplianceOptions = {}): Promise<Appliance> {
    const folder = mkdtempSync(join(tmpdir(), "wildfire-appliance-"));
    const ports = await choosePorts();
    const config = join(folder, "wildfire.toml");
    writeFileSync(config, renderConfig(ports, options.sections ?? {}));
    const secrets = join(folder, "secrets.toml");
    writeFileSync(secrets, options.secrets ?? "");
    chmodSync(secrets, 0o600);
    mkdirSync(join(folder, "cwd"));
    const program = new Program({
      argv: ["up", "--config", config, "--state-dir", join(folder, "state")],
      cwd: join(folder, "cwd"),
    });
    const appliance = new Appliance(program, `http://127.0.0.1:${ports.web}`, folder);
    try {
      await appliance.#ready(["whisper", "llama", "kokoro", "web"]);
      return appliance;
    } catch (error) {
      await appliance[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number> {
    this.program.signal("SIGTERM");
    return await this.program.exited();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.program.exitCode === undefined) await this.stop();
    await this.program[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #ready(services: readonly string[]): Promise<void> {
    for (const service of services) {
      await eventually({
        what: `${service} to be ready`,
        limitMs: 20_000,
        probe: () => this.program.output.some((line) => line.includes(`${service} is ready`)),
        explain: () => this.program.explain(),
      });
    }
  }
}

interface Ports {
  readonly whisper: number;
  readonly llama: number;
  readonly voice: number;
  readonly voiceSignal: number;
  readonly web: number;
}

async function choosePorts(): Promise<Ports> {
  return {
    whisper: await freeUdpPort(),
    llama: freePort(),
    voice: freePort(),
    voiceSignal: await freeUdpPort(),
    web: freePort(),
  };
}

function renderConfig(ports: Ports, sections: NonNullable<ApplianceOptions["sections"]>): string {
  const signals = [
    `llama-signal-port = ${ports.llama}`,
    `voice-signal-port = ${ports.voiceSignal}`,
  ];
  const own: Readonly<Record<string, readonly string[]>> = {
    whisper: [`port = ${ports.whisper}`, `llama-port = ${ports.llama}`, ...signals],
    llama: [`port = ${ports.llama}`, `out-port = ${ports.voice}`, ...signals.slice(1)],
    kokoro: [`port = ${ports.voice}`, `signal-port = ${ports.voiceSignal}`, ...signals.slice(0, 1)],
    sip: [`whisper-port = ${ports.whisper}`],
    web: [`port = ${ports.web}`, `whisper-port = ${ports.whisper}`],
    services: ["drain-s = 2"],
  };
  const names = new Set([...Object.keys(own), ...Object.keys(sections)]);
  return [...names]
    .map((name) => [`[${name}]`, ...(own[name] ?? []), ...(sections[name] ?? []), ""].join("\n"))
    .join("\n");
}
