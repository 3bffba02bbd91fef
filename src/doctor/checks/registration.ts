/** The four ways in which the registration of calls at whisper fails, as whisper itself sees them. */
import type { Check } from "../check-runner.ts";
import { fault, type Finding, ok, skipped, warning } from "../finding.ts";
import { fieldsOf, listOf, memberOf, type ServiceStatus } from "../service-statuses.ts";
import type { Surroundings } from "../surroundings.ts";

export const registrationCheck: Check<Surroundings> = {
  name: "registration",
  title: "Call registration",
  limitMs: 8000,
  isHeavy: false,
  run: ({ statuses }) => Promise.resolve(judgeRegistration(statuses)),
};

export function judgeRegistration(statuses: readonly ServiceStatus[]): readonly Finding[] {
  const whispers = statuses.filter(
    ({ service, status }) => service === "whisper" && status !== undefined,
  );
  if (whispers.length === 0) return [skipped("no whisper service to ask")];
  return whispers.flatMap(({ status }) => judgeListener(fieldsOf(status)));
}

function judgeListener(status: Readonly<Record<string, unknown>>): readonly Finding[] {
  const listener = memberOf(status, "registration");
  const patterns = listOf(status, "patterns").map(fieldsOf).map(judgePattern);
  const found = [...patterns, ...judgeBuffer(listener), ...judgeRefused(listener)];
  if (found.length > 0) return found;
  const { address, datagrams } = listener;
  return [ok(`UDP ${String(address)} is open, ${String(datagrams)} datagrams so far`)];
}

/** A quiet line is no fault: calls may just not have come. */
function judgePattern(pattern: Readonly<Record<string, unknown>>): Finding {
  const name = String(pattern["pattern"]);
  const seen = `pattern ${name}: ${String(pattern["finding"])}`;
  const fix = String(pattern["advice"]);
  return name === "A" ? warning(seen, fix) : fault(seen, fix);
}

function judgeBuffer(listener: Readonly<Record<string, unknown>>): readonly Finding[] {
  const { kernelDrops, receiveBufferBytes, receiveBufferWantedBytes } = listener;
  const findings: Finding[] = [];
  const sysctl = `sysctl -w net.core.rmem_max=${String(receiveBufferWantedBytes)}, then restart whisper`;
  if (typeof kernelDrops === "number" && kernelDrops > 0) {
    findings.push(warning(`the kernel dropped ${kernelDrops} datagrams for lack of room`, sysctl));
  } else if (isLess(receiveBufferBytes, receiveBufferWantedBytes)) {
    const seen = `the receive buffer has ${String(receiveBufferBytes)} of ${String(receiveBufferWantedBytes)} bytes`;
    findings.push(warning(seen, sysctl));
  }
  return findings;
}

function isLess(granted: unknown, wanted: unknown): boolean {
  return (
    typeof granted === "number" && typeof wanted === "number" && granted >= 0 && granted < wanted
  );
}

function judgeRefused(listener: Readonly<Record<string, unknown>>): readonly Finding[] {
  const refused = Object.entries(memberOf(listener, "refused")).filter(
    ([, count]) => typeof count === "number" && count > 0,
  );
  if (refused.length === 0) return [];
  const shown = refused.map(([reason, count]) => `${String(count)} ${reason}`).join(", ");
  return [
    warning(
      `datagrams were refused: ${shown}`,
      "see who sends them: wildfire logs --service whisper",
    ),
  ];
}
