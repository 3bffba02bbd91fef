/** Setup without questions: completes what was given, tries it, and says in a line each what came out. */
import { WildfireError } from "../core/errors.ts";
import type { Finding } from "../doctor/finding.ts";
import type { SetupModels, SetupTrials } from "./setup-desk.ts";
import type { GivenModel, SetupTopic } from "./setup-flags.ts";
import type { SetupState } from "./setup-state.ts";

export interface TopicTrial extends Finding {
  readonly topic: SetupTopic;
}

export interface Unattended {
  readonly trials: SetupTrials;
  readonly models: SetupModels;
  /** Ends everything, downloads among it. */
  readonly signal: AbortSignal;
}

/** The file of the model that was given; downloads it where it is not there yet. Rejects with a WildfireError. */
export async function placeModel(
  given: GivenModel,
  { models, signal }: Unattended,
  onProgress: (doneBytes: number, totalBytes: number | undefined) => void,
): Promise<string | undefined> {
  if (given.kind === "demo") return undefined;
  if (given.kind === "file") return given.path;
  return await models.pull({ name: given.name, signal, onProgress });
}

/** The only model of the server where none was given. Throws a WildfireError("usage") where it has several. */
export async function chooseChatModel(
  brain: SetupState["brain"],
  { trials, signal }: Unattended,
): Promise<SetupState["brain"]> {
  const { url, key, model } = brain;
  if (brain.backend === "echo" || url === undefined) return brain;
  const names = await trials.chatModels({ url, key }, signal);
  if (names.length === 0 || names.includes(model)) return brain;
  const [first] = names;
  if (names.length === 1 && first !== undefined) return { ...brain, model: first };
  throw new WildfireError("usage", `--llama-model is missing: ${url} has several models`, {
    hint: `choose one: ${names.slice(0, 8).join(", ")}`,
  });
}

/** In the order of the questions, one after the other; each is told as soon as it is known. */
export async function tryTopics(
  state: SetupState,
  topics: ReadonlySet<SetupTopic>,
  { trials, signal, tell }: Unattended & { readonly tell: (trial: TopicTrial) => void },
): Promise<readonly TopicTrial[]> {
  const results: TopicTrial[] = [];
  for (const { topic, run } of trialsOf(state, trials)) {
    if (!topics.has(topic)) continue;
    const { level, seen, fix } = await run(signal);
    const result = { topic, level, seen, ...(fix === undefined ? {} : { fix }) };
    if (signal.aborted) return results;
    results.push(result);
    tell(result);
  }
  return results;
}

interface PlannedTrial {
  readonly topic: SetupTopic;
  readonly run: (signal: AbortSignal) => Promise<Finding>;
}

function trialsOf(
  { calls: { line, audiosocket }, brain, voice, ears }: SetupState,
  trials: SetupTrials,
): readonly PlannedTrial[] {
  const planned: PlannedTrial[] = [];
  if (line !== undefined) {
    planned.push({ topic: "calls", run: (signal) => trials.line(line, signal) });
  }
  if (audiosocket !== undefined) {
    planned.push({ topic: "calls", run: (signal) => trials.audiosocket(audiosocket, signal) });
  }
  return [
    ...planned,
    { topic: "brain", run: (signal) => trials.brain(brain, signal) },
    { topic: "voice", run: (signal) => trials.voice(voice, signal) },
    { topic: "ears", run: (signal) => trials.ears(ears, signal) },
  ];
}
