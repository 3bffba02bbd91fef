/** `wildfire setup` on a terminal: the questions, then what is written, then what is next. */
import { hostname } from "node:os";
import { planSetup } from "../setup/setup-plan.ts";
import { askAll } from "../setup/setup-dialogue.ts";
import type { SetupValues } from "../setup/setup-flags.ts";
import { type Prompter, SetupLeft } from "../setup/setup-prompter.ts";
import { hashPassword, type SetupSession } from "../setup/setup-session.ts";
import { TerminalPrompter } from "../setup/setup-terminal.ts";
import { writeSetup } from "../setup/setup-write.ts";
import { childEnvironment, selfCommand } from "./self.ts";
import { offerNext } from "./setup-next.ts";

/** As a shell has it for Ctrl-C. */
const leftExitCode = 130;
/** Of a frame around the summary. */
const frameColumns = 8;
const showCursor = "\u001B[?25h";

/** Resolves to the exit code: that of `up` where it is started at the end. */
export async function askOnTerminal(session: SetupSession, values: SetupValues): Promise<number> {
  const prompter = new TerminalPrompter(session.clock);
  const interruption = new Interruption(() => {
    process.stdout.write(showCursor);
    process.exit(left(prompter));
  });
  try {
    const isWritten = await askAndWrite(session, prompter, () => interruption.showDemo());
    if (!isWritten) return 0;
  } catch (error) {
    if (error instanceof SetupLeft) return left(prompter);
    throw error;
  } finally {
    interruption.close();
  }
  const { path } = session.present;
  return await offerNext({ prompter, path, stateFolder: values["state-dir"] });
}

/** Between two questions Ctrl-C is a signal, and not a key. */
class Interruption {
  readonly #leave: () => void;
  readonly #onSignal = (): void => {
    if (!this.#isShowing) this.#leave();
  };
  #isShowing = false;

  constructor(leave: () => void) {
    this.#leave = leave;
    process.on("SIGINT", this.#onSignal);
  }

  /** Ctrl-C reaches the child: it stops in order, and the questions go on. */
  async showDemo(): Promise<void> {
    this.#isShowing = true;
    const child = Bun.spawn([...selfCommand(), "demo"], {
      stdio: ["inherit", "inherit", "inherit"],
      env: childEnvironment(),
    });
    await child.exited;
    this.#isShowing = false;
  }

  close(): void {
    process.off("SIGINT", this.#onSignal);
  }
}

function left(prompter: Prompter): number {
  prompter.closing("Left: nothing was written.");
  return leftExitCode;
}

/** False when somebody chose to write nothing. */
async function askAndWrite(
  session: SetupSession,
  prompter: Prompter,
  showDemo: () => Promise<void>,
): Promise<boolean> {
  const { present, schema, start, trials, models, builtinVoices } = session;
  prompter.opening(present.isThere ? "Wildfire: change the set-up" : "Wildfire answers your calls");
  const about = present.isThere
    ? `What ${present.path} says is suggested: Enter keeps it.`
    : "Five questions, each tried at once. Nothing is written before the end.";
  prompter.remark("info", about, "Ctrl-C leaves at any time.");
  for (const problem of present.problems) prompter.remark("warning", problem);
  const desk = { prompter, trials, models, builtinVoices, hashPassword, showDemo };
  const columns = (process.stdout.columns || 80) - frameColumns;
  const next = await askAll({ desk, present, start, columns, hostName: hostname() });
  if (next === undefined) {
    prompter.closing("Nothing was written.");
    return false;
  }
  const plan = planSetup(present, next);
  await writeSetup({ present, schema, plan, next });
  return true;
}
