/** Which voice? */
import type { FoundServer, SetupDesk } from "../setup-desk.ts";
import type { Choice } from "../setup-prompter.ts";
import type { VoiceState } from "../setup-state.ts";
import { askServer, foundChoices, otherServer, serverValue } from "./server-question.ts";
import { settle } from "./settled.ts";

const other: Choice<string> = {
  value: otherServer,
  label: "Another speech server",
  hint: "any OpenAI-compatible address",
};

const builtinMark = "builtin ";
const voiceNotes: Readonly<Record<string, string>> = {
  slt: "a woman, American",
  rms: "a man, American",
  awb: "a man, Scottish",
  kal: "a machine, as they were",
};

/** `isNew`: nothing is configured yet, so that what was found is suggested. */
export async function askVoice(
  desk: SetupDesk,
  present: VoiceState,
  isNew: boolean,
): Promise<VoiceState> {
  const { prompter, trials } = desk;
  const looked = await prompter.busy({
    label: "Looking for a speech server on this machine",
    run: (signal) => trials.findSpeechServers(signal),
  });
  const found = looked.kind === "done" ? looked.value : [];
  let voice = present;
  const usual = desk.builtinVoices[0] ?? "";
  let initial = initialChoice(present, usual, isNew ? found[0] : undefined);
  for (;;) {
    const tried = await chooseVoice(desk, voice, { found, initial });
    if (tried === undefined) continue;
    voice = tried;
    initial = initialChoice(tried, usual, undefined);
    const settlement = await settle(prompter, {
      label: "Speaking a sentence",
      run: (signal) => trials.voice(tried, signal),
    });
    if (settlement === "taken") return tried;
  }
}

/** Undefined: the question is to be asked again. */
async function chooseVoice(
  desk: SetupDesk,
  present: VoiceState,
  { found, initial }: { readonly found: readonly FoundServer[]; readonly initial: string },
): Promise<VoiceState | undefined> {
  const builtin = desk.builtinVoices.map((name) => ({
    value: `${builtinMark}${name}`,
    label: `Built-in: ${name}`,
    hint: voiceNotes[name] ?? "English",
  }));
  const servers = foundChoices(found, present.engine === "builtin" ? undefined : present.url);
  const chosen = await desk.prompter.select<string>({
    message: "Which voice?",
    choices: [...servers, ...builtin, other],
    initial,
  });
  if (chosen.startsWith(builtinMark)) {
    return builtinVoice(desk, present, chosen.slice(builtinMark.length));
  }
  return await askSpeechServer(desk, present, { chosen, found });
}

/** The first one needs no mention in the configuration. */
function builtinVoice(desk: SetupDesk, present: VoiceState, name: string): VoiceState {
  const isUsual = name === desk.builtinVoices[0] && present.voice !== name;
  return { ...present, engine: "builtin", voice: isUsual ? undefined : name };
}

async function askSpeechServer(
  desk: SetupDesk,
  present: VoiceState,
  { chosen, found }: { readonly chosen: string; readonly found: readonly FoundServer[] },
): Promise<VoiceState | undefined> {
  const server = await askServer(desk, {
    what: "speech server",
    placeholder: "http://127.0.0.1:8880",
    chosen,
    found,
    present,
    namesOf: (address, signal) => desk.trials.speechVoices(address, signal),
  });
  if (server === undefined) return undefined;
  const wasThere = present.engine === "openai-speech" ? present.voice : undefined;
  const voice = await askSpeaker(desk, server.names, wasThere);
  return { ...present, engine: "openai-speech", url: server.url, key: server.key, voice };
}

function initialChoice(
  present: VoiceState,
  usual: string,
  suggested: FoundServer | undefined,
): string {
  if (present.engine === "openai-speech" && present.url !== undefined) {
    return serverValue(present.url);
  }
  if (suggested !== undefined) return serverValue(suggested.url);
  return `${builtinMark}${present.voice ?? usual}`;
}

async function askSpeaker(
  { prompter }: SetupDesk,
  names: readonly string[],
  present: string | undefined,
): Promise<string | undefined> {
  if (names.length > 0) {
    const [first = ""] = names;
    return await prompter.select<string>({
      message: "Which of its voices?",
      choices: names.map((name) => ({ value: name, label: name })),
      initial: present !== undefined && names.includes(present) ? present : first,
    });
  }
  const typed = await prompter.text({
    message: "Which of its voices? (empty: the server decides)",
    ...(present === undefined ? {} : { initial: present }),
    problem: () => undefined,
  });
  return typed.trim() === "" ? undefined : typed.trim();
}
