/** Whether each line is registered, and if not, whether its PBX is there at all. */
import type { Check } from "../check-runner.ts";
import { fault, type Finding, ok, skipped } from "../finding.ts";
import { type SeenLine, tryLines } from "../line-probe.ts";
import { fieldsOf, listOf, type ServiceStatus } from "../service-statuses.ts";
import type { Surroundings } from "../surroundings.ts";

export interface LinesFacts {
  readonly wantsLines: boolean;
  readonly seen: readonly SeenLine[];
  readonly statuses: readonly ServiceStatus[];
  /** What came of trying lines that no service has, by their names. */
  readonly tried?: ReadonlyMap<string, Finding>;
}

export const linesCheck: Check<Surroundings> = {
  name: "lines",
  title: "PBX and lines",
  limitMs: 10_000,
  isHeavy: false,
  async run({ configured, lines, statuses, ...how }, signal) {
    const wantsLines = configured.run.includes("sip");
    const seen = wantsLines ? await lines : [];
    // Of the others the service knows more, and a wrong password is not to be told too often.
    const orphans = seen.filter(
      ({ name, problem }) => problem === undefined && stateOf(name, statuses) === undefined,
    );
    const names = new Set(orphans.map(({ name }) => name));
    const tried = await tryLines({ configured, names, signal, ...how });
    return judgeLines({ wantsLines, seen, statuses, tried });
  },
};

export function judgeLines({ wantsLines, seen, statuses, tried }: LinesFacts): readonly Finding[] {
  if (!wantsLines) return [skipped("no telephone line is configured")];
  return seen.map((line) => {
    const trial = tried?.get(line.name);
    return judgeLine(line, stateOf(line.name, statuses), trial);
  });
}

type LineState = Readonly<Record<string, unknown>> | undefined;

function stateOf(name: string, statuses: readonly ServiceStatus[]): LineState {
  return statuses
    .filter(({ service }) => service === "sip")
    .flatMap(({ status }) => listOf(status, "lines"))
    .map(fieldsOf)
    .find((state) => state["line"] === name);
}

function judgeLine(line: SeenLine, state: LineState, trial: Finding | undefined): Finding {
  const { name, address, problem } = line;
  const where = address === undefined ? "" : ` at ${address}`;
  if (state?.["isRegistered"] === true) return ok(`${name} is registered${where}`);
  if (problem !== undefined) {
    const fix = "check the address of the PBX, its port and transport, and firewalls in between";
    return fault(`${name}: the PBX cannot be reached: ${problem}`, fix);
  }
  if (state === undefined) {
    if (trial?.level === "fault") return trial;
    return fault(
      `${name}: the PBX${where} answers, but no sip service has this line`,
      "restart sip",
    );
  }
  const reason = String(state["lastProblem"] ?? state["state"]);
  return fault(`${name} is not registered: ${reason}`, fixFor(reason));
}

function fixFor(reason: string): string {
  if (/\b40[137]\b|password|credential/i.test(reason)) {
    return "check user and password of this extension on the PBX and in secrets.toml";
  }
  if (/\b404\b/.test(reason))
    return "check that the PBX has this extension, and of this technology";
  return "see wildfire logs --service sip, and the log of the PBX";
}
