/** Whether each port of the services is free, or held by the service that it belongs to. */
import type { Check } from "../check-runner.ts";
import { type Configured, numberOf, textOf } from "../configured.ts";
import { fault, type Finding, ok, warning } from "../finding.ts";
import { findPortOwner, type PortKind, type PortOwner } from "../port-owner.ts";
import { portProblem } from "../port-probe.ts";
import type { Surroundings } from "../surroundings.ts";

export interface NeededPort {
  readonly service: string;
  readonly kind: PortKind;
  readonly port: number;
  readonly bind: string;
}

export interface SeenPort extends NeededPort {
  readonly state: "free" | "taken" | "forbidden";
  /** Why it cannot be opened. */
  readonly reason: string;
  readonly owner: PortOwner | undefined;
  /** Processes of the service that it belongs to. */
  readonly servicePids: readonly number[];
}

export const portsCheck: Check<Surroundings> = {
  name: "ports",
  title: "Ports",
  limitMs: 8000,
  isHeavy: false,
  async run({ configured, statuses }) {
    const pidsOf = (name: string): readonly number[] =>
      statuses.filter(({ service }) => service === name).map(({ pid }) => pid);
    const needed = neededPorts(configured);
    const seen = await Promise.all(needed.map((port) => lookAtPort(port, pidsOf(port.service))));
    return judgePorts(seen);
  },
};

const table = [
  ["whisper", "udp", "port"],
  ["llama", "tcp", "port"],
  ["llama", "udp", "port"],
  ["kokoro", "tcp", "port"],
  ["kokoro", "udp", "signal-port"],
  ["web", "tcp", "port"],
  ["sip", "udp", "sip-port"],
] as const;

/** Of services that are to run; a port of 0 is any. */
function neededPorts({
  run,
  effective,
}: Pick<Configured, "run" | "effective">): readonly NeededPort[] {
  return table.flatMap(([service, kind, key]) => {
    const port = numberOf(effective, service, key) ?? 0;
    const bind = textOf(effective, service, service === "sip" ? "sip-bind" : "bind");
    if (!run.includes(service) || port === 0) return [];
    return [{ service, kind, port, bind: bind ?? "0.0.0.0" }];
  });
}

export function judgePorts(ports: readonly SeenPort[]): readonly Finding[] {
  const bad = ports.flatMap(judgePort);
  if (bad.length > 0) return bad;
  const shown = ports.map(({ kind, port, state, service }) => {
    const holder = state === "free" ? "free" : service;
    return `${kind.toUpperCase()} ${port} ${holder}`;
  });
  return [ok(shown.length === 0 ? "no fixed port is needed" : shown.join(", "))];
}

function judgePort(seen: SeenPort): readonly Finding[] {
  const { service, kind, port, state, owner, servicePids, reason, bind } = seen;
  const shown = `${kind.toUpperCase()} ${port}`;
  if (state === "forbidden") {
    return [
      fault(`${service} cannot have ${shown} on ${bind}: ${reason}`, "check bind and port of it"),
    ];
  }
  const runs = servicePids.length > 0;
  if (state === "free") {
    if (!runs) return [];
    const fix = `restart ${service}: it was started with other options than the configuration has`;
    return [warning(`${service} runs, but does not listen on ${shown}`, fix)];
  }
  if (owner === undefined) {
    if (runs) return [];
    const fix = `find who has it: sudo ss -lp${kind === "udp" ? "u" : "t"}n "sport = :${port}"`;
    return [fault(`${shown} of ${service} is taken by another program`, fix)];
  }
  if (servicePids.includes(owner.pid)) return [];
  const fix = `stop that program, or give ${service} another port`;
  return [fault(`${shown} of ${service} is held by ${owner.name} (process ${owner.pid})`, fix)];
}

async function lookAtPort(needed: NeededPort, servicePids: readonly number[]): Promise<SeenPort> {
  const reason = await portProblem(needed);
  if (reason === "") {
    return { ...needed, state: "free", reason, owner: undefined, servicePids };
  }
  const isTaken = reason.includes("EADDRINUSE");
  const owner = isTaken ? await findPortOwner(needed.port, needed.kind) : undefined;
  return { ...needed, state: isTaken ? "taken" : "forbidden", reason, owner, servicePids };
}
