/** Runs sipp: a scenario goes in, a verdict with figures and all messages comes out. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../end-to-end/eventually.ts";
import { type PeerRoot, peerCommand } from "./peer-packages.ts";
import { PeerProcess } from "./peer-process.ts";
import { freeSipPort, loopback, mediaPorts } from "./ports.ts";
import { parseSippMessages, parseSippStatistics, type SippMessage } from "./sipp-report.ts";

export interface SippOptions {
  /** XML, from `sipp-scenarios.ts`. */
  readonly scenario: string;
  /** `host:port`; undefined for a sipp that is called. */
  readonly target?: string;
  /** User part of the address that is called. */
  readonly service?: string;
  /** 1 by default. */
  readonly calls?: number;
  readonly callsPerSecond?: number;
  /** What `pause("as told")` means; 500 ms by default. */
  readonly pauseMs?: number;
  /** For the whole run. */
  readonly limitS?: number;
  readonly transport?: "udp" | "tcp";
  /** What comes while the scenario has still to send is passed over, as when messages cross. */
  readonly ignoresUnexpected?: boolean;
  /** For the challenges of the far end. */
  readonly credentials?: { readonly user: string; readonly password: string };
}

export interface SippResult {
  /** All calls went as the scenario says. */
  readonly isGood: boolean;
  readonly successful: number;
  readonly failed: number;
  /** Messages that sipp itself sent more than once. */
  readonly retransmissions: number;
  readonly messages: readonly SippMessage[];
  /** What sipp complained about; empty when there was nothing. */
  readonly complaints: string;
}

const transports = { udp: "u1", tcp: "t1" } as const;

export class Sipp implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #limitS: number;
  readonly #process: PeerProcess;

  private constructor(folder: string, port: number, process: PeerProcess, limitS: number) {
    this.#folder = folder;
    this.port = port;
    this.#process = process;
    this.#limitS = limitS;
  }

  static async start(root: PeerRoot, options: SippOptions): Promise<Sipp> {
    const { limitS = 30 } = options;
    const folder = mkdtempSync(join(tmpdir(), "wildfire-sipp-"));
    const port = await freeSipPort();
    writeFileSync(join(folder, "scenario.xml"), options.scenario);
    const command = peerCommand(root, "usr/bin/sipp", argumentsOf(options, port, limitS));
    const process = new PeerProcess({ name: "sipp", command, cwd: folder });
    return new Sipp(folder, port, process, limitS);
  }

  get address(): string {
    return `${loopback}:${this.port}`;
  }

  /** Resolves when it can be called. */
  async listens(): Promise<void> {
    const local = `0100007F:${this.port.toString(16).toUpperCase().padStart(4, "0")}`;
    await eventually({
      what: `sipp on UDP port ${this.port}`,
      probe: () => {
        this.#process.requireRunning();
        return readFileSync("/proc/net/udp", "utf8").includes(local);
      },
    });
  }

  /** Resolves when all calls have been made, or the limit has struck. */
  async finished(): Promise<SippResult> {
    const exitCode = await this.#process.exited((this.#limitS + 5) * 1_000);
    const statistics = parseSippStatistics(this.#text(/statistics\.csv$/));
    const successful = statistics.get("SuccessfulCall(C)") ?? 0;
    const failed = statistics.get("FailedCall(C)") ?? 0;
    const errors = this.#text(/_errors\.log$/);
    const isGood = exitCode === 0 && failed === 0 && successful > 0;
    return {
      isGood,
      successful,
      failed,
      retransmissions: statistics.get("Retransmissions(C)") ?? 0,
      messages: parseSippMessages(this.#text(/_messages\.log$/)),
      complaints: isGood ? "" : `exit code ${exitCode}\n${errors || this.#process.explain()}`,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.signal("SIGKILL");
    await this.#process.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #text(pattern: RegExp): string {
    if (!existsSync(this.#folder)) return "";
    const name = readdirSync(this.#folder).find((candidate) => pattern.test(candidate));
    return name === undefined ? "" : readFileSync(join(this.#folder, name), "utf8");
  }
}

/** From start to verdict, for a sipp that calls. */
export async function runSipp(root: PeerRoot, options: SippOptions): Promise<SippResult> {
  await using sipp = await Sipp.start(root, options);
  return await sipp.finished();
}

function argumentsOf(options: SippOptions, port: number, limitS: number): string[] {
  const { target, service = "service", calls = 1, callsPerSecond = 10, pauseMs = 500 } = options;
  const { transport = "udp", credentials, ignoresUnexpected = false } = options;
  const values = {
    "-sf": "scenario.xml",
    "-s": service,
    "-m": String(calls),
    "-r": String(callsPerSecond),
    "-l": "1000",
    "-d": String(pauseMs),
    "-t": transports[transport],
    "-i": loopback,
    "-p": String(port),
    "-mi": loopback,
    "-mp": String(mediaPorts.sipp.from),
    "-timeout": `${limitS}s`,
    "-recv_timeout": String(limitS * 1_000),
    "-stf": "statistics.csv",
    ...(credentials === undefined ? {} : { "-au": credentials.user, "-ap": credentials.password }),
    ...(ignoresUnexpected ? { "-default_behaviors": "all,-abortunexp" } : {}),
  };
  const flags = ["-timeout_error", "-nostdin", "-trace_err", "-trace_msg", "-trace_stat"];
  return [...flags, ...Object.entries(values).flat(), ...(target === undefined ? [] : [target])];
}
