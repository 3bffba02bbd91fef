/** Asks the PBX of each line whether it is there, and where it sees us; tries lines that no service has. */
import { lookup } from "node:dns/promises";
import { lineName, parseLine, type SipLine } from "../call/sip/registration/sip-line.ts";
import type { EffectiveConfig, Environment } from "../config/config-effective.ts";
import type { Clock } from "../core/clock.ts";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { connectTcp } from "../tcp.ts";
import { lineSettings } from "../tries/configured-line.ts";
import { tryLine } from "../tries/line-trial.ts";
import { openUdp, sourceAddressFor } from "../udp.ts";
import { type Configured, textsOf } from "./configured.ts";
import type { Finding } from "./finding.ts";
import { type OptionsAnswer, optionsRequest, parseOptionsAnswer } from "./options-request.ts";

export interface SeenLine {
  /** `200@pbx.example`. */
  readonly name: string;
  /** Of the PBX; undefined when its name is not known. */
  readonly address: string | undefined;
  /** The address of ours that leads there. */
  readonly localAddress: string | undefined;
  /** As the PBX sees us, where it says so. */
  readonly seenAs: string | undefined;
  /** Undefined when the PBX answers. */
  readonly problem: string | undefined;
}

export interface LineProbeOptions {
  readonly config: EffectiveConfig;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
}

const answerLimitMs = 3000;
/** RFC 3261's T1, doubled each time. */
const resendMs = [0, 500, 1000];
const defaultPorts = { udp: 5060, tcp: 5060, tls: 5061 } as const;

/** Never rejects. */
export async function lookAtLines(options: LineProbeOptions): Promise<readonly SeenLine[]> {
  const lines = textsOf(options.config, "sip", "line").flatMap((text) => {
    const parsed = parseLine(text);
    return parsed.ok ? [parsed.line] : [];
  });
  return await Promise.all(lines.map((line) => lookAtLine(line, options)));
}

export interface LineTrialsOptions {
  readonly configured: Configured;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly signal: AbortSignal;
  /** Which lines, by their names. */
  readonly names: ReadonlySet<string>;
}

/** What the PBX says to a registration of these lines, by their names. Never rejects. */
export async function tryLines(options: LineTrialsOptions): Promise<ReadonlyMap<string, Finding>> {
  const { configured, env, names, ...how } = options;
  const tried = textsOf(configured.effective, "sip", "line").map(async (text) => {
    const parsed = parseLine(text);
    if (!parsed.ok || !names.has(lineName(parsed.line))) return [];
    try {
      const settings = await lineSettings(configured, text, env);
      // Without one the check of the configuration says what is missing.
      if (settings.password === undefined) return [];
      const { level, seen, fix } = await tryLine({ line: text, ...settings, ...how });
      const finding = { level, seen, ...(fix === undefined ? {} : { fix }) };
      return [[lineName(parsed.line), finding] as const];
    } catch {
      return [];
    }
  });
  return new Map((await Promise.all(tried)).flat());
}

async function lookAtLine(line: SipLine, options: LineProbeOptions): Promise<SeenLine> {
  const name = lineName(line);
  const { host, port = defaultPorts[line.transport] } = line.proxy ?? line;
  const none = { name, address: undefined, localAddress: undefined, seenAs: undefined };
  let address: string;
  try {
    address = (await lookup(host)).address;
  } catch (error) {
    return { ...none, problem: `the name ${host} is not known: ${formatErrno(errnoOf(error))}` };
  }
  const localAddress = sourceAddressFor(address);
  const known = { name, address, localAddress, seenAs: undefined };
  if (localAddress === undefined) return { ...known, problem: `no way leads to ${address}` };
  try {
    if (line.transport !== "udp") {
      await connectOnce(address, port, options.clock);
      return { ...known, problem: undefined };
    }
    const answer = await askByUdp({ host, address, port, localAddress }, options);
    if (answer !== undefined) return { ...known, seenAs: answer.seenAs, problem: undefined };
    return { ...known, problem: `${address}:${port} does not answer by UDP` };
  } catch (error) {
    return { ...known, problem: describeError(error) };
  }
}

async function connectOnce(hostname: string, port: number, clock: Clock): Promise<void> {
  const attempt = connectTcp(
    { hostname, port, timeoutMs: answerLimitMs, clock, maxPendingBytes: 0 },
    { data: () => undefined, closed: () => undefined },
  );
  (await attempt.link).destroy();
}

interface UdpTarget {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
}

async function askByUdp(
  { host, address, port, localAddress }: UdpTarget,
  { clock, randomBytes }: LineProbeOptions,
): Promise<OptionsAnswer | undefined> {
  const token = Buffer.from(randomBytes(8)).toString("hex");
  const answered = Promise.withResolvers<OptionsAnswer | undefined>();
  const endpoint = await openUdp({
    hostname: address.includes(":") ? "::" : "0.0.0.0",
    port: 0,
    onDatagram(bytes) {
      const answer = parseOptionsAnswer(bytes, token);
      if (answer !== undefined) answered.resolve(answer);
    },
    onError: () => answered.resolve(undefined),
  });
  const request = optionsRequest({ host, localAddress, localPort: endpoint.port, token });
  const send = (): void => void endpoint.send(request, port, address);
  const timers = resendMs.map((delayMs) => clock.after(delayMs, send));
  timers.push(clock.after(answerLimitMs, () => answered.resolve(undefined)));
  try {
    return await answered.promise;
  } finally {
    for (const timer of timers) timer.cancel();
    endpoint.close();
  }
}
