/**
 * Tries a line at its PBX: asks who is registered there, which proves user and password, and where
 * nobody is, registers and takes that back. A service that has the line is not disturbed, even where
 * the PBX keeps only one registration.
 */
import type { Clock } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { RegisterOutcome } from "../call/sip/registration/register-exchange.ts";
import { describeTarget, lineTarget } from "../call/sip/registration/registrar-target.ts";
import { lineName, parseLine, type SipLine } from "../call/sip/registration/sip-line.ts";
import type { TlsSettings } from "../call/sip/transport/sip-transport.ts";
import { fault, type Finding } from "../doctor/finding.ts";
import { ConnectError } from "../tcp.ts";
import { LineAttempt } from "./line-attempt.ts";
import { judgeLine, type LineVerdict } from "./line-verdict.ts";
import { refusedTrial, stopped, TrialEnd } from "./trial.ts";

export interface LineTry {
  /** As in the configuration: `USER@HOST[:PORT][;transport=…]`. */
  readonly line: string;
  readonly password: string | undefined;
  /** Address of ours to go out from; undefined: any. */
  readonly bind?: string | undefined;
  readonly tls?: TlsSettings | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly signal: AbortSignal;
  /** For all of it, 6 s unless given. */
  readonly limitMs?: number | undefined;
}

export interface LineTrial extends Finding {
  readonly verdict: LineVerdict;
  /** Where it was asked: `pbx.example:5060 (udp)`; empty for a line that is none. */
  readonly registrar: string;
  /** Of the PBX's last answer. */
  readonly status: number | undefined;
  readonly registeredMs: number | undefined;
  /** The address at which the PBX sees this host, when that is another than its own. */
  readonly natAddress: string | undefined;
  readonly tookMs: number;
}

const usualLimitMs = 6000;
/** Should the goodbye be lost, the PBX forgets us by then. */
const expiresSeconds = 60;
const goodbyeLimitMs = 1500;
/** Whoever answers the question with one of these would answer a registration with it, too. */
const finalStatuses = new Set([404, 410, 604]);
const nothing = { registeredMs: undefined, others: 0, problem: "" } as const;

type Ended = Pick<LineTrial, "verdict" | "registeredMs" | "status"> & {
  readonly others: number;
  readonly problem: string;
};

/** Never rejects. */
export async function tryLine(wanted: LineTry): Promise<LineTrial> {
  const { clock, limitMs = usualLimitMs, log, randomBytes, bind, tls = {}, password } = wanted;
  const startedMs = clock.nowMs();
  const parsed = parseLine(wanted.line);
  if (!parsed.ok) return unusable("wrong-line", fault(parsed.problem, "correct the line"));
  const { line } = parsed;
  const end = new TrialEnd(clock, limitMs, wanted.signal);
  let attempt: LineAttempt | undefined;
  try {
    attempt = await LineAttempt.open({ line, password, bind, tls, clock, log, randomBytes });
    const ended = await run(attempt, { line, password, clock, end });
    return describe(line, attempt, { ...ended, tookMs: clock.nowMs() - startedMs });
  } catch (error) {
    return unusable("unreachable", refusedTrial(error, "check the address to go out from"));
  } finally {
    end.release();
    attempt?.close();
  }
}

interface Running {
  readonly line: SipLine;
  readonly password: string | undefined;
  readonly clock: Clock;
  readonly end: TrialEnd;
}

async function run(attempt: LineAttempt, running: Running): Promise<Ended> {
  const { end } = running;
  const asked = await attempt.query(end.signal);
  if (asked.outcome?.kind === "granted") {
    const { contacts } = asked.outcome.response;
    const others = contacts === "*" ? 0 : contacts.length;
    if (others > 0) return { ...nothing, verdict: "accepted", others, status: attempt.lastStatus };
  } else if (isDecided(attempt, asked.outcome)) {
    return failed(attempt, asked.outcome, running);
  }
  const { outcome, tookMs } = await attempt.register(expiresSeconds, end.signal);
  const isGranted = outcome?.kind === "granted";
  const ended: Ended = isGranted
    ? { ...nothing, verdict: "registered", registeredMs: tookMs, status: attempt.lastStatus }
    : failed(attempt, outcome, running);
  // A request that was not answered may have come there all the same.
  if (isGranted || outcome === undefined || outcome.kind === "away")
    await goodbye(attempt, running);
  return ended;
}

