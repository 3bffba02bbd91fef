/** What the answers of a PBX to REGISTER mean for the people who set up a line, in words: pure. */
import { quote } from "../core/errors.ts";
import { fault, type Finding, ok, warning } from "../doctor/finding.ts";

export type LineVerdict =
  | "registered"
  /** User and password are right; others are registered there, so that nothing was changed. */
  | "accepted"
  | "wrong-password"
  | "no-password"
  | "unknown-extension"
  | "refused"
  /** The PBX answers that it cannot just now. */
  | "trouble"
  | "silent"
  | "unreachable"
  | "unknown-name"
  | "tls-refused"
  | "wrong-line"
  | "stopped";

/** What was seen of a line by the end of its trial. */
export interface LineFacts {
  /** `200@pbx.example`. */
  readonly name: string;
  /** `pbx.example:5060 (udp)`. */
  readonly registrar: string;
  /** Of the last answer. */
  readonly status: number | undefined;
  /** From asking to having it; undefined unless the line was registered. */
  readonly registeredMs: number | undefined;
  /** The PBX asked for the password. */
  readonly wasChallenged: boolean;
  /** Others at the PBX under the same extension. */
  readonly others: number;
  /** Where the PBX sees this host, when that is another address than its own. */
  readonly natAddress: string | undefined;
  /** What the last request was refused or lost for. */
  readonly problem: string;
}

const checkAddress =
  "check address and port of the PBX, its transport (udp, tcp or tls), and firewalls in between";

const words: Readonly<
  Record<Exclude<LineVerdict, "wrong-line" | "stopped">, (facts: LineFacts) => Finding>
> = {
  registered: (facts) =>
    withNat(facts, `${facts.name} was registered after ${roundMs(facts.registeredMs)} ms`),
  accepted: (facts) =>
    withNat(
      facts,
      `the PBX accepts ${facts.name}; ${others(facts.others)} registered there and left alone`,
    ),
  "wrong-password": ({ name, status }) =>
    status === 403
      ? fault(
          `the PBX refuses ${name} after it was told the password (it answers 403)`,
          "compare user and password with the extension at the PBX, and see from which addresses it may register",
        )
      : fault(
          `the PBX refuses the password of ${name}`,
          "compare user and password with the extension at the PBX: many say the same for one that they do not have; where its name for the login is another, add ;auth=NAME to the line",
        ),
  "no-password": ({ name }) =>
    fault(`the PBX asks for a password of ${name}, and there is none`, "give the line a password"),
  "unknown-extension": ({ name, status }) =>
    fault(
      `the PBX does not know ${name} (it answers ${status})`,
      "check user and host of the line, and that the PBX has this extension as one of SIP",
    ),
  refused: ({ name, problem }) =>
    fault(
      `${name} is refused: ${problem}`,
      "check what the PBX allows this extension, and from which addresses; its log says more",
    ),
  trouble: ({ name, problem }) =>
    fault(`${name} cannot be registered now: ${problem}`, "look into the log of the PBX"),
  silent: ({ registrar }) => fault(`nobody answers at ${registrar}`, checkAddress),
  unreachable: ({ problem }) => fault(`the PBX cannot be reached: ${problem}`, checkAddress),
  "unknown-name": ({ problem }) => fault(problem, "check the spelling, or give its IP address"),
  "tls-refused": ({ problem }) =>
    fault(`no TLS with the PBX: ${problem}`, "check the certificate, or tls-ca of [sip]"),
};

export function judgeLine(
  verdict: Exclude<LineVerdict, "wrong-line" | "stopped">,
  facts: LineFacts,
): Finding {
  return words[verdict](facts);
}

function withNat({ natAddress, wasChallenged }: LineFacts, known: string): Finding {
  const seen = wasChallenged ? known : `${known}; the PBX asked for no password`;
  if (natAddress === undefined) return ok(seen);
  const fix =
    "this host is behind NAT: the PBX must use symmetric RTP (Asterisk: rtp_symmetric=yes, " +
    "force_rport=yes), or set [sip] advertise and forward the RTP ports";
  return warning(`${seen}; the PBX sees this host as ${quote(natAddress)}`, fix);
}

function others(count: number): string {
  return count === 1 ? "one other device is" : `${count} other devices are`;
}

function roundMs(ms: number | undefined): number {
  return Math.round(ms ?? 0);
}
