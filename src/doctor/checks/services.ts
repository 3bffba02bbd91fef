/** Whether the services run, each once, all of one build, and none was given up. */
import { versionInfo } from "../../version.ts";
import type { Check } from "../check-runner.ts";
import { fault, type Finding, ok, warning } from "../finding.ts";
import { fieldsOf, listOf, type ServiceStatus } from "../service-statuses.ts";
import type { Surroundings } from "../surroundings.ts";

export interface ServicesFacts {
  readonly run: readonly string[];
  readonly statuses: readonly ServiceStatus[];
  /** Of this executable. */
  readonly build: string;
  readonly stateFolder: string;
}

export const servicesCheck: Check<Surroundings> = {
  name: "services",
  title: "Services",
  limitMs: 8000,
  isHeavy: false,
  run: ({ configured, statuses, stateFolder }) => {
    const { version, commit } = versionInfo();
    const build = `${version} ${commit}`;
    return Promise.resolve(judgeServices({ run: configured.run, statuses, build, stateFolder }));
  },
};

export function judgeServices(facts: ServicesFacts): readonly Finding[] {
  const { run, statuses, stateFolder } = facts;
  const missing = run.filter((name) => !statuses.some(({ service }) => service === name));
  if (missing.length === run.length && statuses.length === 0) {
    const fix =
      "start them: sudo systemctl start wildfire, or wildfire up; if they do run, look as their " +
      "user or root, or name their folder with --state-dir";
    return [fault(`no service runs with the state folder ${stateFolder}`, fix)];
  }
  const found = [
    ...missing.map((name) =>
      fault(`${name} does not run${givenUp(statuses, name)}`, startFix(name)),
    ),
    ...statuses.flatMap(judgeOne),
    ...judgeTwins(statuses),
    ...judgeBuilds(facts),
  ];
  if (found.length > 0) return found;
  const names = statuses.map(({ service }) => service);
  return [ok(`${names.join(", ")} run, all of build ${facts.build}`)];
}

function startFix(name: string): string {
  return `see why with wildfire logs --service ${name}, then start it: systemctl restart wildfire`;
}

/** What the supervisor knows of a service that is not there. */
function givenUp(statuses: readonly ServiceStatus[], name: string): string {
  const children = statuses
    .filter(({ service }) => service === "supervisor")
    .flatMap(({ status }) => listOf(status, "services"))
    .map(fieldsOf);
  const child = children.find((one) => one["name"] === name);
  const reason = child?.["lastReason"];
  return typeof reason === "string" && reason !== "" ? `: ${reason}` : "";
}

function judgeOne({ service, pid, status, problem }: ServiceStatus): readonly Finding[] {
  if (problem !== undefined) {
    const fix = `look at the load of the host, then restart ${service}`;
    return [fault(`${service} (process ${pid}) does not answer: ${problem}`, fix)];
  }
  if (status?.["state"] !== "starting") return [];
  return [warning(`${service} (process ${pid}) is still starting`, "a large model takes its time")];
}

/** Two of one name take each other's datagrams and ports. */
function judgeTwins(statuses: readonly ServiceStatus[]): readonly Finding[] {
  const singles = ["whisper", "llama", "kokoro", "web", "supervisor"];
  return singles.flatMap((name) => {
    const pids = statuses.filter(({ service }) => service === name).map(({ pid }) => pid);
    if (pids.length < 2) return [];
    return [
      fault(`${name} runs ${pids.length} times: processes ${pids.join(", ")}`, "stop all but one"),
    ];
  });
}

function judgeBuilds({ statuses, build }: ServicesFacts): readonly Finding[] {
  const others = statuses.flatMap(({ service, pid, status }) => {
    if (status === undefined) return [];
    const theirs = `${text(status["version"])} ${text(status["commit"])}`;
    return theirs === build ? [] : [`${service} (process ${pid}) is ${theirs}`];
  });
  if (others.length === 0) return [];
  const seen = `not of this build, ${build}: ${others.join("; ")}`;
  return [fault(seen, "restart them with this executable: systemctl restart wildfire")];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "unknown";
}
