/** `wildfire setup --yes`: no question, a line for each trial, and an exit code. */
import { resolve } from "node:path";
import colors from "picocolors";
import { WildfireError } from "../core/errors.ts";
import { type FindingLevel, worstLevel } from "../doctor/finding.ts";
import { PullProgress } from "../models-store/pull-progress.ts";
import { givenTopics, readModel, type SetupTopic, type SetupValues } from "../setup/setup-flags.ts";
import { planSetup } from "../setup/setup-plan.ts";
import type { SetupSession } from "../setup/setup-session.ts";
import type { SetupState } from "../setup/setup-state.ts";
import { describePlan } from "../setup/setup-summary.ts";
import {
  chooseChatModel,
  placeModel,
  type TopicTrial,
  tryTopics,
  type Unattended,
} from "../setup/setup-unattended.ts";
import { writeSetup } from "../setup/setup-write.ts";

const leftExitCode = 130;
const allTopics: readonly SetupTopic[] = ["calls", "brain", "voice", "ears", "page"];

/** Resolves to the exit code; throws a WildfireError for what is missing or cannot be written. */
export async function setupUnattended(session: SetupSession, values: SetupValues): Promise<number> {
  requireWayIn(session.start);
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"]) process.once(name, () => stop.abort());
  const { trials, models, present, schema } = session;
  const around: Unattended = { trials, models, signal: stop.signal };
  const next = await complete(session, values, around);
  if (stop.signal.aborted) return leftExitCode;
  const results = values["no-try"]
    ? []
    : await tryTopics(next, topicsToTry(session, values), {
        ...around,
        tell: (trial) => values.json || process.stdout.write(`${formatTrial(trial)}\n`),
      });
  if (stop.signal.aborted) return leftExitCode;
  const isGood = worstLevel(results) !== "fault";
  const plan = planSetup(present, next);
  const isWritten = isGood || values.force;
  if (isWritten) await writeSetup({ present, schema, plan, next });
  const told = { config: present.path, isWritten, changes: describePlan(plan), trials: results };
  process.stdout.write(values.json ? `${JSON.stringify(told, null, 2)}\n` : conclude(told));
  return isGood ? 0 : 1;
}

/** With what only a server or a download can tell. */
async function complete(
  { start, clock }: SetupSession,
  values: SetupValues,
  around: Unattended,
): Promise<SetupState> {
  const asksServer = values.llama !== undefined && values["llama-model"] === undefined;
  const brain =
    asksServer && !values["no-try"] ? await chooseChatModel(start.brain, around) : start.brain;
  if (values.model === undefined) return { ...start, brain };
  const given = readModel(values.model, resolve("."));
  const name = given.kind === "name" ? given.name : "";
  const progress = new PullProgress({ name, clock, stream: process.stderr });
  const model = await placeModel(given, around, (done, total) =>
    progress.update(done, total),
  ).finally(() => progress.clear());
  return { ...start, brain, ears: { model } };
}

/** What was given; of a new file, and when nothing was given, everything. */
function topicsToTry({ present }: SetupSession, values: SetupValues): ReadonlySet<SetupTopic> {
  const given = givenTopics(values);
  return given.size === 0 || !present.isThere ? new Set(allTopics) : given;
}

function requireWayIn({ calls }: SetupState): void {
  if (calls.line !== undefined || calls.audiosocket !== undefined) return;
  throw new WildfireError("usage", "--yes needs to know how calls come in", {
    hint: "give --pbx HOST --extension N --password-file FILE, or --audiosocket 127.0.0.1:9092",
  });
}

const marks: Readonly<Record<FindingLevel, string>> = {
  ok: colors.green("✓"),
  warning: colors.yellow("!"),
  fault: colors.red("✗"),
  skipped: colors.dim("-"),
};

function formatTrial({ topic, level, seen, fix }: TopicTrial): string {
  const line = `${marks[level]} ${topic}: ${seen}`;
  return fix === undefined ? line : `${line}; ${fix}`;
}

interface Told {
  readonly config: string;
  readonly isWritten: boolean;
  readonly changes: readonly string[];
  readonly trials: readonly TopicTrial[];
}

function conclude({ config, isWritten, changes, trials }: Told): string {
  const failed = trials.filter(({ level }) => level === "fault").length;
  if (!isWritten) {
    const of = `${failed} of ${trials.length} trials failed`;
    return `nothing was written: ${of}; correct that, or say --force\n`;
  }
  if (changes.length === 0) return `${config} stays as it is\n`;
  return `${config} was written; start it with wildfire up\n`;
}
