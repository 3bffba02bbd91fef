/** A real software telephone for tests, without devices: speaks a WAV file and records both ways. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeWav } from "../../src/audio/wav.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { eventually } from "../end-to-end/eventually.ts";
import { parseObject, type JsonRecord } from "../end-to-end/program.ts";
import { connectRaw, freePort, type RawConnection } from "../end-to-end/raw-connection.ts";
import type { Account } from "./accounts.ts";
import { encodeNetstring, NetstringDecoder } from "./netstrings.ts";
import { type PeerRoot, peerCommand } from "./peer-packages.ts";
import { PeerProcess } from "./peer-process.ts";
import { freeSipPort, loopback, mediaPorts } from "./ports.ts";

const rateHz = 8_000;
const widebandRateHz = 16_000;

export interface BaresipOptions {
  readonly account: Account;
  /** `host:port` of the exchange or proxy; the account's domain unless one is given. */
  readonly registrar: string;
  /** What it says in each call, at `telephoneRateHz`. It hangs up where this ends. */
  readonly microphone: Float32Array;
  readonly domain?: string;
  readonly transport?: "udp" | "tcp" | "tls";
}

/** Rate at which a telephone with this account speaks and hears. */
export function telephoneRateHz(account: Account): number {
  return account.codecs.includes("g722") ? widebandRateHz : rateHz;
}

export class Baresip implements AsyncDisposable {
  readonly folder: string;
  readonly #process: PeerProcess;
  readonly #events: JsonRecord[] = [];
  readonly #answers: JsonRecord[] = [];
  readonly #control: RawConnection;

  private constructor(folder: string, process: PeerProcess, control: RawConnection) {
    this.folder = folder;
    this.#process = process;
    this.#control = control;
    const decoder = new NetstringDecoder();
    control.onData = (bytes) => {
      for (const text of decoder.push(bytes)) this.#receive(parseObject(text) ?? {});
    };
  }

  /** Resolves when it is registered. */
  static async start(root: PeerRoot, options: BaresipOptions): Promise<Baresip> {
    const folder = mkdtempSync(join(tmpdir(), "wildfire-baresip-"));
    const controlPort = freePort();
    const hz = telephoneRateHz(options.account);
    mkdirSync(join(folder, "recordings"));
    writeFileSync(join(folder, "microphone.wav"), encodeWav(options.microphone, hz));
    writeFileSync(join(folder, "accounts"), accountLine(options));
    const sipPort = await freeSipPort();
    const config = configText({ root, folder, sipPort, controlPort, hz });
    writeFileSync(join(folder, "config"), config);
    const command = peerCommand(root, "usr/bin/baresip", ["-f", folder, "-v"]);
    const process = new PeerProcess({ name: "baresip", command, cwd: folder });
    try {
      const control = await eventually({
        what: "baresip's control connection",
        probe: async () => {
          process.requireRunning();
          return await connectRaw(controlPort).catch(() => false as const);
        },
        explain: () => process.explain(),
      });
      const baresip = new Baresip(folder, process, control);
      // It may have registered before anybody listened to its events.
      await process.said(/ 200 OK .*\[\d+ binding|All \d+ useragents? registered/);
      return baresip;
    } catch (error) {
      await process.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Says who is called; `answered` tells when somebody is there. */
  async dial(uri: string): Promise<void> {
    await this.command("dial", uri);
  }

  async command(name: string, params = ""): Promise<JsonRecord> {
    const token = `${name}-${this.#answers.length}`;
    const text = JSON.stringify({ command: name, params, token });
    this.#control.send(encodeNetstring(text));
    return await eventually({
      what: `baresip's answer to ${name}`,
      probe: () => this.#answers.find((answer) => answer["token"] === token),
      explain: () => this.#process.explain(),
    });
  }

  /** One key of the telephone. */
  async press(digit: string): Promise<void> {
    await this.command("sndcode", digit);
  }

  async hold(): Promise<void> {
    await this.command("hold");
  }

  async resume(): Promise<void> {
    await this.command("resume");
  }

  async hangUp(): Promise<void> {
    await this.command("hangup");
  }

  /** Resolves when there have been so many events of a kind: CALL_ESTABLISHED, CALL_CLOSED, … */
  async event(type: string, count = 1, limitMs = 20_000): Promise<JsonRecord> {
    return await eventually({
      what: `${count} ${type} from baresip`,
      limitMs,
      probe: () => this.events(type)[count - 1],
      explain: () => this.#process.explain(),
    });
  }

  events(type: string): readonly JsonRecord[] {
    return this.#events.filter((event) => event["type"] === type);
  }

  /** What it heard in each call, oldest first; whole when the call has been closed. */
  heard(): Float32Array[] {
    const folder = join(this.folder, "recordings");
    const names = readdirSync(folder).filter((name) => name.endsWith("-dec.wav"));
    return names.toSorted().map((name) => {
      const path = join(folder, name);
      return decodeWav(readFileSync(path), path).samples;
    });
  }

  explain(): string {
    return this.#process.explain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#control.end();
    await this.#process.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #receive(message: JsonRecord): void {
    if (message["event"] === true) this.#events.push(message);
    else this.#answers.push(message);
  }
}

function accountLine(options: BaresipOptions): string {
  const { account, registrar, domain = registrar, transport = "udp" } = options;
  const codecs = account.codecs.map((codec) => codecNames[codec]).join(",");
  const parameters = [
    `auth_user=${account.user}`,
    `auth_pass=${account.password}`,
    `outbound="sip:${registrar};transport=${transport}"`,
    `audio_codecs=${codecs}`,
    ...(account.isEncrypted ? ["mediaenc=srtp-mand"] : []),
    "answermode=auto;regint=60;ptime=20;dtmfmode=rtpevent",
  ];
  return `<sip:${account.user}@${domain};transport=${transport}>;${parameters.join(";")}\n`;
}

const codecNames = { ulaw: "PCMU/8000/1", alaw: "PCMA/8000/1", g722: "G722/16000/1" } as const;

interface ConfigFacts {
  readonly root: PeerRoot;
  readonly folder: string;
  /** The next one too. */
  readonly sipPort: number;
  readonly controlPort: number;
  readonly hz: number;
}

function configText({ root, folder, sipPort, controlPort, hz }: ConfigFacts): string {
  const { from, to } = mediaPorts.baresip;
  return `poll_method epoll
sip_listen ${loopback}:${sipPort}
sip_verify_server no
net_interface ${loopback}
call_local_timeout 60
call_max_calls 20
audio_path ${root.folder}/usr/share/baresip
audio_source aufile,${folder}/microphone.wav
audio_player aubridge,sink
audio_alert aubridge,alert
ausrc_srate ${hz}
auplay_srate ${hz}
ausrc_channels 1
auplay_channels 1
audio_buffer 20-160
rtp_ports ${from}-${to}
rtp_timeout 60
jitter_buffer_type off
module_path ${root.folder}/usr/lib/baresip/modules
module g711.so
module g722.so
module srtp.so
module aufile.so
module sndfile.so
module aubridge.so
snd_path ${folder}/recordings
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen ${loopback}:${controlPort}
`;
}
