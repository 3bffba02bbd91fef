/** A real Asterisk for tests: own folder, own ports, started, asked, restarted and removed. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { Resampler } from "../../src/audio/resample.ts";
import { decodeWav } from "../../src/audio/wav.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { tone } from "../audio/tones.ts";
import { eventually } from "../end-to-end/eventually.ts";
import { type JsonRecord, parseObject } from "../end-to-end/program.ts";
import { freePort } from "../end-to-end/raw-connection.ts";
import { allAccounts, trunk } from "./accounts.ts";
import { OriginatedCall, type OriginateOptions } from "./asterisk-call.ts";
import {
  asteriskFiles,
  certificateFile,
  holdToneHz,
  numbers,
  privateKeyFile,
} from "./asterisk-config.ts";
import { ManagerConnection } from "./manager-connection.ts";
import { type PeerRoot, peerCommand } from "./peer-packages.ts";
import { PeerProcess } from "./peer-process.ts";
import { freeSipPort, loopback } from "./ports.ts";

const narrowHz = 8_000;
const startLimitMs = 20_000;

interface Ports {
  readonly sip: number;
  readonly tls: number | undefined;
  readonly manager: number;
}

export class Asterisk implements AsyncDisposable {
  readonly folder: string;
  readonly ports: Ports;
  readonly #root: PeerRoot;
  readonly #secret = "manager-secret";
  #process: PeerProcess | undefined;
  #manager: ManagerConnection | undefined;
  #calls = 0;

  private constructor(root: PeerRoot, folder: string, ports: Ports) {
    this.#root = root;
    this.folder = folder;
    this.ports = ports;
  }

  /** Resolves when it takes registrations and calls. */
  static async start(root: PeerRoot): Promise<Asterisk> {
    const folder = mkdtempSync(join(tmpdir(), "wildfire-asterisk-"));
    const hasTls = await makeCertificate(folder);
    const tls = hasTls ? freePort() : undefined;
    const ports = { sip: await freeSipPort(), tls, manager: freePort() };
    const asterisk = new Asterisk(root, folder, ports);
    try {
      asterisk.#configure();
      await asterisk.launch();
      return asterisk;
    } catch (error) {
      await asterisk[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `127.0.0.1:port`, for UDP and TCP. */
  get address(): string {
    return `${loopback}:${this.ports.sip}`;
  }

  /** Of the authority that its TLS certificate comes from, which is the certificate itself. */
  get certificatePath(): string {
    return join(this.folder, certificateFile);
  }

  get manager(): ManagerConnection {
    if (this.#manager === undefined) throw new Error("Asterisk is not running");
    return this.#manager;
  }

  /** Starts it, again after `end` on the same ports. */
  async launch(): Promise<void> {
    const program = "usr/sbin/asterisk";
    const command = peerCommand(this.#root, program, [
      "-C",
      `${this.folder}/asterisk.conf`,
      "-f",
      "-n",
    ]);
    const process = new PeerProcess({ name: "asterisk", command, cwd: this.folder });
    this.#process = process;
    this.#manager = await eventually({
      what: "Asterisk's manager interface",
      limitMs: startLimitMs,
      probe: async () => {
        process.requireRunning();
        return await ManagerConnection.open(this.ports.manager, this.#secret).catch(() => false);
      },
      explain: () => process.explain(),
    });
    await this.manager.event("FullyBooted", undefined, startLimitMs);
  }

  /**
   * SIGKILL is a crash: nobody is told. Registrations stay on disk unless they are forgotten; a crash
   * within a second of a registration forgets that one in any case.
   */
  async end(signal: "SIGTERM" | "SIGKILL", forget: "registrations" | "nothing"): Promise<void> {
    this.#process?.signal(signal);
    await this.#process?.exited();
    this.#manager?.close();
    this.#manager = undefined;
    if (forget === "nothing") return;
    rmSync(join(this.folder, "db"), { recursive: true });
    mkdirSync(join(this.folder, "db"));
  }

  /** What a command of its console prints. */
  async cli(command: string): Promise<string> {
    const answer = await this.manager.act({ Action: "Command", Command: command });
    return answer.get("Output") ?? "";
  }

  /** Channels that exist now. */
  async channels(): Promise<number> {
    const [, count = ""] = /(\d+) active channel/.exec(await this.cli("core show channels")) ?? [];
    return Number(count);
  }

  /** Resolves when all calls are over. */
  async isIdle(limitMs?: number): Promise<void> {
    await eventually({
      what: "Asterisk without a channel",
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: async () => (await this.channels()) === 0,
    });
  }

  /** SIP address under which a user is registered now. */
  async contact(user: string): Promise<string | undefined> {
    const uri = (await this.#registration(user))["uri"];
    return typeof uri === "string" ? uri.replaceAll("^3B", ";") : undefined;
  }

  /** Resolves with the contact. */
  async registered(user: string, limitMs?: number): Promise<string> {
    return await eventually({
      what: `${user} to be registered`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: async () => await this.contact(user),
      explain: () => this.#process?.explain() ?? "",
    });
  }

  /** When the registration ends unless it is refreshed, in seconds since 1970. */
  async expiry(user: string): Promise<number> {
    return Number((await this.#registration(user))["expiration_time"] ?? 0);
  }

  /** Whether its own OPTIONS to the telephone was answered. */
  async reachable(user: string): Promise<void> {
    await this.manager.event(
      "ContactStatus",
      (event) => event.get("AOR") === user && event.get("ContactStatus") === "Reachable",
    );
  }

  /** Resolves with a call that is being set up: to a telephone, and from there into the dial plan. */
  async originate(options: OriginateOptions): Promise<OriginatedCall> {
    this.#calls += 1;
    return await OriginatedCall.start(this.manager, `test-${this.#calls}`, options);
  }

  /** Calls a telephone, plays a sound to it and records both ways. */
  async play(channel: string, options: PlayOptions): Promise<RecordedCall> {
    const { sound, tailS = 1 } = options;
    const record = join(this.folder, "recordings", `call-${this.#calls}`);
    const variables = { SPEECH: sound, RECORD: record, TAIL: String(tailS) };
    const call = await this.originate({ channel, number: numbers.play, variables });
    return new RecordedCall(call, record);
  }

  /** Stores a sound and gives the name by which the dial plan plays it. */
  storeSound(name: string, samples: Float32Array, rateHz: number): string {
    const path = join(this.folder, "sounds", name);
    const resampler = new Resampler({ fromHz: rateHz, toHz: narrowHz });
    const narrow =
      rateHz === narrowHz
        ? samples
        : joinSamples([resampler.process(samples).slice(), resampler.flush()]);
    writeFileSync(`${path}.wav`, encodeWav(narrow, narrowHz));
    // Its name for a WAV file of 16 kHz, which it prefers where the telephone takes that.
    if (rateHz === 2 * narrowHz) writeFileSync(`${path}.wav16`, encodeWav(samples, rateHz));
    return path;
  }

  explain(): string {
    return this.#process?.explain() ?? "Asterisk does not run";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#manager?.close();
    this.#process?.signal("SIGKILL");
    await this.#process?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What its database holds about the newest contact of a user. */
  async #registration(user: string): Promise<JsonRecord> {
    const shown = await this.cli("database show registrar/contact");
    const lines = shown.split("\n").filter((line) => line.includes(`/${user};@`));
    const last = lines.at(-1) ?? "";
    return parseObject(last.slice(last.indexOf("{"))) ?? {};
  }

  #configure(): void {
    for (const name of ["db", "hold", "keys", "log", "recordings", "run", "sounds", "spool"]) {
      mkdirSync(join(this.folder, name));
    }
    const files = asteriskFiles({
      folder: this.folder,
      dataFolder: join(this.#root.folder, "usr/share/asterisk"),
      moduleFolder: join(this.#root.libraries, "asterisk/modules"),
      sipPort: this.ports.sip,
      tlsPort: this.ports.tls,
      managerPort: this.ports.manager,
      managerSecret: this.#secret,
      accounts: allAccounts,
      trunk,
    });
    for (const [name, text] of files) writeFileSync(join(this.folder, name), text);
    const hold = tone({ hz: holdToneHz, rateHz: narrowHz, samples: 10 * narrowHz });
    writeFileSync(join(this.folder, "hold/tone.wav"), encodeWav(hold, narrowHz));
  }
}

export interface PlayOptions {
  /** From `storeSound`. */
  readonly sound: string;
  /** How long it listens when the sound has been played. */
  readonly tailS?: number;
}

/** A call whose sound Asterisk records, both ways at 8 kHz; the files are whole when it has ended. */
export class RecordedCall {
  readonly call: OriginatedCall;
  readonly #path: string;

  constructor(call: OriginatedCall, path: string) {
    this.call = call;
    this.#path = path;
  }

  /** What came from the telephone. */
  async heard(): Promise<Float32Array> {
    return await this.#read("heard");
  }

  /** What went to the telephone. */
  async said(): Promise<Float32Array> {
    return await this.#read("said");
  }

  async #read(name: string): Promise<Float32Array> {
    const path = `${this.#path}-${name}.wav`;
    await eventually({ what: path, probe: () => existsSync(path) });
    return decodeWav(readFileSync(path), path).samples;
  }
}

/** False where there is no openssl to make one with. */
async function makeCertificate(folder: string): Promise<boolean> {
  if (Bun.which("openssl") === null) return false;
  const files = ["-keyout", join(folder, privateKeyFile), "-out", join(folder, certificateFile)];
  const names = ["-subj", "/CN=exchange", "-addext", `subjectAltName=IP:${loopback},DNS:localhost`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const child = Bun.spawn(["openssl", "req", "-x509", "-days", "2", ...key, ...names, ...files], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  return (await child.exited) === 0;
}
