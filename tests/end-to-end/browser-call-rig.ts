/** All that a call from a browser goes through, as processes: web, whisper, an echo for LLaMA, the built-in voice. */
import { eventually } from "./eventually.ts";
import { Stage } from "./harness.ts";
import type { JsonRecord, Program } from "./program.ts";
import { parseObject } from "./program.ts";
import { freePort, freeUdpPort } from "./raw-connection.ts";
import { ScriptedBrowser } from "../services/browser-call-rig.ts";

const frameSamples = 320;
const frameMs = 20;

export class BrowserStage implements AsyncDisposable {
  readonly stage: Stage;
  readonly url: string;
  readonly web: Program;
  whisper: Program;
  readonly #ports: Ports;

  private constructor(parts: Parts) {
    this.stage = parts.stage;
    this.url = parts.url;
    this.web = parts.web;
    this.whisper = parts.whisper;
    this.#ports = parts.ports;
  }

  /** Resolves when all services are ready. */
  static async open(webArgv: readonly string[] = []): Promise<BrowserStage> {
    const stage = new Stage();
    const ports = {
      llama: freePort(),
      voice: freePort(),
      voiceSignal: await freeUdpPort(),
      whisper: await freeUdpPort(),
    };
    const kokoro = stage.start("kokoro", [
      `--port=${ports.voice}`,
      `--signal-port=${ports.voiceSignal}`,
      `--llama-signal-port=${ports.llama}`,
    ]);
    await kokoro.said("kokoro is ready");
    const llama = stage.start("llama", [
      "--backend=echo",
      `--port=${ports.llama}`,
      `--out-port=${ports.voice}`,
      `--voice-signal-port=${ports.voiceSignal}`,
    ]);
    await llama.said("llama is ready");
    const whisper = await startWhisper(stage, ports);
    const web = stage.start("web", ["--port=0", `--whisper-port=${ports.whisper}`, ...webArgv]);
    const { url } = await web.said("web is ready");
    return new BrowserStage({ stage, ports, whisper, web, url: String(url) });
  }

  /** A call that is answered. */
  async call(): Promise<ScriptedBrowser> {
    const { origin, host } = new URL(this.url);
    const browser = new ScriptedBrowser(`ws://${host}/api/v1/talk`, { origin });
    await eventually({
      what: "an answer to the call",
      probe: () => browser.find("answered"),
      explain: () => `${JSON.stringify(browser.events)}\n${this.web.explain()}`,
    });
    return browser;
  }

  async json(path: string): Promise<JsonRecord> {
    return parseObject(await (await fetch(this.url + path.slice(1))).text()) ?? {};
  }

  /** What is under that address once this is in it. */
  async shows(path: string, words: string): Promise<string> {
    return await eventually({
      what: `${words} at ${path}`,
      probe: async () => {
        const text = await (await fetch(this.url + path.slice(1))).text();
        return text.includes(words) && text;
      },
      explain: () => this.web.explain(),
    });
  }

  /** Ends whisper as a crash does, and starts it again on the same port. */
  async crashWhisper(): Promise<void> {
    this.whisper.signal("SIGKILL");
    await this.whisper.exited();
    this.whisper = await startWhisper(this.stage, this.#ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stage[Symbol.asyncDispose]();
  }
}

interface Ports {
  readonly llama: number;
  readonly voice: number;
  readonly voiceSignal: number;
  readonly whisper: number;
}

interface Parts {
  readonly stage: Stage;
  readonly ports: Ports;
  readonly whisper: Program;
  readonly web: Program;
  readonly url: string;
}

async function startWhisper(stage: Stage, ports: Ports): Promise<Program> {
  const { program } = await stage.startWhisper({
    llamaPort: ports.llama,
    port: ports.whisper,
    argv: [`--voice-signal-port=${ports.voiceSignal}`],
  });
  return program;
}

/** 16 kHz, as a microphone gives it: a frame every 20 ms; resolves when the last one is sent. */
export async function speak(browser: ScriptedBrowser, samples: Float32Array): Promise<void> {
  const startedMs = performance.now();
  for (let at = 0; at < samples.length; at += frameSamples) {
    const pcm = new Int16Array(frameSamples);
    for (const [index, sample] of samples.subarray(at, at + frameSamples).entries()) {
      pcm[index] = Math.round(sample * 32_767);
    }
    browser.send(new Uint8Array(pcm.buffer));
    const dueMs = startedMs + ((at + frameSamples) / frameSamples) * frameMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await Bun.sleep(waitMs);
  }
}

/** All final transcripts of the call so far. */
export function wordsOf(browser: ScriptedBrowser): readonly string[] {
  return browser.events.flatMap(({ kind, text }) => (kind === "said" ? [String(text)] : []));
}
