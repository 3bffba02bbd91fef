/** `wildfire status NAME`: asks the running services of that name and prints what they answer. */
import { formatOptions, type OptionTable, readOptions } from "../config/options.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { supervisorName } from "../supervisor/sole-supervisor.ts";
import { serviceNames } from "../services/service-names.ts";
import { parseAnswer } from "../services/socket-question.ts";
import { currentStateFolder } from "../services/state-folder.ts";
import { readStatuses } from "../services/status-socket.ts";

const options = {
  "state-dir": { kind: "string", value: "DIR", help: "state folder of the service" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const known: readonly string[] = [...serviceNames, supervisorName];

const help = `What a running service knows of itself, as JSON.

Usage: wildfire status NAME [options]
Example: wildfire status whisper

${formatOptions(options)}

NAME is one of ${known.join(", ")}.
`;

/** One JSON object, or an array of them when several services of that name run. */
export async function status(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--help" || name === "-h") {
    process.stdout.write(help);
    return 0;
  }
  if (name === undefined || !known.includes(name)) {
    throw new WildfireError("usage", `status of what? ${quote(name ?? "")} is no service`, {
      hint: `say wildfire status ${known.join("|")}`,
    });
  }
  const values = readOptions(options, {
    argv: rest,
    env: process.env,
    command: "status",
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const stateFolder = values["state-dir"] ?? currentStateFolder();
  const texts = await readStatuses(stateFolder, name);
  // One that stops while it is asked may give none.
  const answers = texts.map(parseAnswer).filter((answer) => answer !== undefined);
  if (answers.length === 0) {
    throw new WildfireError(
      "state",
      `no ${name} service runs with the state folder ${stateFolder}`,
      {
        hint: `start it with wildfire --service ${name}, or name its folder with --state-dir`,
      },
    );
  }
  process.stdout.write(`${JSON.stringify(answers.length === 1 ? answers[0] : answers, null, 2)}\n`);
  return 0;
}
