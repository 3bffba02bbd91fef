/** Model files that are none, or not whole: one clear line and exit code 1, never a crash. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { endMarker } from "../../src/wire/audio-frames.ts";
import { executablePath, repositoryPath } from "../end-to-end/executable.ts";
import { Stage } from "../end-to-end/harness.ts";
import { Announcer, LegacyInbound, utteranceChunk } from "../end-to-end/legacy-inbound.ts";
import { type Program, runToEnd } from "../end-to-end/program.ts";
import { samplesOf, shortest } from "../end-to-end/speech.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

setDefaultTimeout(testLimitMs);

const compressed = readFileSync(repositoryPath("models/demo/ggml-telephone-tiny.en-q8_0.bin.gz"));
const model = gunzipSync(compressed);
const callId = 3900;
const damagedId = 3902;
const utterance = utteranceChunk(samplesOf(shortest));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-models-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs whisper with this model; the result is a program that has ended. */
async function refuse(path: string): Promise<Program> {
  const argv = ["--service", "whisper", "--port", "0", "--state-dir", join(folder, "state")];
  return await runToEnd({ argv: [...argv, "--model", path], cwd: folder });
}

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function expectOneLine(program: Program, path: string): string {
  expect(program.endSignal).toBeNull();
  expect(program.exitCode).toBe(1);
  const said = program.errors.filter((line) => line.startsWith("wildfire: "));
  expect(said).toHaveLength(1);
  expect(program.errors.at(-1)).toBe(said[0]);
  expect(program.errors.filter((line) => /^\s+at /.test(line))).toEqual([]);
  expect(said[0]).toContain(path);
  return said[0] ?? "";
}

const noModels: Readonly<Record<string, { readonly make: () => string; readonly says: RegExp }>> = {
  "that does not exist": { make: () => join(folder, "none.bin"), says: /does not exist|ENOENT/ },
  "that is a folder": {
    make: () => {
      mkdirSync(join(folder, "directory"));
      return join(folder, "directory");
    },
    says: /folder|directory|EISDIR/,
  },
  "of zero bytes": { make: () => write("zero.bin", ""), says: /is empty/ },
  "of three bytes": { make: () => write("three.bin", "lmg"), says: /not a whisper.cpp ggml model/ },
  "that is text": {
    make: () => write("text.bin", "Dear model, please transcribe. ".repeat(100)),
    says: /not a whisper.cpp ggml model/,
  },
  "that is compressed": { make: () => write("model.bin.gz", compressed), says: /gzip/ },
  "that is a WAV file": { make: () => shortest.path, says: /is a recording/ },
  "that is a program": { make: () => executablePath(), says: /ELF|program|executable/ },
  "in GGUF format": {
    make: () => write("model.gguf", "GGUF\u0003\u0000".padEnd(500)),
    says: /GGUF/,
  },
  "that is a web page, as failed downloads are": {
    make: () => write("page.bin", "<!DOCTYPE html><html><body>404</body></html>"),
    says: /is a web page/,
  },
  "that is a device without an end": { make: () => "/dev/zero", says: /file/ },
};

describe("a model file", () => {
  for (const [name, { make, says }] of Object.entries(noModels)) {
    test(`${name} is refused with a line that says so`, async () => {
      const path = make();
      expect(expectOneLine(await refuse(path), path)).toMatch(says);
    });
  }

  const lengths = [4, 8, 47, 48, 100, 20_000, 100_000, 500_000, 1_000_000, model.length >> 1];
  for (const length of [...lengths, model.length - 4096, model.length - 1]) {
    test(`cut off after ${length} of ${model.length} bytes is refused`, async () => {
      const path = write(`cut-${length}.bin`, model.subarray(0, length));
      expect(expectOneLine(await refuse(path), path)).toMatch(/ends|short|cut|truncated/);
    });
  }

  test("with something behind its end is refused", async () => {
    const path = write("longer.bin", Buffer.concat([model, Buffer.alloc(1000)]));
    expect(expectOneLine(await refuse(path), path)).toContain("1000 bytes");
  });
});

/** whisper_hparams in the order of the file, behind the magic number. */
const parameters = [
  "n_vocab",
  "n_audio_ctx",
  "n_audio_state",
  "n_audio_head",
  "n_audio_layer",
  "n_text_ctx",
  "n_text_state",
  "n_text_head",
  "n_text_layer",
  "n_mels",
  "ftype",
] as const;

describe("a model whose header does not fit its tensors is refused", () => {
  for (const [index, name] of parameters.entries()) {
    test(name, async () => {
      const original = model.readInt32LE(4 + index * 4);
      for (const value of [0, -1, 0x7fff_ffff, original + 1, original * 2, original * 1000]) {
        if (isHarmless(name, original, value)) continue;
        const changed = Buffer.from(model);
        changed.writeInt32LE(value | 0, 4 + index * 4);
        const path = write(`${name}.bin`, changed);
        expectOneLine(await refuse(path), path);
      }
    });
  }
});

/** Twice the heads of half the width use the same tensors: nonsense, but it loads. */
function isHarmless(name: string, original: number, value: number): boolean {
  return name.endsWith("_head") && value === original * 2;
}

test("damaged bytes anywhere end in a line or in a model that loads, never in a crash", async () => {
  const random = new SeededRandom(7);
  const whole = new Uint8Array(model);
  let refused = 0;
  for (let round = 0; round < 15; round += 1) {
    await using stage = new Stage();
    const damaged = whole.slice();
    const area = random.pick([60, 70_000, 600_000, damaged.length - 1]);
    for (let count = random.between(1, 20); count > 0; count -= 1) {
      damaged[random.between(4, area)] = random.between(0, 255);
    }
    const path = write("damaged.bin", damaged);
    const program = stage.start("whisper", ["--port", "0", "--model", path]);
    const ready = await program.said("whisper is ready").catch(() => undefined);
    if (ready === undefined) {
      expectOneLine(program, path);
      refused += 1;
      continue;
    }
    using announcer = await Announcer.open(Number(ready["port"]));
    using inbound = new LegacyInbound(damagedId, announcer);
    (await inbound.call()).send(utterance, endMarker);
    await program.said("call ended");
    program.signal("SIGTERM");
    expect(await program.exited()).toBe(0);
  }
  expect(refused).toBeGreaterThan(2);
});

test("a good model from a file hears like the embedded one", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const path = write("good.bin", model);
  const whisper = await stage.startWhisper({ llamaPort: llama.port, argv: ["--model", path] });
  const inbound = stage.startInbound({ callId, recording: shortest, whisperPort: whisper.port });
  expect(await inbound.exited()).toBe(0);
  expect(await llama.hears(callId, 1)).toEqual([...shortest.texts]);
});
