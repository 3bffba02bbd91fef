/** `wildfire doctor`: walks the path of a call, and says for each step what is seen and what to do. */
import colors from "picocolors";
import {
  formatOptions,
  type OptionTable,
  type OptionValues,
  readOptions,
} from "../config/options.ts";
import { systemClock } from "../core/clock.ts";
import { type CheckResult, runChecks } from "../doctor/check-runner.ts";
import { llamaCheck, voiceCheck } from "../doctor/checks/answers.ts";
import { configurationCheck } from "../doctor/checks/configuration.ts";
import { hearingSpeedCheck } from "../doctor/checks/hearing-speed.ts";
import { linesCheck } from "../doctor/checks/lines.ts";
import { diskCheck, memoryCheck, timeCheck } from "../doctor/checks/machine.ts";
import { pageCheck } from "../doctor/checks/page.ts";
import { portsCheck } from "../doctor/checks/ports.ts";
import { registrationCheck } from "../doctor/checks/registration.ts";
import { servicesCheck } from "../doctor/checks/services.ts";
import { soundPathCheck } from "../doctor/checks/sound-path.ts";
import { testCallCheck } from "../doctor/checks/test-call.ts";
import {
  conclusion,
  type DoctorProgress,
  progressLine,
  reportAsJson,
  resultAsText,
} from "../doctor/doctor-report.ts";
import { worstLevel } from "../doctor/finding.ts";
import { writeSupportArchive } from "../doctor/support-archive.ts";
import { openSurroundings } from "../doctor/surroundings.ts";
import { currentConfigPath } from "../services/config-file.ts";
import { currentStateFolder } from "../services/state-folder.ts";

export const doctorOptions = {
  call: { kind: "boolean", help: "also place a test call through the running services (25 s)" },
  bundle: {
    kind: "string",
    value: "FILE",
    help: "write a support archive (tar.gz) without private data",
  },
  json: { kind: "boolean", help: "one JSON object at the end" },
  progress: { kind: "boolean", help: "each check as a JSON object on a line, once it is known" },
  config: { kind: "string", value: "FILE", help: "configuration file (TOML)" },
  "state-dir": { kind: "string", value: "DIR", help: "state folder of the services" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Walks the path of a call and says what is wrong, and what to do about it.

Usage: wildfire doctor [options]
Example: sudo wildfire doctor --call

${formatOptions(doctorOptions)}

Exit code 1 when there is a fault; warnings alone give 0.
`;

/** All checks, in the order in which a call meets them. */
export const checks = [
  configurationCheck,
  servicesCheck,
  portsCheck,
  linesCheck,
  soundPathCheck,
  registrationCheck,
  hearingSpeedCheck,
  llamaCheck,
  voiceCheck,
  pageCheck,
  diskCheck,
  memoryCheck,
  timeCheck,
] as const;

/** Resolves to 0, or to 1 when there is a fault. */
export async function doctor(argv: readonly string[]): Promise<number> {
  const values = readOptions(doctorOptions, {
    argv,
    env: {},
    command: "doctor",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const chosen = values.call ? [...checks, testCallCheck] : checks;
  const { tell, show } = teller(values);
  tell({ kind: "begin", checks: chosen.map(({ name, title }) => ({ name, title })) });
  const surroundings = await openSurroundings({
    configPath: currentConfigPath(values.config),
    stateFolder: values["state-dir"] ?? currentStateFolder(),
    env: process.env,
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());
  const results = await runChecks({
    checks: chosen,
    surroundings,
    clock: systemClock,
    onResult: show,
    signal: stop.signal,
  });
  if (stop.signal.aborted) return stoppedExitCode;
  const level = worstLevel(results.flatMap(({ findings }) => findings));
  if (values.json) process.stdout.write(reportAsJson(results));
  else if (!values.progress) process.stdout.write(`\n${conclusion(results)}\n`);
  if (values.bundle !== undefined) {
    await writeSupportArchive(values.bundle, surroundings, results);
    process.stderr.write(`wildfire: support archive written: ${values.bundle}\n`);
  }
  tell({ kind: "end", level, conclusion: conclusion(results) });
  return level === "fault" ? 1 : 0;
}

/** As a shell has it for Ctrl+C. */
const stoppedExitCode = 130;

interface Teller {
  /** For whoever watches. */
  readonly tell: (progress: DoctorProgress) => void;
  readonly show: (result: CheckResult) => void;
}

function teller({ json, progress }: OptionValues<typeof doctorOptions>): Teller {
  const tell = (told: DoctorProgress): void => {
    if (progress) process.stdout.write(progressLine(told));
  };
  return {
    tell,
    show(result) {
      if (!json && !progress) process.stdout.write(resultAsText(result, colors));
      tell({ kind: "check", result });
    },
  };
}
