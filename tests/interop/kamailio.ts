/** A real kamailio for tests: registrar and proxy on ports of its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allAccounts } from "./accounts.ts";
import { kamailioScript, type KamailioPlan } from "./kamailio-config.ts";
import { type PeerRoot, peerCommand } from "./peer-packages.ts";
import { PeerProcess } from "./peer-process.ts";
import { freeSipPort, loopback } from "./ports.ts";
import { answersOptions } from "./sip-probe.ts";

export class Kamailio implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #process: PeerProcess;

  private constructor(folder: string, port: number, process: PeerProcess) {
    this.#folder = folder;
    this.port = port;
    this.#process = process;
  }

  /** Resolves when it answers. */
  static async start(
    root: PeerRoot,
    algorithm: KamailioPlan["algorithm"] = "MD5",
  ): Promise<Kamailio> {
    const folder = mkdtempSync(join(tmpdir(), "wildfire-kamailio-"));
    const port = await freeSipPort();
    const moduleFolder = join(root.libraries, "kamailio/modules/");
    const plan = { folder, moduleFolder, port, algorithm, accounts: allAccounts };
    writeFileSync(join(folder, "kamailio.cfg"), kamailioScript(plan));
    const argv = ["-DD", "-E", "-f", "kamailio.cfg", "-P", "pid", "-Y", folder, "-w", folder];
    const command = peerCommand(root, "usr/sbin/kamailio", argv);
    const process = new PeerProcess({ name: "kamailio", command, cwd: folder });
    const kamailio = new Kamailio(folder, port, process);
    try {
      await answersOptions(port, () => process.requireRunning());
      return kamailio;
    } catch (error) {
      await kamailio[Symbol.asyncDispose]();
      throw error;
    }
  }

  get address(): string {
    return `${loopback}:${this.port}`;
  }

  /** Resolves when a request of this method has followed its route set to here. */
  async routed(method: string): Promise<void> {
    await this.#process.said(new RegExp(`on the recorded route: ${method}`));
  }

  explain(): string {
    return this.#process.explain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
