/** The configuration of the demonstration: the usual ports where they are free, and others where not. */
import { WildfireError } from "../../core/errors.ts";
import type { ConfigValues } from "../../config/config-write.ts";
import type { PortKind } from "../../doctor/port-owner.ts";
import { isPortFree } from "../../doctor/port-probe.ts";

const hostname = "127.0.0.1";

export interface DemoPorts {
  readonly web: number;
  readonly whisper: number;
  readonly llama: number;
  readonly voice: number;
  readonly voiceSignal: number;
  readonly audiosocket: number;
}

/** As users find them elsewhere. */
const usual: DemoPorts = {
  web: 8081,
  whisper: 13_000,
  llama: 8083,
  voice: 8090,
  voiceSignal: 13_001,
  audiosocket: 9092,
};

/** Throws a WildfireError("socket") when not even other ports are free. */
export async function findDemoPorts(): Promise<DemoPorts> {
  return {
    web: await freePort(usual.web, ["tcp"]),
    whisper: await freePort(usual.whisper, ["udp"]),
    llama: await freePort(usual.llama, ["tcp", "udp"]),
    voice: await freePort(usual.voice, ["tcp"]),
    voiceSignal: await freePort(usual.voiceSignal, ["udp"]),
    audiosocket: await freePort(usual.audiosocket, ["tcp"]),
  };
}

export interface DemoSettings {
  readonly ports: DemoPorts;
  readonly greeting: string;
  readonly model: string | undefined;
}

export function demoConfig({ ports, greeting, model }: DemoSettings): ConfigValues {
  const signals = { "llama-signal-port": ports.llama, "voice-signal-port": ports.voiceSignal };
  return {
    services: { run: ["whisper", "llama", "kokoro", "audiosocket", "web"], "drain-s": 0 },
    audiosocket: { listen: `${hostname}:${ports.audiosocket}`, "whisper-port": ports.whisper },
    whisper: {
      port: ports.whisper,
      "llama-port": ports.llama,
      ...signals,
      ...(model === undefined ? {} : { model }),
    },
    llama: {
      port: ports.llama,
      "out-port": ports.voice,
      "voice-signal-port": ports.voiceSignal,
      backend: "echo",
      greeting,
    },
    kokoro: {
      port: ports.voice,
      "signal-port": ports.voiceSignal,
      "llama-signal-port": ports.llama,
    },
    web: { port: ports.web, "whisper-port": ports.whisper },
    // What was said can be heard again on the page.
    history: { audio: true },
  };
}

/** Ten for each, of those that no system gives away by itself, so that nobody takes one meanwhile. */
const firstOtherPort = 18_000;
const otherPortsEach = 10;
/** Takes the usual ports apart, modulo. */
const otherDecades = 97;

async function freePort(wanted: number, kinds: readonly PortKind[]): Promise<number> {
  const first = firstOtherPort + (wanted % otherDecades) * otherPortsEach;
  const others = Array.from({ length: otherPortsEach }, (_, index) => first + index);
  for (const port of [wanted, ...others]) {
    const results = await Promise.all(kinds.map((kind) => isPortFree({ kind, port })));
    if (results.every(Boolean)) return port;
  }
  throw new WildfireError("socket", `no port is free in place of ${wanted}`, {
    hint: "end other programs, or another demonstration",
  });
}
