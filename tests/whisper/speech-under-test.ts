/** The demo model and short recordings with their texts, for tests that let whisper.cpp listen. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeWav } from "../../src/audio/wav.ts";

const root = join(import.meta.dir, "../..");
const speechFolder = join(root, "tests/data/speech");

/** Encoder positions that the demo model was trained for. */
export const demoAudioContext = 512;

/** The demo model as whisper.cpp reads it. */
export function demoModel(): Uint8Array<ArrayBuffer> {
  return Bun.gunzipSync(readFileSync(join(root, "models/demo/ggml-telephone-tiny.en-q8_0.bin.gz")));
}

export interface Recording {
  readonly name: string;
  readonly text: string;
  /** Mono at 16 kHz. */
  readonly samples: Float32Array;
}

/** All recordings of transcripts.tsv, shortest first. */
export function recordings(): readonly Recording[] {
  const lines = readFileSync(join(speechFolder, "transcripts.tsv"), "utf8").trim().split("\n");
  const all = lines.map((line) => {
    const [name = "", text = ""] = line.split("\t");
    return { name, text, samples: decodeWav(readFileSync(join(speechFolder, name)), name).samples };
  });
  return all.toSorted((a, b) => a.samples.length - b.samples.length);
}

/** The first of `recordings()`. */
export function shortestRecording(): Recording {
  const [shortest] = recordings();
  if (shortest === undefined) throw new Error("tests/data/speech lists no recordings");
  return shortest;
}

/** Names of the recordings in the folder, listed or not. */
export function recordingFiles(): readonly string[] {
  return readdirSync(speechFolder).filter((name) => name.endsWith(".wav"));
}
