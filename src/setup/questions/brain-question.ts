/** What answers? */
import type { FoundServer, SetupDesk } from "../setup-desk.ts";
import type { Choice } from "../setup-prompter.ts";
import type { BrainState } from "../setup-state.ts";
import { askServer, foundChoices, otherServer, serverValue } from "./server-question.ts";
import { settle } from "./settled.ts";

const echo: Choice<"echo"> = {
  value: "echo",
  label: "Nobody yet: an echo",
  hint: "says again what it heard",
};
const other: Choice<string> = {
  value: otherServer,
  label: "Another server",
  hint: "any OpenAI-compatible address",
};

/** `isNew`: nothing is configured yet, so that what was found is suggested. */
export async function askBrain(
  desk: SetupDesk,
  present: BrainState,
  isNew: boolean,
): Promise<BrainState> {
  const { prompter, trials } = desk;
  const looked = await prompter.busy({
    label: "Looking for a chat server on this machine",
    run: (signal) => trials.findChatServers(signal),
  });
  const found = looked.kind === "done" ? looked.value : [];
  let brain = present;
  let initial = initialChoice(present, isNew ? found[0] : undefined);
  for (;;) {
    const tried = await chooseBrain(desk, brain, { found, initial });
    if (tried === undefined) continue;
    brain = tried;
    initial = initialChoice(tried, undefined);
    if (tried.backend === "echo") return tried;
    const settlement = await settle(prompter, {
      label: `Asking ${tried.model}`,
      run: (signal) => trials.brain(tried, signal),
    });
    if (settlement === "taken") return tried;
  }
}

/** Undefined: the question is to be asked again. */
async function chooseBrain(
  desk: SetupDesk,
  present: BrainState,
  { found, initial }: { readonly found: readonly FoundServer[]; readonly initial: string },
): Promise<BrainState | undefined> {
  const servers = foundChoices(found, present.backend === "openai" ? present.url : undefined);
  const chosen = await desk.prompter.select<string>({
    message: "What answers?",
    choices: [...servers, other, echo],
    initial,
  });
  if (chosen === "echo") return { ...present, backend: "echo" };
  const server = await askServer(desk, {
    what: "chat server",
    placeholder: "http://192.168.1.20:8080",
    chosen,
    found,
    present,
    namesOf: (address, signal) => desk.trials.chatModels(address, signal),
  });
  if (server === undefined) return undefined;
  const model = await askModel(desk, server.names, present.model);
  return { backend: "openai", url: server.url, key: server.key, model };
}

function initialChoice(present: BrainState, suggested: FoundServer | undefined): string {
  if (present.backend === "openai" && present.url !== undefined) return serverValue(present.url);
  return suggested === undefined ? "echo" : serverValue(suggested.url);
}

/** Nothing is asked of a server with one model. */
async function askModel(
  { prompter }: SetupDesk,
  names: readonly string[],
  present: string,
): Promise<string> {
  const [first] = names;
  if (names.length === 1 && first !== undefined) return first;
  if (names.length > 1) {
    return await prompter.select<string>({
      message: "Which model?",
      choices: names.map((name) => ({ value: name, label: name })),
      initial: names.includes(present) ? present : (first ?? present),
    });
  }
  const typed = await prompter.text({
    message: "Which model? (as the server calls it)",
    initial: present,
    problem: (answer) => (answer.trim() === "" ? "Please give a name." : undefined),
  });
  return typed.trim();
}
