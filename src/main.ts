/** The command line: argv to command, loaded only when it is asked for. */
import { describeError, quote, WildfireError } from "./core/errors.ts";
import { type ServiceName, serviceNames } from "./services/service-names.ts";

type Command = (argv: readonly string[]) => Promise<number>;

const services: Readonly<Record<ServiceName, Command>> = {
  async whisper(argv) {
    const { whisperService } = await import("./services/whisper.ts");
    const { runService } = await import("./services/run-service.ts");
    return await runService(whisperService, argv);
  },
  async inbound(argv) {
    const { inboundService } = await import("./services/inbound.ts");
    const { runService } = await import("./services/run-service.ts");
    return await runService(inboundService, argv);
  },
  async outbound(argv) {
    const { outboundService } = await import("./services/outbound.ts");
    const { runService } = await import("./services/run-service.ts");
    return await runService(outboundService, argv);
  },
  async sip(argv) {
    const { sipService } = await import("./services/sip.ts");
    const { runService } = await import("./services/run-service.ts");
    return await runService(sipService, argv);
  },
  async audiosocket(argv) {
    const { audiosocketService } = await import("./services/audiosocket.ts");
    const { runService } = await import("./services/run-service.ts");
    return await runService(audiosocketService, argv);
  },
  async llama(argv) {
    const { llamaService } = await import("./services/llama.ts");
    const { runService } = await import("./services/run-service.ts");
    return await runService(llamaService, argv);
  },
  async kokoro(argv) {
    const { openBuiltinVoice } = await import("./services/builtin-voice.ts");
    const { kokoroServiceWith } = await import("./services/kokoro.ts");
    const { runService } = await import("./services/run-service.ts");
    return await runService(kokoroServiceWith(openBuiltinVoice), argv);
  },
  async web(argv) {
    const { webService } = await import("./services/web.ts");
    const { runService } = await import("./services/run-service.ts");
    return await runService(webService, argv);
  },
};

const commands: Readonly<Record<string, Command>> = {
  async setup(argv) {
    return await (await import("./commands/setup.ts")).setup(argv);
  },
  async demo(argv) {
    return await (await import("./commands/demo.ts")).demo(argv);
  },
  async status(argv) {
    return await (await import("./commands/status.ts")).status(argv);
  },
  async events(argv) {
    return await (await import("./commands/events.ts")).events(argv);
  },
  async call(argv) {
    return await (await import("./commands/call.ts")).call(argv);
  },
  async transcribe(argv) {
    return await (await import("./commands/transcribe.ts")).transcribe(argv);
  },
  async up(argv) {
    return await (await import("./commands/up.ts")).up(argv);
  },
  async logs(argv) {
    return await (await import("./commands/logs.ts")).logs(argv);
  },
  async doctor(argv) {
    return await (await import("./commands/doctor.ts")).doctor(argv);
  },
  async models(argv) {
    return await (await import("./commands/models.ts")).models(argv);
  },
  async install(argv) {
    return await (await import("./commands/install.ts")).install(argv);
  },
  async uninstall(argv) {
    return await (await import("./commands/uninstall.ts")).uninstall(argv);
  },
  async completions(argv) {
    return await (await import("./commands/completions.ts")).completions(argv);
  },
  async config(argv) {
    return await (await import("./commands/config.ts")).config(argv);
  },
  async wer(argv) {
    return await (await import("./commands/wer.ts")).wer(argv);
  },
};

const help = `Wildfire hears telephone calls and passes their text on. Nothing leaves the machine.

Usage:
  wildfire                              runs what is configured; where nothing is, asks
  wildfire setup [options]              a few questions, each answer tried at once; --yes asks nothing
  wildfire demo                         the whole appliance on free ports, with a call to itself
  wildfire up [options]                 runs all services of the configuration and watches them
  wildfire logs [options]               what they log, by service, call and level
  wildfire --service NAME [options]     runs one service: ${serviceNames.join(", ")}
  wildfire --service NAME --help        the options of that service
  wildfire status NAME                  what a running service knows about itself, as JSON
  wildfire call NUMBER [options]        calls somebody through the running sip service
  wildfire doctor [options]             walks the way of a call and says what is wrong, and the cure
  wildfire models list|pull|rm          whisper models: what is there, and what this machine carries
  wildfire install, uninstall           systemd service; --dry-run shows each step
  wildfire completions bash|zsh|fish    for the shell
  wildfire config check|show            problems of the configuration, or its values
  wildfire events [options]             what callers say, while they say it
  wildfire transcribe FILE… [options]   recordings to text, as the whisper service hears them
  wildfire wer DIR [options]            word error rate of a model over recordings with known texts
  wildfire --version

Example:
  wildfire --service whisper --model /models/ggml-base.en.bin
`;

async function run(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined) return await (await import("./commands/alone.ts")).alone();
  if (first === "--version" || first === "-V" || first === "version") {
    return await (await import("./commands/version.ts")).version();
  }
  // Before the services: a command may have an option of that name.
  if (Object.hasOwn(commands, first)) return await pick(commands, first, "command")(rest);
  const service = serviceArguments(argv);
  if (service !== undefined) return await pick(services, service.name, "service")(service.rest);
  if (first === "--help" || first === "-h" || first === "help") {
    process.stdout.write(help);
    return 0;
  }
  return await pick(commands, first, "command")(rest);
}

/** `--service NAME` or `--service=NAME` may stand anywhere among the service's own options. */
function serviceArguments(
  argv: readonly string[],
): { readonly name: string; readonly rest: readonly string[] } | undefined {
  const at = argv.findIndex((text) => text === "--service" || text.startsWith("--service="));
  if (at < 0) return undefined;
  const attached = argv[at]?.split("=", 2)[1];
  const taken = attached === undefined ? 2 : 1;
  return { name: attached ?? argv[at + 1] ?? "", rest: argv.toSpliced(at, taken) };
}

function pick(table: Readonly<Record<string, Command>>, name: string, what: string): Command {
  const command = Object.hasOwn(table, name) ? table[name] : undefined;
  if (command !== undefined) return command;
  throw new WildfireError("usage", `unknown ${what} ${quote(name)}`, {
    hint: `there are: ${Object.keys(table).join(", ")}`,
  });
}

/** Exit codes: 0 done, 1 failed, 2 called or configured wrongly, 130 interrupted twice. */
function exitCodeFor(error: unknown): number {
  const isOurs = error instanceof WildfireError;
  return isOurs && (error.code === "usage" || error.code === "config") ? 2 : 1;
}

try {
  process.exit(await run(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`wildfire: ${describeError(error)}\n`);
  if (!(error instanceof WildfireError) && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ""}\n`);
  }
  process.exit(exitCodeFor(error));
}
