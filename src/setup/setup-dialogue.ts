/** The questions one after the other, then the summary; nothing is written here. */
import { hideCredentials } from "../config/hidden-credentials.ts";
import { askBrain } from "./questions/brain-question.ts";
import { askCalls } from "./questions/calls-question.ts";
import { askEars } from "./questions/ears-question.ts";
import { askPage } from "./questions/page-question.ts";
import { askVoice } from "./questions/voice-question.ts";
import type { SetupDesk } from "./setup-desk.ts";
import { planSetup } from "./setup-plan.ts";
import type { Present } from "./setup-present.ts";
import type { Choice } from "./setup-prompter.ts";
import type { SetupState } from "./setup-state.ts";
import { formatSummary, summarise } from "./setup-summary.ts";

type Topic = keyof SetupState;

const topics: readonly { readonly topic: Topic; readonly label: string }[] = [
  { topic: "calls", label: "Change how calls come in" },
  { topic: "brain", label: "Change what answers" },
  { topic: "voice", label: "Change the voice" },
  { topic: "ears", label: "Change the model that hears" },
  { topic: "page", label: "Change the web page" },
];

export interface DialogueOptions {
  readonly desk: SetupDesk;
  readonly present: Present;
  /** The answers to begin with: those that are there, or that the command line gives. */
  readonly start: SetupState;
  /** Of a summary's line. */
  readonly columns: number;
  /** Of this machine. */
  readonly hostName: string;
}

/** What shall be; undefined when somebody chose to write nothing. Throws a SetupLeft on Ctrl-C. */
export async function askAll({
  desk,
  present,
  start,
  columns,
  hostName,
}: DialogueOptions): Promise<SetupState | undefined> {
  const isNew = !present.isThere;
  let state = start;
  for (const { topic } of topics) state = await askTopic(desk, { topic, state, isNew });
  for (;;) {
    const chosen = await confirmState(desk, { present, state, columns, hostName });
    if (chosen === "write") return state;
    if (chosen === "leave") return undefined;
    state = await askTopic(desk, { topic: chosen, state, isNew: false });
  }
}

interface AskedTopic {
  readonly topic: Topic;
  readonly state: SetupState;
  readonly isNew: boolean;
}

async function askTopic(desk: SetupDesk, { topic, state, isNew }: AskedTopic): Promise<SetupState> {
  switch (topic) {
    case "calls":
      return { ...state, calls: await askCalls(desk, state.calls, isNew) };
    case "brain":
      return { ...state, brain: await askBrain(desk, state.brain, isNew) };
    case "voice":
      return { ...state, voice: await askVoice(desk, state.voice, isNew) };
    case "ears":
      return { ...state, ears: await askEars(desk, state.ears, isNew) };
    case "page":
      return { ...state, page: await askPage(desk, state.page) };
  }
}

interface Reviewed {
  readonly present: Present;
  readonly state: SetupState;
  readonly columns: number;
  readonly hostName: string;
}

async function confirmState(
  { prompter }: SetupDesk,
  { present, state, columns, hostName }: Reviewed,
): Promise<Topic | "write" | "leave"> {
  prompter.note("All together", formatSummary(summarise(state, hostName), columns));
  const { changes, secrets } = planSetup(present, state);
  const { length: lines } = present.lines;
  if (state.calls.line === undefined && lines > 1) {
    const names = present.lines.map(hideCredentials).join(", ");
    prompter.remark("warning", `${lines} lines are taken out: ${names}`);
  }
  const isSame = present.isThere && changes.length + secrets.length === 0;
  const changing: readonly Choice<Topic | "write" | "leave">[] = topics.map(({ topic, label }) => ({
    value: topic,
    label,
  }));
  return await prompter.select<Topic | "write" | "leave">({
    message: isSame ? "Nothing is different from before." : `Write it to ${present.path}?`,
    choices: [
      { value: "write", label: isSame ? "Done" : "Yes" },
      ...changing,
      { value: "leave", label: "Leave without writing anything" },
    ],
  });
}
