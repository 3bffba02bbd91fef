/** Who may open the web page? */
import { isLoopback } from "../../web/request-origin.ts";
import type { SetupDesk } from "../setup-desk.ts";
import type { Choice } from "../setup-prompter.ts";
import type { PageState } from "../setup-state.ts";

type Access = "kept" | "changed" | "none";

const thisMachine = "127.0.0.1";
const allAddresses = "0.0.0.0";
const leastPasswordChars = 8;
const mostPasswordChars = 1024;

export async function askPage(desk: SetupDesk, present: PageState): Promise<PageState> {
  const { prompter, hashPassword } = desk;
  const hasPassword = present.passwordHash !== undefined || !isLoopback(present.bind);
  const access = hasPassword ? await askAccess(desk, present) : "changed";
  if (access === "kept") return present;
  const password = access === "none" ? "" : await askPassword(desk);
  if (password === "") return closed({ ...present, passwordHash: undefined });
  const isForOthers = await prompter.confirm(
    "May other machines of your network open it too?",
    !isLoopback(present.bind) || present.passwordHash === undefined,
  );
  const passwordHash = await hashPassword(password);
  const page = reachable({ ...present, passwordHash }, isForOthers);
  if (page.isSecure && !present.isSecure) {
    const certificate =
      "This host makes a certificate for itself, which each browser asks about once.";
    prompter.remark("info", "The page will be served by https.", certificate);
  }
  return page;
}

/** A page that others may open and that has no password here has it from the environment or a credential. */
async function askAccess({ prompter }: SetupDesk, { passwordHash }: PageState): Promise<Access> {
  const isElsewhere = passwordHash === undefined;
  const kept = isElsewhere ? "As it is: its password comes from elsewhere" : "The password stays";
  const choices: readonly Choice<Access>[] = [
    { value: "kept", label: kept },
    { value: "changed", label: "A new password" },
    { value: "none", label: "No password", hint: "then for this machine only" },
  ];
  return await prompter.select<Access>({ message: "Who may open the web page?", choices });
}

/** Empty: none. */
async function askPassword({ prompter }: SetupDesk): Promise<string> {
  for (;;) {
    const password = await prompter.password({
      message: "Password of the web page (empty: for this machine only)",
      problem: pagePasswordProblem,
    });
    if (password === "") return password;
    const repeated = await prompter.password({
      message: "The same once more",
      problem: () => undefined,
    });
    if (repeated === password) return password;
    prompter.remark("warning", "These were two different passwords.");
  }
}

/** What is wrong with a password of the page; undefined for a right one, and for none. */
export function pagePasswordProblem(answer: string): string | undefined {
  if (answer === "") return undefined;
  if (answer.length < leastPasswordChars) return `${leastPasswordChars} characters are the least.`;
  if (answer.length > mostPasswordChars) return `${mostPasswordChars} characters are the most.`;
  return undefined;
}

/** For others it is encrypted; an address that somebody chose for them stays. */
function reachable(page: PageState, isForOthers: boolean): PageState {
  if (!isForOthers) return closed(page);
  return { ...page, bind: isLoopback(page.bind) ? allAddresses : page.bind, isSecure: true };
}

/** An address of this machine that somebody chose stays. */
function closed(page: PageState): PageState {
  return isLoopback(page.bind) ? page : { ...page, bind: thisMachine };
}
