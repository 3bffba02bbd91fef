/** The way of the sound: enough RTP ports that can be opened, and addresses that the PBX can answer to. */
import { parsePortRange, type PortRange } from "../../call/rtp/port-pool.ts";
import { parseIpv4 } from "../../call/sip/message/ip-address.ts";
import { openUdp } from "../../udp.ts";
import type { Check } from "../check-runner.ts";
import { numberOf, textOf } from "../configured.ts";
import { fault, type Finding, ok, skipped, warning } from "../finding.ts";
import type { SeenLine } from "../line-probe.ts";
import type { Surroundings } from "../surroundings.ts";

export interface SoundPathFacts {
  readonly range: PortRange | undefined;
  readonly maxCalls: number;
  readonly advertise: string | undefined;
  readonly lines: readonly SeenLine[];
  /** Some ports of the range were tried: how many, and how many could be opened. */
  readonly tried: number;
  readonly opened: number;
  /** Pairs that the running sip service still has; undefined without one. */
  readonly freePairs: number | undefined;
}

export const soundPathCheck: Check<Surroundings> = {
  name: "sound",
  title: "RTP and NAT",
  limitMs: 10_000,
  isHeavy: false,
  async run({ configured, lines, statuses }) {
    if (!configured.run.includes("sip")) return [skipped("no telephone line is configured")];
    const { effective } = configured;
    const range = parsePortRange(textOf(effective, "sip", "rtp-ports") ?? "");
    const bind = textOf(effective, "sip", "sip-bind") ?? "0.0.0.0";
    const tries = range === undefined ? [] : await tryPorts(range, bind);
    const sip = statuses.find(({ service }) => service === "sip")?.status;
    const freePairs = sip?.["rtpPortsFree"];
    return judgeSoundPath({
      range,
      maxCalls: numberOf(effective, "sip", "max-calls") ?? 0,
      advertise: textOf(effective, "sip", "advertise"),
      lines: await lines,
      tried: tries.length,
      opened: tries.filter(Boolean).length,
      freePairs: typeof freePairs === "number" ? freePairs : undefined,
    });
  },
};

export function judgeSoundPath(facts: SoundPathFacts): readonly Finding[] {
  const { range } = facts;
  if (range === undefined)
    return [fault("[sip] rtp-ports is no range", "write it like 16384-17383")];
  const found = [...judgeRange(range, facts), ...judgeAddresses(facts)];
  if (found.length > 0) return found;
  const seen = facts.lines.find(({ seenAs }) => seenAs !== undefined);
  const nat = seen === undefined ? "" : `; the PBX sees this host as ${seen.seenAs}`;
  return [ok(`UDP ${range.from}-${range.to} for ${facts.maxCalls} calls${nat}`)];
}

function judgeRange(range: PortRange, facts: SoundPathFacts): readonly Finding[] {
  const { maxCalls, tried, opened, freePairs } = facts;
  const shown = `UDP ${range.from}-${range.to}`;
  const pairs = Math.floor((range.to + 1 - Math.ceil(range.from / 2) * 2) / 2);
  const findings: Finding[] = [];
  if (freePairs === 0) {
    findings.push(
      fault(`no RTP port of ${shown} is free`, "widen [sip] rtp-ports, then restart sip"),
    );
  } else if (tried > 0 && opened === 0) {
    const fix = "another program has them: choose another range with [sip] rtp-ports";
    findings.push(fault(`none of ${tried} tried ports of ${shown} can be opened`, fix));
  }
  if (pairs < maxCalls) {
    const seen = `${shown} is room for ${pairs} calls, and max-calls is ${maxCalls}`;
    findings.push(warning(seen, "widen [sip] rtp-ports: two ports for each call"));
  }
  return findings;
}

function judgeAddresses({ advertise, lines }: SoundPathFacts): readonly Finding[] {
  return lines.flatMap((line) => judgeAddress(line, advertise));
}

function judgeAddress(line: SeenLine, advertise: string | undefined): readonly Finding[] {
  const { address, localAddress } = line;
  if (address === undefined || localAddress === undefined) return [];
  const ends = { ...line, address, localAddress };
  return advertise === undefined ? judgeNat(ends) : judgeAdvertised(ends, advertise);
}

type KnownEnds = SeenLine & { readonly address: string; readonly localAddress: string };

function judgeAdvertised(
  { name, address, seenAs }: KnownEnds,
  advertise: string,
): readonly Finding[] {
  if (seenAs !== undefined && advertise !== seenAs) {
    const seen = `${name}: advertise is ${advertise}, but the PBX sees this host as ${seenAs}`;
    return [fault(seen, `set [sip] advertise = "${seenAs}", or leave it out`)];
  }
  if (!isPrivateAddress(address) || isPrivateAddress(advertise)) return [];
  const seen = `${name}: the PBX at ${address} is in the local network, and is told ${advertise}`;
  return [warning(seen, "leave out [sip] advertise unless the PBX can reach that address")];
}

function judgeNat({ name, address, localAddress, seenAs }: KnownEnds): readonly Finding[] {
  const isSeenBehind = seenAs !== undefined && seenAs !== localAddress;
  const mayBe = isPrivateAddress(localAddress) && !isPrivateAddress(address);
  if (!isSeenBehind && !mayBe) return [];
  const as = seenAs === undefined ? "" : `, seen as ${seenAs}`;
  const seen = `${name}: this host (${localAddress}${as}) is behind NAT towards ${address}`;
  const fix =
    "the PBX must use symmetric RTP (Asterisk: rtp_symmetric=yes, force_rport=yes); else set " +
    "[sip] advertise to the public address and forward the RTP ports";
  return [warning(seen, fix)];
}

/** First byte and range of the second: RFC 1918, RFC 6598, loopback and link-local. */
const privateRanges: readonly (readonly [first: number, least: number, most: number])[] = [
  [10, 0, 255],
  [127, 0, 255],
  [172, 16, 31],
  [192, 168, 168],
  [169, 254, 254],
  [100, 64, 127],
];

/** IPv6 addresses of no such range count as public. */
export function isPrivateAddress(address: string): boolean {
  const bytes = parseIpv4(address);
  if (bytes === undefined) return /^(?:::1$|f[cd]|fe[89ab])/i.test(address);
  const [a = 0, b = 0] = bytes;
  return privateRanges.some(([first, least, most]) => a === first && b >= least && b <= most);
}

/** The first, the last and some in between. */
async function tryPorts({ from, to }: PortRange, bind: string): Promise<readonly boolean[]> {
  const steps = 4;
  const ports = Array.from({ length: steps + 1 }, (_, index) =>
    Math.round(from + ((to - from) * index) / steps),
  );
  return await Promise.all([...new Set(ports)].map((port) => canOpen(port, bind)));
}

async function canOpen(port: number, hostname: string): Promise<boolean> {
  try {
    (await openUdp({ hostname, port, onDatagram: ignore, onError: ignore })).close();
    return true;
  } catch {
    return false;
  }
}

function ignore(): void {
  // Whatever comes in this moment is not for us.
}
