/** Hears WAV files through the project's native library and prints what was understood, as JSON. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { decodeWav, wavDurationMs } from "../../../src/audio/wav.ts";
import { decodeResult, decodeText } from "../../../src/whisper/native-results.ts";
import { type NativeLibrary, loadNative } from "../../../src/whisper/native.ts";
import type { NativeEvent } from "../../../src/whisper/native-layout.ts";
import { finalText } from "../../../src/whisper/transcript.ts";

interface HearRequest {
  readonly library: string;
  readonly model: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly audioContext: number;
  readonly timestamps: boolean;
  readonly flashAttention: boolean;
}

/** Field names are those of the Python class that reads them. */
interface Hearing {
  readonly text: string;
  readonly no_speech_probability: number;
  readonly decode_ms: number;
  readonly duration_s: number;
}

const beamSize = 5;
const pollIntervalMs = 2;
const noPrompt = new Uint8Array(0);

/** The engine directly and not the service's recogniser, which always uses flash attention. */
class Engine {
  readonly #library: NativeLibrary;
  readonly #handle: number;
  readonly #request: HearRequest;

  constructor(request: HearRequest) {
    this.#request = request;
    this.#library = loadNative(request.library);
    this.#handle = this.#library.openEngine(
      {
        lanes: 1,
        threadsPerLane: 1,
        flashAttention: request.flashAttention,
        useGpu: false,
        jobLimit: 1,
        niceness: 0,
      },
      { path: request.model },
    );
  }

  async loaded(): Promise<void> {
    const event = await this.#nextEvent();
    if (event.kind !== "loaded") throw new Error(`cannot load ${this.#request.model}`);
  }

  async hear(id: number, file: string): Promise<Hearing> {
    const path = join(this.#request.folder, file);
    const audio = decodeWav(await Bun.file(path).bytes(), file);
    const job = {
      id,
      priority: 0,
      handicapMs: 0,
      promptBytes: 0,
      sampleCount: audio.samples.length,
      audioContext: this.#request.audioContext,
      language: "en",
      translate: false,
      timestamps: this.#request.timestamps,
      beamSize,
    };
    const status = this.#library.submit(this.#handle, job, audio.samples, noPrompt);
    if (status !== 0) throw new Error(`${file} was refused with status ${status}`);
    const event = await this.#nextEvent();
    const bytes = this.#library.takeResult(this.#handle, id, event.resultBytes);
    const result = event.status === 0 ? decodeResult(bytes, wavDurationMs(audio)) : undefined;
    if (result === undefined) throw new Error(`${file} failed: ${decodeText(bytes)}`);
    return {
      text: finalText(result.segments),
      no_speech_probability: result.noSpeechProbability ?? 0,
      decode_ms: event.decodeMs,
      duration_s: wavDurationMs(audio) / 1000,
    };
  }

  async #nextEvent(): Promise<NativeEvent> {
    for (;;) {
      const [event] = this.#library.poll(this.#handle);
      if (event !== undefined) return event;
      await Bun.sleep(pollIntervalMs);
    }
  }
}

function readRequest(): HearRequest {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      library: { type: "string", default: "" },
      model: { type: "string", default: "" },
      folder: { type: "string", default: "." },
      "audio-context": { type: "string", default: "512" },
      "no-timestamps": { type: "boolean", default: false },
      "no-flash-attention": { type: "boolean", default: false },
    },
  });
  return {
    library: values.library,
    model: values.model,
    folder: values.folder,
    files: positionals,
    audioContext: Number(values["audio-context"]),
    timestamps: !values["no-timestamps"],
    flashAttention: !values["no-flash-attention"],
  };
}

const request = readRequest();
const engine = new Engine(request);
await engine.loaded();
const hearings: Hearing[] = [];
for (const [index, file] of request.files.entries()) {
  hearings.push(await engine.hear(index + 1, file));
}
console.log(JSON.stringify(hearings));
