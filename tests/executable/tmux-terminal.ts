/** The executable on a terminal of its own, which tmux plays: keys go in, screens come out. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../end-to-end/eventually.ts";
import { executablePath } from "../end-to-end/executable.ts";

export interface TerminalOptions {
  readonly argv: readonly string[];
  /** All of it; what a terminal needs is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** Why there is none; undefined when there is. */
export const tmuxProblem = Bun.which("tmux") === null ? "tmux is not installed" : undefined;

const chosenMark = "●";
const otherMark = "○";

export class TmuxTerminal implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "wildfire-tmux-"));

  get #exitFile(): string {
    return join(this.#folder, "exit-code");
  }

  constructor({ argv, env, columns = 80, rows = 50 }: TerminalOptions) {
    const all = { PATH: "/usr/bin:/bin", TERM: "screen-256color", LANG: "C.UTF-8", ...env };
    const variables = Object.entries(all).map(([name, value]) => `${name}=${value}`);
    const size = ["-x", String(columns), "-y", String(rows)];
    // tmux does not always learn how its program ended. Ctrl-C is for the program, and not for this shell.
    const script = `trap : INT; "$@"; echo $? > ${this.#exitFile}`;
    const command = ["env", "-i", ...variables, executablePath(), ...argv];
    // The first start of the server reads its options; what ended stays to be looked at.
    const keep = ["start-server", ";", "set-option", "-g", "remain-on-exit", "on", ";"];
    this.#tmux(...keep, "new-session", "-d", ...size, "sh", "-c", script, "sh", ...command);
  }

  /** Names as tmux has them: `Enter`, `Down`, `C-c`. */
  press(...keys: readonly string[]): void {
    this.#tmux("send-keys", ...keys);
  }

  type(text: string): void {
    // A text that ends with a semicolon would end tmux's command.
    this.#tmux("send-keys", "-l", text.replace(/;$/, String.raw`\;`));
  }

  /** What is seen, without blanks at the ends of lines; with colours if wanted. */
  screen({ withColours = false } = {}): string {
    const colours = withColours ? ["-e"] : [];
    const text = this.#tmux("capture-pane", "-p", ...colours, "-S", "-");
    return text.replace(/[ \t]+$/gm, "").trimEnd();
  }

  async shows(text: string | RegExp, limitMs?: number): Promise<string> {
    return await eventually({
      what: `${String(text)} on the screen`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: () => {
        const screen = this.screen();
        const isThere = typeof text === "string" ? screen.includes(text) : text.test(screen);
        return isThere ? screen : undefined;
      },
      explain: () => this.screen(),
    });
  }

  /** Resolves when this question waits for its answer. */
  async asks(message: string, limitMs?: number): Promise<void> {
    const escaped = message.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    await this.shows(new RegExp(`◆ {2}${escaped}[^◆]*$`), limitMs);
  }

  /** Types the answer to a question. */
  async answer(message: string, text: string): Promise<void> {
    await this.asks(message);
    this.type(text);
    this.press("Enter");
  }

  /** Chooses what begins with `label`. */
  async choose(message: string, label: string, limitMs?: number): Promise<void> {
    await this.asks(message, limitMs);
    const rows = this.screen().split("\n").slice(-20);
    const from = rows.findLastIndex((row) => row.startsWith("◆"));
    const options = rows.slice(from).filter((row) => /^│ {2}[●○] /.test(row));
    const wanted = options.findIndex((row) => row.slice(5).startsWith(label));
    const chosen = options.findIndex((row) => row.includes(chosenMark));
    if (wanted < 0) throw new Error(`no ${label} among:\n${options.join("\n")} (${otherMark})`);
    const key = wanted > chosen ? "Down" : "Up";
    const moves = Array.from({ length: Math.abs(wanted - chosen) }, () => key);
    this.press(...moves, "Enter");
  }

  /** The exit code; waits for the end. */
  async ended(limitMs?: number): Promise<number> {
    return await eventually({
      what: "the end of the program",
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: () => {
        const isThere = existsSync(this.#exitFile);
        return (isThere && readFileSync(this.#exitFile, "utf8").trim()) || undefined;
      },
      explain: () => this.screen(),
    }).then(Number);
  }

  [Symbol.dispose](): void {
    try {
      this.#tmux("kill-server");
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  #tmux(...argv: readonly string[]): string {
    const socket = join(this.#folder, "tmux");
    const { stdout, stderr, exitCode } = Bun.spawnSync(
      ["tmux", "-S", socket, "-f", "/dev/null", ...argv],
      { env: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8", HOME: this.#folder } },
    );
    if (exitCode === 0) return stdout.toString();
    throw new Error(`tmux ${argv[0]}: ${stderr.toString()}`);
  }
}
