/**
 * Every name that the bench can report. Programs compare runs of different versions by these names:
 * one is added here, with its bench in benches.ts, and then keeps its meaning.
 */

export interface Measure {
  /** Lower-case words joined by hyphens, groups by dots. */
  readonly name: string;
  readonly unit: string;
  /** The largest value that passes; null for a measure that only informs. */
  readonly bar: number | null;
}

export const measures = [
  { name: "ffi.cpu-ratio", unit: "ratio", bar: 1.02 },
  { name: "ffi.cpu-ratio.demo", unit: "ratio", bar: null },
  { name: "ffi.cpu-ratio.base", unit: "ratio", bar: null },
  { name: "register.connect-p99-ms", unit: "ms", bar: 20 },
  { name: "event-loop.delay-p99-ms", unit: "ms", bar: 5 },
  { name: "registration.lost", unit: "datagrams", bar: 0 },
  { name: "start.ready-ms.demo", unit: "ms", bar: null },
  { name: "start.ready-ms.base", unit: "ms", bar: null },
  { name: "memory.peak-mb.demo", unit: "MB", bar: null },
  { name: "memory.peak-mb.base", unit: "MB", bar: null },
  { name: "loop.cpu-per-call-percent", unit: "%", bar: null },
  { name: "hearing.cpu-ratio-3s", unit: "ratio", bar: 0.35 },
  { name: "hearing.cpu-ratio-3s.demo", unit: "ratio", bar: null },
  { name: "hearing.cpu-ratio-3s.base", unit: "ratio", bar: null },
  { name: "hearing.wer-change-trimmed", unit: "fraction", bar: 0.005 },
  { name: "hearing.final-after-silence-p95-ms.demo", unit: "ms", bar: 30 },
  { name: "hearing.final-after-silence-p95-ms.base", unit: "ms", bar: null },
  { name: "hearing.final-late-ms.base", unit: "ms", bar: 30 },
  { name: "hearing.work-8-calls-inverse", unit: "ratio", bar: 1.053 },
  { name: "hearing.work-8-calls-inverse.cpu", unit: "ratio", bar: null },
  { name: "hearing.work-8-calls-inverse.wall", unit: "ratio", bar: null },
  { name: "hearing.abort-p99-ms", unit: "ms", bar: 60 },
  { name: "hearing.abort-p99-ms.demo", unit: "ms", bar: null },
  { name: "hearing.abort-p99-ms.base", unit: "ms", bar: null },
  { name: "hearing.chunk-to-text-p50-ms.one", unit: "ms", bar: null },
  { name: "hearing.chunk-to-text-p50-ms.eight", unit: "ms", bar: null },
  { name: "hearing.detector.missed-percent.30db", unit: "%", bar: null },
  { name: "hearing.detector.missed-percent.15db", unit: "%", bar: 2 },
  { name: "hearing.detector.missed-percent.5db", unit: "%", bar: null },
  { name: "hearing.detector.false-percent.30db", unit: "%", bar: null },
  { name: "hearing.detector.false-percent.15db", unit: "%", bar: null },
  { name: "hearing.detector.false-percent.5db", unit: "%", bar: null },
  { name: "hearing.detector.long-pauses-bridged-percent.30db", unit: "%", bar: null },
  { name: "hearing.detector.long-pauses-bridged-percent.15db", unit: "%", bar: null },
  { name: "hearing.detector.long-pauses-bridged-percent.5db", unit: "%", bar: null },
  { name: "hearing.detector.short-pauses-cut-percent.30db", unit: "%", bar: null },
  { name: "hearing.detector.short-pauses-cut-percent.15db", unit: "%", bar: null },
  { name: "hearing.detector.short-pauses-cut-percent.5db", unit: "%", bar: null },
  { name: "hearing.detector-cpu-percent", unit: "%", bar: 1 },
  { name: "hearing.detector-cpu-percent.talking", unit: "%", bar: null },
  { name: "hearing.detector-cpu-percent.silent", unit: "%", bar: null },
  { name: "hearing.invented-texts", unit: "texts", bar: 0 },
  { name: "hearing.lost-finals", unit: "finals", bar: 0 },
  { name: "hearing.memory-growth-ratio", unit: "ratio", bar: 1.05 },
  { name: "audio.decode-resample-us", unit: "us", bar: 8 },
  { name: "audio.decode-resample-us.pcmu", unit: "us", bar: null },
  { name: "audio.decode-resample-us.pcma", unit: "us", bar: null },
  { name: "audio.decode-resample-us.loss", unit: "us", bar: null },
  { name: "audio.decode-us.g722", unit: "us", bar: null },
  { name: "audio.resample-encode-us.pcmu", unit: "us", bar: null },
  { name: "audio.resample-encode-us.g722", unit: "us", bar: null },
  { name: "telephone.setup-ms", unit: "ms", bar: 10 },
  { name: "telephone.cpu-per-call-percent", unit: "%", bar: 1 },
  { name: "telephone.cpu-per-call-percent.1", unit: "%", bar: null },
  { name: "telephone.cpu-per-call-percent.200", unit: "%", bar: null },
  { name: "telephone.memory-per-call-mb", unit: "MB", bar: 1 },
  { name: "telephone.memory-per-call-mb.200", unit: "MB", bar: null },
  { name: "telephone.pacing-p99-ms", unit: "ms", bar: 25 },
  { name: "telephone.pacing-p99-ms.200", unit: "ms", bar: null },
  { name: "conversation.clause-p95-ms", unit: "ms", bar: 10 },
  { name: "conversation.cancel-p99-ms", unit: "ms", bar: 50 },
  { name: "conversation.answer-p95-ms", unit: "ms", bar: 650 },
  { name: "conversation.first-answer-ms", unit: "ms", bar: null },
  { name: "conversation.greeting-p95-ms", unit: "ms", bar: 300 },
  { name: "conversation.barge-in-p95-ms", unit: "ms", bar: 150 },
  { name: "conversation.false-interruptions", unit: "signals", bar: 0 },
  { name: "conversation.back-channel-cancels", unit: "answers", bar: 0 },
  { name: "conversation.turns-wrong", unit: "turns", bar: 0 },
  { name: "voice.first-sound-p95-ms", unit: "ms", bar: null },
] as const satisfies readonly Measure[];

export type MeasureName = (typeof measures)[number]["name"];

/** The measures that a name stands for: itself, and all whose names begin with it and a dot. */
export function selectMeasures(name: string): MeasureName[] {
  return measures
    .map((measure) => measure.name)
    .filter((known) => known === name || known.startsWith(`${name}.`));
}
