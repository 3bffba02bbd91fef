/** Reads `HOST:PORT` options and finds the address of a host. */
import { lookup } from "node:dns/promises";
import { describeError, quote, WildfireError } from "../core/errors.ts";

export interface HostPort {
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9092`, `pbx.example:4000`, `[::1]:9092`; WildfireError("usage") that names the option. */
export function parseHostPort(text: string, option: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new WildfireError("usage", `${option} ${quote(text)} is not HOST:PORT`, {
    hint: "write it like 127.0.0.1:9092 or [::1]:9092",
  });
}

/** Datagrams are sent to IP addresses only; WildfireError("usage") that names the option. */
export async function resolveHost(host: string, option: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    const message = `${option} ${quote(host)} is not known: ${describeError(error)}`;
    throw new WildfireError("usage", message, { cause: error, hint: "check the name" });
  }
}
