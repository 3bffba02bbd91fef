/** How do calls come in? */
import { parseLine } from "../../call/sip/registration/sip-line.ts";
import { describeError } from "../../core/errors.ts";
import { parseHostPort } from "../../services/host-port.ts";
import type { SetupDesk } from "../setup-desk.ts";
import type { Choice } from "../setup-prompter.ts";
import { type CallsState, type LineState, lineText } from "../setup-state.ts";
import { settle } from "./settled.ts";

type Way = "line" | "audiosocket" | "both" | "demo";

const usualListen = "127.0.0.1:9092";
const maxPasswordChars = 4096;

const ways: readonly Choice<Way>[] = [
  { value: "line", label: "As an extension of my PBX", hint: "SIP" },
  { value: "audiosocket", label: "Asterisk's AudioSocket", hint: "no SIP" },
  { value: "both", label: "Both" },
];

/** `isNew`: nothing is configured yet, so that a demonstration is offered. */
export async function askCalls(
  desk: SetupDesk,
  present: CallsState,
  isNew: boolean,
): Promise<CallsState> {
  const way = await askWay(desk, present, isNew);
  if (way === "line") return { line: await askLine(desk, present.line), audiosocket: undefined };
  if (way === "audiosocket") {
    return { line: undefined, audiosocket: await askListen(desk, present.audiosocket) };
  }
  return {
    line: await askLine(desk, present.line),
    audiosocket: await askListen(desk, present.audiosocket),
  };
}

async function askWay(
  { prompter, showDemo }: SetupDesk,
  present: CallsState,
  isNew: boolean,
): Promise<Exclude<Way, "demo">> {
  const demo = { value: "demo", label: "First show me a call", hint: "Ctrl-C comes back" } as const;
  for (;;) {
    const way = await prompter.select<Way>({
      message: "How do calls come in?",
      choices: isNew ? [...ways, demo] : ways,
      initial: wayOf(present),
    });
    if (way !== "demo") return way;
    await showDemo();
  }
}

function wayOf({ line, audiosocket }: CallsState): Way {
  if (audiosocket === undefined) return "line";
  return line === undefined ? "audiosocket" : "both";
}

async function askLine(desk: SetupDesk, present: LineState | undefined): Promise<LineState> {
  const { prompter, trials } = desk;
  let line = present;
  let typedPassword: string | undefined;
  for (;;) {
    line = await typeLine(desk, line, typedPassword);
    typedPassword = line.password;
    const tried = line;
    const settlement = await settle(prompter, {
      label: `Registering ${lineText(tried)}`,
      run: (signal) => trials.line(tried, signal),
    });
    if (settlement === "taken") return line;
  }
}

/** `typedPassword`: from the round before, which holds for a corrected address too. */
async function typeLine(
  { prompter }: SetupDesk,
  present: LineState | undefined,
  typedPassword: string | undefined,
): Promise<LineState> {
  const pbx = await prompter.text({
    message: "Address of the PBX",
    placeholder: "192.168.1.10",
    ...(present === undefined ? {} : { initial: present.pbx }),
    problem: pbxProblem,
  });
  const user = await prompter.text({
    message: "Extension",
    placeholder: "200",
    ...(present === undefined ? {} : { initial: present.user }),
    problem: (answer) => extensionProblem(answer.trim(), pbx.trim()),
  });
  const address = { user: user.trim(), pbx: pbx.trim() };
  // The password of another extension, or at another PBX, is another one.
  const isSame = present !== undefined && lineText(present) === lineText(address);
  const kept = isSame ? present.password : typedPassword;
  const typed = await prompter.password({
    message: kept === undefined ? "Its password" : "Its password (empty: as before)",
    problem: (answer) => passwordProblem(answer, kept),
  });
  return { ...address, password: typed === "" ? kept : typed };
}

/** What is wrong with a PBX's address; undefined for a right one. */
export function pbxProblem(answer: string): string | undefined {
  const pbx = answer.trim();
  if (pbx === "") return "Please give its name or IP address.";
  if (pbx.includes("@")) return "Only the address: the extension is asked next.";
  return problemOfLine({ user: "100", pbx });
}

/** What is wrong with an extension; undefined for a right one. */
export function extensionProblem(user: string, pbx: string): string | undefined {
  if (user === "") return "Please give the extension, such as 200.";
  if (user.includes("@")) return "Only the extension, without the @ and what follows it.";
  return problemOfLine({ user, pbx });
}

/** What is wrong with a line's password; undefined for a right one. */
function passwordProblem(answer: string, kept: string | undefined): string | undefined {
  if (answer === "") return kept === undefined ? "Please give the password." : undefined;
  return secretProblem(answer);
}

/** What the file of secrets could not hold. */
export function secretProblem(answer: string): string | undefined {
  if (answer.trim() === "") return "It consists of blanks only.";
  if (/\p{Cc}/u.test(answer) || !answer.isWellFormed()) return "It has characters nobody can type.";
  if (answer.length > maxPasswordChars) return `${maxPasswordChars} characters are the most.`;
  return undefined;
}

/** The parser's words, without the example of the command line. */
function problemOfLine(address: {
  readonly user: string;
  readonly pbx: string;
}): string | undefined {
  const parsed = parseLine(lineText(address));
  return parsed.ok ? undefined : parsed.problem.replace(/; write it as in .*$/, "");
}

async function askListen(desk: SetupDesk, present: string | undefined): Promise<string> {
  const { prompter, trials } = desk;
  let listen = present ?? usualListen;
  for (;;) {
    const answer = await prompter.text({
      message: "Where shall Asterisk connect?",
      placeholder: usualListen,
      initial: listen,
      problem: listenProblem,
    });
    listen = answer.trim();
    const tried = listen;
    const settlement = await settle(prompter, {
      label: `Listening on ${tried}`,
      run: (signal) => trials.audiosocket(tried, signal),
    });
    if (settlement === "taken") return listen;
  }
}

/** What is wrong with an address to listen on; undefined for a right one. */
export function listenProblem(answer: string): string | undefined {
  try {
    parseHostPort(answer.trim(), "AudioSocket");
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
