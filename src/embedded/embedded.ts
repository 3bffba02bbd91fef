/** What every build carries inside itself; one module per target, chosen by the import `#embedded`. */

/** Processor features that a native library was compiled for. */
export type CpuVariant = "avx2" | "sse42" | "neon" | "apple";

export interface EmbeddedLibrary {
  readonly cpu: CpuVariant;
  /** Inside the executable, or on disk when run from sources; readable with `Bun.file`. */
  readonly path: string;
  /** Lower-case hexadecimal digest that the build recorded for exactly these bytes. */
  readonly sha256: string;
}

export interface EmbeddedFiles {
  /** Fastest first: the first one that the processor can run is the one to load. */
  readonly nativeLibraries: readonly EmbeddedLibrary[];
  /** A ggml whisper model, compressed with gzip. */
  readonly demoModelGz: string;
  /** A telephone call of three sentences, 8 kHz 16-bit mono. */
  readonly demoCallWav: string;
  /** Silero VAD for 16 kHz as a ggml file that whisper.cpp reads. */
  readonly voiceActivityModel: string;
  /** The built-in voice: flite as a WebAssembly command, the same for every target. */
  readonly speechModule: string;
}
