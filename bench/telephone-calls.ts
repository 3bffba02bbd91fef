/**
 * What telephone calls cost the sip service, without recognition: a small PBX calls it, speaks, and counts
 * what comes back; the sound of all calls goes to a whisper that hears nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../src/core/clock.ts";
import { createLogger } from "../src/core/log.ts";
import type { Bench, BenchContext } from "./context.ts";
import { PacketPacing } from "./packet-pacing.ts";
import type { MeasureName } from "./registry.ts";
import { ServiceProcess } from "./service-process.ts";
import { SettlingWhisper } from "./settling-whisper.ts";
import type { PbxCall } from "./pbx-call.ts";
import { SmallPbx } from "./small-pbx.ts";
import { median, percentile } from "./statistics.ts";

const user = "200";
const rtpPorts = { from: 30_000, to: 31_999 };
const serviceRtpPorts = "28000-29999";
const stages = [1, 50, 200] as const;
type Stage = (typeof stages)[number];
const measuredMs = { full: 15_000, quick: 5000 } as const;
/** Until jitter buffers, compilers and collectors have found their way. */
const settleMs = 3000;
const setups = { full: 300, quick: 100 } as const;

export const telephoneCalls: Bench = {
  names: [
    "telephone.setup-ms",
    "telephone.cpu-per-call-percent",
    "telephone.cpu-per-call-percent.1",
    "telephone.cpu-per-call-percent.200",
    "telephone.memory-per-call-mb",
    "telephone.memory-per-call-mb.200",
    "telephone.pacing-p99-ms",
    "telephone.pacing-p99-ms.200",
  ],
  isDisturbedByOthers: true,
  async run(context) {
    const rig = await openRig(context);
    try {
      const results = new Map<MeasureName, number>();
      results.set("telephone.setup-ms", await measureSetup(rig, context));
      for (const stage of stages) {
        const figures = await measureStage(stage, rig, context);
        for (const [name, value] of namesOf(stage, figures)) results.set(name, value);
      }
      return results;
    } finally {
      rig.pbx.close();
      rig.whisper.close();
      await rig.service.kill();
    }
  },
};

interface Rig {
  readonly pbx: SmallPbx;
  readonly whisper: SettlingWhisper;
  readonly service: ServiceProcess;
  readonly idleMb: number;
}

async function openRig({ temporaryFolder }: BenchContext): Promise<Rig> {
  const clock = systemClock;
  const log = createLogger({ level: "error", clock, sink: () => undefined });
  const pbx = await SmallPbx.open({ clock, log, rtpPorts });
  const whisper = await SettlingWhisper.open(clock);
  const service = await ServiceProcess.launch({
    service: "sip",
    argv: [
      `--line=${user}@${pbx.address}`,
      `--whisper-port=${whisper.port}`,
      `--rtp-ports=${serviceRtpPorts}`,
      "--max-calls=400",
    ],
    stateFolder: `${temporaryFolder}/sip`,
    env: { WILDFIRE_LINE_PASSWORD: "bench" },
  });
  await pbx.registered(user);
  // One call has been made and ended: what the first one loads is not the price of a call.
  const first = await pbx.call(user);
  await sleep(settleMs);
  first.hangUp();
  await first.ended;
  return { pbx, whisper, service, idleMb: service.memoryMegabytes() };
}

/** Milliseconds from INVITE to established, for calls one after another; each is hung up at once. */
async function measureSetup({ pbx }: Rig, context: BenchContext): Promise<number> {
  const count = context.isQuick ? setups.quick : setups.full;
  const times: number[] = [];
  const startedMs = performance.now();
  for (let index = 0; index < count; index += 1) {
    context.progress(`telephone: call ${index + 1} of ${count} is set up`);
    const beforeMs = performance.now();
    const call = await pbx.call(user);
    times.push(performance.now() - beforeMs);
    call.hangUp();
    await call.ended;
  }
  const perSecond = (count * 1000) / (performance.now() - startedMs);
  context.note(
    `calls set up and ended one after another: ${perSecond.toFixed(0)} a second; ` +
      `setting up: median ${median(times).toFixed(1)}, p99 ${percentile(times, 0.99).toFixed(1)} ms`,
  );
  return 1000 / perSecond;
}

interface StageFigures {
  readonly cpuPercent: number;
  readonly memoryMb: number;
  readonly pacingMs: number;
}

async function measureStage(
  stage: Stage,
  { pbx, service, whisper, idleMb }: Rig,
  context: BenchContext,
): Promise<StageFigures> {
  const lengthMs = context.isQuick ? measuredMs.quick : measuredMs.full;
  context.progress(`telephone: ${stage} calls`);
  const calls: PbxCall[] = [];
  while (calls.length < stage) calls.push(await pbx.call(user));
  await sleep(settleMs);
  const pacing = new PacketPacing();
  for (const call of calls) call.onFrame = pacing.stream();
  const before = { cpuMs: service.cpuMs(), atMs: performance.now(), samples: whisper.samples };
  await sleep(lengthMs);
  const tookMs = performance.now() - before.atMs;
  const cpuPercent = ((service.cpuMs() - before.cpuMs) * 100) / tookMs / stage;
  const memoryMb = (service.memoryMegabytes() - idleMb) / stage;
  const heardShare = (whisper.samples - before.samples) / (16 * tookMs * stage);
  const lost = calls.reduce((sum, call) => sum + call.statistics().lostPackets, 0);
  const { p99Ms, maxMs, packets } = pacing.result();
  context.note(
    `${stage} calls: ${cpuPercent.toFixed(2)} % of a core and ${memoryMb.toFixed(2)} MB each; ` +
      `packets ${packets}, lost ${lost}, apart p99 ${p99Ms.toFixed(1)}, at most ${maxMs.toFixed(1)} ms; ` +
      `whisper got ${(100 * heardShare).toFixed(1)} % of the sound`,
  );
  for (const call of calls) call.hangUp();
  await Promise.all(calls.map((call) => call.ended));
  return { cpuPercent, memoryMb, pacingMs: p99Ms };
}

function namesOf(stage: Stage, figures: StageFigures): readonly [MeasureName, number][] {
  const { cpuPercent, memoryMb, pacingMs } = figures;
  if (stage === 1) return [["telephone.cpu-per-call-percent.1", cpuPercent]];
  if (stage === 50) {
    return [
      ["telephone.cpu-per-call-percent", cpuPercent],
      ["telephone.memory-per-call-mb", memoryMb],
      ["telephone.pacing-p99-ms", pacingMs],
    ];
  }
  return [
    ["telephone.cpu-per-call-percent.200", cpuPercent],
    ["telephone.memory-per-call-mb.200", memoryMb],
    ["telephone.pacing-p99-ms.200", pacingMs],
  ];
}
