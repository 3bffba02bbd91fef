/** The configuration of the demonstration: the usual ports where they are free, and others where not. */
import { WildfireError } from "../../core/errors.ts";
import type { ConfigValues } from "../../config/config-write.ts";
import { listenTcp } from "../../tcp.ts";
import { openUdp } from "../../udp.ts";

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
    web: await freePort(usual.web, [isFreeTcp]),
    whisper: await freePort(usual.whisper, [isFreeUdp]),
    llama: await freePort(usual.llama, [isFreeTcp, isFreeUdp]),
    voice: await freePort(usual.voice, [isFreeTcp]),
    voiceSignal: await freePort(usual.voiceSignal, [isFreeUdp]),
    audiosocket: await freePort(usual.audiosocket, [isFreeTcp]),
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

type PortTest = (port: number) => Promise<boolean>;

/** Of those that no system gives away by itself, so that nobody takes it meanwhile. */
const otherPorts = { from: 18_000, to: 18_999 } as const;

async function freePort(wanted: number, tests: readonly PortTest[]): Promise<number> {
  const others = otherPorts.from + (wanted % 97) * 10;
  for (const port of [wanted, ...Array.from({ length: 10 }, (_, index) => others + index)]) {
    const results = await Promise.all(tests.map((isFree) => isFree(port)));
    if (results.every(Boolean)) return port;
  }
  throw new WildfireError("socket", `no port is free in place of ${wanted}`, {
    hint: "end other programs, or another demonstration",
  });
}

async function isFreeTcp(port: number): Promise<boolean> {
  try {
    const accept = () => ({ data: ignore, closed: ignore });
    listenTcp({ hostname, port, maxPendingBytes: 0, accept }).stop(true);
    return true;
  } catch {
    return false;
  }
}

async function isFreeUdp(port: number): Promise<boolean> {
  return await openUdp({ hostname, port, onDatagram: ignore, onError: ignore }).then(
    (endpoint) => {
      endpoint.close();
      return true;
    },
    () => false,
  );
}

function ignore(): void {
  // Nothing is expected in this moment.
}
