/** `wildfire doctor`: walks the path of a call, and says for each step what is seen and what to do. */
import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import colors from "picocolors";
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { chooseConfigFile, defaultConfigFile } from "../config/paths.ts";
import { systemClock } from "../core/clock.ts";
import { runChecks } from "../doctor/check-runner.ts";
import { llamaCheck, voiceCheck } from "../doctor/checks/answers.ts";
import { configurationCheck } from "../doctor/checks/configuration.ts";
import { hearingSpeedCheck } from "../doctor/checks/hearing-speed.ts";
import { linesCheck } from "../doctor/checks/lines.ts";
import { diskCheck, memoryCheck, timeCheck } from "../doctor/checks/machine.ts";
import { portsCheck } from "../doctor/checks/ports.ts";
import { registrationCheck } from "../doctor/checks/registration.ts";
import { servicesCheck } from "../doctor/checks/services.ts";
import { soundPathCheck } from "../doctor/checks/sound-path.ts";
import { testCallCheck } from "../doctor/checks/test-call.ts";
import { conclusion, reportAsJson, resultAsText } from "../doctor/doctor-report.ts";
import { worstLevel } from "../doctor/finding.ts";
import { writeSupportArchive } from "../doctor/support-archive.ts";
import { openSurroundings } from "../doctor/surroundings.ts";
import { currentStateFolder } from "../services/state-folder.ts";

export const doctorOptions = {
  call: { kind: "boolean", help: "also place a test call through the running services (25 s)" },
  bundle: {
    kind: "string",
    value: "FILE",
    help: "write a support archive (tar.gz) without private data",
  },
  json: { kind: "boolean", help: "one JSON object at the end" },
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
    file: {},
    fileName: "",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const surroundings = await openSurroundings({
    configPath: configPath(values.config),
    stateFolder: values["state-dir"] ?? currentStateFolder(),
    env: process.env,
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  const results = await runChecks({
    checks: values.call ? [...checks, testCallCheck] : checks,
    surroundings,
    clock: systemClock,
    onResult: (result) => {
      if (!values.json) process.stdout.write(resultAsText(result, colors));
    },
  });
  const isBad = worstLevel(results.flatMap(({ findings }) => findings)) === "fault";
  process.stdout.write(values.json ? reportAsJson(results) : `\n${conclusion(results)}\n`);
  if (values.bundle !== undefined) {
    await writeSupportArchive(values.bundle, surroundings, results);
    process.stderr.write(`wildfire: support archive written: ${values.bundle}\n`);
  }
  return isBad ? 1 : 0;
}

function configPath(given: string | undefined): string {
  const user = {
    env: process.env,
    home: homedir(),
    userId: process.getuid?.() ?? 0,
    temporaryFolder: tmpdir(),
  };
  return chooseConfigFile({ given, user, hasDefault: existsSync(defaultConfigFile) });
}
