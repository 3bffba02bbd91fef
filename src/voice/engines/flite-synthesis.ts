/** One piece of text spoken by flite: a program that is given its text and writes a WAV file. */
import { WildfireError } from "../../core/errors.ts";
import { WasiProgram } from "./wasi-command.ts";

/** Best first: three that were made from recordings, and the small old one at 8 kHz. */
export const fliteVoices = ["slt", "rms", "awb", "kal"] as const;
export type FliteVoice = (typeof fliteVoices)[number];

/** How long sounds last against what was recorded; kal speaks too fast otherwise. */
const naturalStretch: Readonly<Record<FliteVoice, number>> = { slt: 1, rms: 1, awb: 1, kal: 1.1 };

export interface FlitePiece {
  /** What `flitePieces` gives: printable ASCII. */
  readonly text: string;
  readonly voice: FliteVoice;
  /** 1 is the natural pace, 2 twice as fast. */
  readonly speed: number;
}

export interface SpokenPiece {
  /** -1..1; empty when the text holds nothing that is spoken. */
  readonly samples: Float32Array<ArrayBuffer>;
  readonly rateHz: number;
}

/** Two minutes at 16 kHz: more than the slowest piece has. */
const maxFileBytes = 4_000_000;

/** flite writes the shortest header that there is, in the byte order of WebAssembly. */
const headerBytes = 44;
const rateAt = 24;
const fullScale = 32_768;

/** Takes about a hundredth of the time that the sound lasts. Throws on a fault of the program. */
export function synthesise(module: WebAssembly.Module, piece: FlitePiece): SpokenPiece {
  return synthesiseWith(new WasiProgram(module), piece);
}

/** The same with a program that was made ready before. */
export function synthesiseWith(program: WasiProgram, piece: FlitePiece): SpokenPiece {
  const stretch = (naturalStretch[piece.voice] / piece.speed).toFixed(3);
  const { exitCode, file } = program.run({
    args: `flite -voice ${piece.voice} --setf duration_stretch=${stretch} -o speech.wav -t`
      .split(" ")
      .concat(piece.text),
    maxFileBytes,
  });
  if (exitCode !== 0) throw fault(`ended with exit code ${exitCode}`);
  if (file.length < headerBytes) throw fault(`wrote ${file.length} bytes`);
  return readSpeech(new DataView(file.buffer, file.byteOffset, file.length));
}

function readSpeech(file: DataView): SpokenPiece {
  const samples = new Float32Array(Math.floor((file.byteLength - headerBytes) / 2));
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = file.getInt16(headerBytes + 2 * index, true) / fullScale;
  }
  return { samples, rateHz: file.getUint32(rateAt, true) };
}

function fault(what: string): WildfireError {
  return new WildfireError("native", `the built-in voice ${what}`);
}
