/** The llama service between a scripted chat server and a voice of the bench. */
import { join } from "node:path";
import { openUdp, type UdpEndpoint } from "../src/udp.ts";
import { callIdOf } from "../src/wire/call-id.ts";
import { encodeReport } from "../src/wire/reports.ts";
import { ChatServer, type ChatScript } from "./chat-server.ts";
import type { BenchContext } from "./context.ts";
import { freePort } from "./free-port.ts";
import { ServiceProcess } from "./service-process.ts";
import { TextCaller } from "./text-caller.ts";
import { TextListener } from "./text-listener.ts";

const host = "127.0.0.1";
/** What the voice tells of each text: that it was heard to its end, at once. */
const heardSamples = 24_000;

export class LlamaStage {
  readonly chat: ChatServer;
  /** Takes texts as the voice does, and tells that they were heard. */
  readonly voice: TextListener;
  readonly #port: number;
  readonly #endpoint: UdpEndpoint;
  readonly #service: ServiceProcess;

  private constructor(parts: LlamaStageParts, service: ServiceProcess) {
    this.chat = parts.chat;
    this.voice = parts.voice;
    this.#port = parts.port;
    this.#endpoint = parts.endpoint;
    this.#service = service;
  }

  static async open({ temporaryFolder }: BenchContext, script: ChatScript): Promise<LlamaStage> {
    const chat = new ChatServer(script);
    const port = await freePort();
    const endpoint = await openUdp({
      hostname: host,
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    const voice = new TextListener(hearAll(endpoint, port));
    const service = await ServiceProcess.launch({
      service: "llama",
      argv: [
        "--backend=openai",
        `--url=${chat.url}`,
        `--port=${port}`,
        `--out-port=${voice.port}`,
        "--voice-signal-port=0",
      ],
      stateFolder: join(temporaryFolder, "llama"),
    });
    return new LlamaStage({ chat, voice, port, endpoint }, service);
  }

  /** A call that has begun. */
  async call(callId: number): Promise<TextCaller> {
    const caller = await TextCaller.open({ callId, port: this.#port });
    caller.signal("register");
    return caller;
  }

  async close(): Promise<void> {
    this.chat.close();
    this.voice.close();
    this.#endpoint.close();
    await this.#service.kill();
  }
}

interface LlamaStageParts {
  readonly chat: ChatServer;
  readonly voice: TextListener;
  readonly port: number;
  readonly endpoint: UdpEndpoint;
}

function hearAll(endpoint: UdpEndpoint, port: number): (callId: string) => void {
  const numbers = new Map<string, number>();
  return (callId) => {
    const text = (numbers.get(callId) ?? 0) + 1;
    numbers.set(callId, text);
    const values = { text, samples: heardSamples, of: heardSamples, voice: 0, wait: 1 };
    const report = { kind: "heard", callId: callIdOf(Number(callId)), values } as const;
    endpoint.send(encodeReport(report), port, host);
  };
}
