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
/** A service with calls lets them end before it starts anew, and that may take longer. */
const reloadLimitMs = 20_000;
const showCursor = "\u001B[?25h";

/** Resolves to the exit code: that of `up` where it is started at the end. */
export async function askOnTerminal(session: SetupSession, values: SetupValues): Promise<number> {
  const prompter = new TerminalPrompter(session.clock);
  const interruption = new Interruption(() => {
    process.stdout.write(showCursor);
    process.exit(left(prompter));
  });
  try {
    const isWritten = await askAndWrite(session, prompter, interruption);
    if (!isWritten) return 0;
  } catch (error) {
    if (error instanceof SetupLeft) return left(prompter);
    throw error;
  } finally {
    interruption.close();
  }
  const { path } = session.present;
  return await offerNext({ prompter, path, stateFolder: values["state-dir"], reloadLimitMs });
}

/** Between two questions Ctrl-C is a signal, and not a key. */
class Interruption {
  readonly #leave: () => void;
  readonly #onSignal = (): void => {
    if (!this.#isHeld) this.#leave();
  };
  #isHeld = false;

  constructor(leave: () => void) {
    this.#leave = leave;
    process.on("SIGINT", this.#onSignal);
  }

  /** Ctrl-C does nothing to this process until the work is done. */
  async hold(work: () => Promise<void>): Promise<void> {
    this.#isHeld = true;
    try {
      await work();
    } finally {
      this.#isHeld = false;
    }
  }

  close(): void {
    process.off("SIGINT", this.#onSignal);
  }
}

async function showDemo(): Promise<void> {
  const child = Bun.spawn([...selfCommand(), "demo"], {
    stdio: ["inherit", "inherit", "inherit"],
    env: childEnvironment(),
  });
  await child.exited;
}

function left(prompter: Prompter): number {
  prompter.closing("Left: nothing was written.");
  return leftExitCode;
}

/** False when somebody chose to write nothing. */
async function askAndWrite(
  session: SetupSession,
  prompter: Prompter,
  interruption: Interruption,
): Promise<boolean> {
  const { present, schema, start, trials, models, builtinVoices } = session;
  prompter.opening(present.isThere ? "Wildfire: change the set-up" : "Wildfire answers your calls");
  const about = present.isThere
    ? `What ${present.path} says is suggested: Enter keeps it.`
    : "Five questions, each tried at once. Nothing is written before the end.";
  prompter.remark("info", about, "Ctrl-C leaves at any time.");
  for (const problem of present.problems) prompter.remark("warning", problem);
  const desk = {
    prompter,
    trials,
    models,
    builtinVoices,
    hashPassword,
    // Ctrl-C reaches the child: it stops in order, and the questions go on.
    showDemo: () => interruption.hold(showDemo),
  };
  const columns = (process.stdout.columns || 80) - frameColumns;
  const next = await askAll({ desk, present, start, columns, hostName: hostname() });
  if (next === undefined) {
    prompter.closing("Nothing was written.");
    return false;
  }
  const plan = planSetup(present, next);
  // Whoever leaves now would be told that nothing was written.
  await interruption.hold(() => writeSetup({ present, schema, plan, next }));
  return true;
}