/** Some PBXs refuse the question alone. */
function isDecided(attempt: LineAttempt, outcome: RegisterOutcome | undefined): boolean {
  if (outcome?.kind !== "refused" || attempt.isPasswordRefused) return true;
  return finalStatuses.has(attempt.lastStatus ?? 0);
}

async function goodbye(attempt: LineAttempt, { clock }: Running): Promise<void> {
  const end = new TrialEnd(clock, goodbyeLimitMs, new AbortController().signal);
  try {
    await attempt.takeBack(end.signal);
  } finally {
    end.release();
  }
}

type Failure = Exclude<RegisterOutcome, { readonly kind: "granted" }>;

function failed(
  attempt: LineAttempt,
  outcome: RegisterOutcome | undefined,
  { line, password, end }: Running,
): Ended {
  const known = { ...nothing, status: attempt.lastStatus };
  if (outcome === undefined) return { ...known, verdict: end.isLate ? "silent" : "stopped" };
  if (outcome.kind === "granted") return { ...known, verdict: "trouble" };
  return { ...known, ...nameFailure(attempt, outcome, { line, password }) };
}

function nameFailure(
  attempt: LineAttempt,
  { kind, problem }: Failure,
  { line, password }: Pick<Running, "line" | "password">,
): Pick<Ended, "verdict" | "problem"> {
  const { wayFailure, lastStatus } = attempt;
  if (wayFailure !== undefined) return nameWayFailure(wayFailure, line);
  if (lastStatus === undefined) return { verdict: "unreachable", problem };
  if (kind === "trouble") return { verdict: "trouble", problem };
  if (attempt.isPasswordRefused) return { verdict: "wrong-password", problem };
  if (attempt.wasChallenged && password === undefined) return { verdict: "no-password", problem };
  if (lastStatus === 403 && attempt.wasChallenged) return { verdict: "wrong-password", problem };
  if (finalStatuses.has(lastStatus)) return { verdict: "unknown-extension", problem };
  return { verdict: kind === "away" ? "silent" : "refused", problem };
}

function nameWayFailure(error: unknown, line: SipLine): Pick<Ended, "verdict" | "problem"> {
  const problem = error instanceof WildfireError ? error.message : describeError(error);
  if (!(error instanceof ConnectError)) return { verdict: "unknown-name", problem };
  const isAboutTls = line.transport === "tls" && !problem.endsWith(`: ${error.errno}`);
  return { verdict: isAboutTls ? "tls-refused" : "unreachable", problem };
}

function describe(
  line: SipLine,
  attempt: LineAttempt,
  { verdict, registeredMs, others, problem, status, tookMs }: Ended & { readonly tookMs: number },
): LineTrial {
  const { natAddress, wasChallenged } = attempt;
  const registrar = describeTarget(lineTarget(line));
  const figures = { verdict, registrar, status, registeredMs, natAddress, tookMs };
  if (verdict === "stopped" || verdict === "wrong-line") return { ...stopped(), ...figures };
  const facts = { ...figures, name: lineName(line), wasChallenged, others, problem };
  const finding = judgeLine(verdict, facts);
  const hint = attempt.wayFailure instanceof WildfireError ? attempt.wayFailure.hint : undefined;
  return { ...finding, ...(hint === undefined ? {} : { fix: hint }), ...figures };
}

function unusable(verdict: LineVerdict, finding: Finding): LineTrial {
  const none = { status: undefined, registeredMs: undefined, natAddress: undefined };
  return { ...finding, verdict, registrar: "", ...none, tookMs: 0 };
}
