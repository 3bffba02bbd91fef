/** A real llama-server with the tiny model, started for a test on one port and with one slot. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../end-to-end/raw-connection.ts";
import { tinyGguf, tinyModelContext, type TinyModelOptions } from "../../fakes/tiny-gguf.ts";
import { until } from "../../fakes/until.ts";
import { type PeerRoot, peerCommand } from "../../interop/peer-packages.ts";
import { PeerProcess } from "../../interop/peer-process.ts";

const program = "usr/bin/llama-server";

/** A sentence that says why there is no llama-server to test with, or undefined. */
export function whyNoLlamaServer(root: PeerRoot): string | undefined {
  const isThere = existsSync(join(root.folder, program));
  return isThere ? undefined : "the fetched programs hold no llama-server";
}

export class LlamaServer implements AsyncDisposable {
  readonly url: string;
  readonly #root: PeerRoot;
  readonly #port = freePort();
  readonly #folder = mkdtempSync(join(tmpdir(), "wildfire-llama-"));
  #process: PeerProcess | undefined;

  private constructor(root: PeerRoot) {
    this.#root = root;
    this.url = `http://127.0.0.1:${this.#port}`;
  }

  static async start(root: PeerRoot, model: TinyModelOptions): Promise<LlamaServer> {
    const server = new LlamaServer(root);
    await Bun.write(join(server.#folder, "tiny.gguf"), tinyGguf(model));
    await server.run();
    return server;
  }

  /** Starts it, again on the same port if it has been ended. */
  async run(): Promise<void> {
    const arguments_ = ["--model", join(this.#folder, "tiny.gguf"), "--port", String(this.#port)];
    const size = ["--ctx-size", String(tinyModelContext), "--parallel", "1", "--threads", "1"];
    const rest = ["--host", "127.0.0.1", "--slots", "--no-ui"];
    this.#process = new PeerProcess({
      name: "llama-server",
      command: [
        "/usr/bin/env",
        `GGML_BACKEND_PATH=${backendPath(this.#root)}`,
        ...peerCommand(this.#root, program, [...arguments_, ...size, ...rest]),
      ],
      cwd: this.#folder,
    });
    await this.#process.said(/listening on/);
  }

  /** It stands still until `resume`; its connections stay open. */
  pause(): void {
    this.#process?.signal("SIGSTOP");
  }

  resume(): void {
    this.#process?.signal("SIGCONT");
  }

  async kill(): Promise<void> {
    this.#process?.signal("SIGKILL");
    await this.#process?.exited();
  }

  /** Resolves when no slot computes any more. */
  async isIdle(): Promise<void> {
    let isBusy = true;
    const ask = async (): Promise<void> => {
      const response = await fetch(`${this.url}/slots`, { keepalive: false });
      isBusy = (await response.text()).includes('"is_processing":true');
      if (isBusy) await ask();
    };
    await Promise.all([ask(), until(() => !isBusy, "all slots to be free")]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The one for the least of all processors: results do not depend on the machine. */
function backendPath(root: PeerRoot): string {
  const folder = join(root.libraries, "ggml/backends0");
  const names = readdirSync(folder).toSorted();
  const name = names.find((each) => /^libggml-cpu-(x64|armv8\.0.*)\.so$/.test(each));
  if (name === undefined) throw new Error(`no back end for any processor in ${folder}`);
  return join(folder, name);
}
