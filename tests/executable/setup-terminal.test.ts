/** `wildfire setup` as people meet it: on a terminal, with keys and screens. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPresent } from "../../src/setup/setup-present.ts";
import type { SetupState } from "../../src/setup/setup-state.ts";
import { eventually, testLimitMs } from "../end-to-end/eventually.ts";
import { Program } from "../end-to-end/program.ts";
import { freePort } from "../end-to-end/raw-connection.ts";
import { refuses, says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { schema } from "../setup/setup-rig.ts";
import { SmallRegistrar } from "../tries/small-registrar.ts";
import { TmuxTerminal, tmuxProblem } from "./tmux-terminal.ts";

setDefaultTimeout(testLimitMs * 2);

const password = `p#ä"s'\\ $&=`;
/** Of the first sound of a voice, and of a model that is loaded, on a busy machine. */
const trialLimitMs = 40_000;

/** A home folder without anything in it. */
class Home implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-home-"));
  readonly config = join(this.folder, "etc", "wildfire.toml");
  readonly secrets = join(this.folder, "etc", "secrets.toml");

  get env(): Record<string, string> {
    return {
      HOME: this.folder,
      WILDFIRE_CONFIG: this.config,
      XDG_STATE_HOME: join(this.folder, "state"),
      XDG_DATA_HOME: join(this.folder, "data"),
      WILDFIRE_MODELS_DIR: join(this.folder, "models"),
    };
  }

  open(more: Readonly<Record<string, string>> = {}, columns = 80): TmuxTerminal {
    return new TmuxTerminal({ argv: [], env: { ...this.env, ...more }, columns });
  }

  again(...argv: readonly string[]): TmuxTerminal {
    return new TmuxTerminal({ argv: ["setup", ...argv], env: this.env });
  }

  async state(): Promise<SetupState> {
    return (await readPresent(this.config, schema)).state;
  }

  /** Whatever setup left, but for what Bun keeps. */
  get left(): readonly string[] {
    return readdirSync(this.folder).filter((name) => name !== ".bun" && name !== "state");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

class Peers implements Disposable {
  readonly registrar: SmallRegistrar;
  readonly chat = new ScriptedChatServer();

  private constructor(registrar: SmallRegistrar) {
    this.registrar = registrar;
    // It lists no models, so that one has to be named.
    this.chat.script((answer) =>
      answer.path.endsWith("/models") ? refuses(404, {})(answer) : says(["Yes."])(answer),
    );
  }

  static async open(): Promise<Peers> {
    return new Peers(await SmallRegistrar.open({ "200": password }));
  }

  [Symbol.dispose](): void {
    this.registrar[Symbol.dispose]();
    this.chat[Symbol.dispose]();
  }
}

type Step = (terminal: TmuxTerminal, peers: Peers) => Promise<void>;

/** A whole set-up, question by question. */
const steps: readonly (readonly [question: string, answer: Step])[] = [
  ["How do calls come in?", (terminal) => terminal.choose("How do calls come in?", "As an ext")],
  [
    "Address of the PBX",
    (terminal, { registrar }) => terminal.answer("Address of the PBX", registrar.address),
  ],
  ["Extension", (terminal) => terminal.answer("Extension", "200")],
  ["Its password", (terminal) => terminal.answer("Its password", password)],
  ["What answers?", (terminal) => terminal.choose("What answers?", "Another server")],
  [
    "Address of the chat server",
    (terminal, { chat }) => terminal.answer("Address of the chat server", chat.url),
  ],
  ["Its key", (terminal) => terminal.answer("Its key", "k-1234")],
  [
    "Which model?",
    async (terminal) => {
      await terminal.asks("Which model?");
      terminal.press("C-u");
      await terminal.answer("Which model?", "tiny");
    },
  ],
  ["Which voice?", (terminal) => terminal.choose("Which voice?", "Built-in: rms")],
  [
    "Which model shall hear?",
    (terminal) => terminal.choose("Which model shall hear?", "The built-in demo", trialLimitMs),
  ],
  [
    "Password of the web page",
    async (terminal) => {
      await terminal.asks("Password of the web page", trialLimitMs);
      await terminal.answer("Password of the web page", "correct horse");
    },
  ],
  ["The same once more", (terminal) => terminal.answer("The same once more", "correct horse")],
  [
    "May other machines",
    async (terminal) => {
      await terminal.asks("May other machines");
      terminal.press("n");
    },
  ],
  ["Write it to", (terminal) => terminal.choose("Write it to", "Yes")],
];

if (tmuxProblem !== undefined && process.env["WILDFIRE_INTEROP"] !== "required") {
  test.skip(`setup on a terminal: ${tmuxProblem}`, () => undefined);
} else {
  describe("setup on a terminal", onTerminal);
}

function onTerminal(): void {
  test("wildfire alone asks, tries each answer, and writes all of it at the end", async () => {
    using home = new Home();
    using peers = await Peers.open();
    using terminal = home.open();
    for (const [, answer] of steps.slice(0, -1)) await answer(terminal, peers);
    await terminal.asks("Write it to");
    const screen = terminal.screen();
    for (const part of [
      "✓  200@127.0.0.1:",
      "began to answer after",
      "✓  builtin: first sound after",
      "real-time factor",
      "http://localhost:8081, with a password",
    ]) {
      expect(screen).toContain(part);
    }
    for (const secret of [password, "k-1234", "correct horse"])
      expect(screen).not.toContain(secret);
    expect(home.left).toEqual([]);
    await terminal.choose("Write it to", "Yes");
    await terminal.choose("What next?", "Nothing now");
    expect(await terminal.ended()).toBe(0);
    const state = await home.state();
    expect(state.calls.line).toEqual({ user: "200", pbx: peers.registrar.address, password });
    expect(state.brain).toMatchObject({ url: peers.chat.url, model: "tiny", key: "k-1234" });
    expect(state.voice.voice).toBe("rms");
    expect(state.page.bind).toBe("127.0.0.1");
    const hash = state.page.passwordHash ?? "";
    expect(await Bun.password.verify("correct horse", hash)).toBe(true);
    expect(statSync(home.secrets).mode & 0o777).toBe(0o600);
    expect(readFileSync(home.config, "utf8")).not.toContain("k-1234");
  });

  test.each(steps.map(([question], index) => [question, index] as const))(
    "Ctrl-C at %j leaves nothing, and says so",
    async (question, index) => {
      using home = new Home();
      using peers = await Peers.open();
      using terminal = home.open();
      for (const [, answer] of steps.slice(0, index)) await answer(terminal, peers);
      await terminal.asks(question, trialLimitMs);
      terminal.press("C-c");
      expect(await terminal.ended()).toBe(130);
      expect(terminal.screen()).toContain("Left: nothing was written.");
      expect(home.left).toEqual([]);
    },
  );

  test.each(["C-d", "Escape"])("%s at a question leaves nothing either", async (key) => {
    using home = new Home();
    using terminal = home.open();
    await terminal.choose("How do calls come in?", "As an ext");
    await terminal.asks("Address of the PBX");
    terminal.press(key);
    expect(await terminal.ended()).toBe(130);
    expect(home.left).toEqual([]);
  });

  test("Ctrl-C during a trial stops the trial, and not the setup", async () => {
    using home = new Home();
    using registrar = await SmallRegistrar.open({}, { instead: () => "silence" });
    using terminal = home.open();
    await terminal.choose("How do calls come in?", "As an ext");
    await terminal.answer("Address of the PBX", registrar.address);
    await terminal.answer("Extension", "200");
    await terminal.answer("Its password", "x");
    await terminal.shows("Registering 200@");
    terminal.press("C-c");
    await terminal.shows("Stopped, so nobody knows whether it works.");
    await terminal.choose("What now?", "Take it as it is");
    await terminal.choose("What answers?", "Nobody yet");
    await terminal.asks("Which voice?");
    terminal.press("C-c");
    expect(await terminal.ended()).toBe(130);
  });

  test("a wrong password is told with what to do, and can be corrected", async () => {
    using home = new Home();
    using peers = await Peers.open();
    using terminal = home.open({}, 60);
    await terminal.choose("How do calls come in?", "As an ext");
    await terminal.answer("Address of the PBX", peers.registrar.address);
    await terminal.answer("Extension", "200");
    await terminal.answer("Its password", "wrong");
    await terminal.shows("✗  The PBX refuses the password");
    await terminal.choose("What now?", "Change the answer");
    for (const question of ["Address of the PBX", "Extension"]) await terminal.answer(question, "");
    await terminal.answer("Its password", password);
    await terminal.shows("was registered after");
    await terminal.asks("What answers?");
    // At this width too each line hangs on the bar at the left.
    const lines = terminal.screen().split("\n");
    expect(lines.filter((line) => !/^[┌│◇◆●✓✗▲└]/.test(line))).toEqual([]);
  });

  test("a second run suggests what is there; Enter changes nothing, to the byte", async () => {
    using home = new Home();
    using peers = await Peers.open();
    const { address } = peers.registrar;
    await Bun.write(
      home.config,
      `# mine\n[sip]\nline = ["200@${address}"] # first\n\n[kokoro]\nvoice = "rms" # his\n`,
    );
    const secret = `line."200@${address.split(";")[0]}" = ${JSON.stringify(password)}\n`;
    writeFileSync(home.secrets, secret, { mode: 0o600 });
    const before = readFileSync(home.config, "utf8");
    using terminal = home.again();
    await terminal.shows(/is suggested: Enter[\s│]+keeps it/);
    const enter = [
      "How do calls come in?",
      "Address of the PBX",
      "Extension",
      "Its password (empty: as before)",
      "What answers?",
      "Which voice?",
      "Which model shall hear?",
      "Password of the web page",
    ];
    for (const question of enter) {
      await terminal.asks(question, trialLimitMs);
      terminal.press("Enter");
    }
    await terminal.choose("Nothing is different from before.", "Change the voice");
    await terminal.choose("Which voice?", "Built-in: rms");
    await terminal.choose("Nothing is different from before.", "Done", trialLimitMs);
    await terminal.choose("What next?", "Nothing now");
    expect(await terminal.ended()).toBe(0);
    expect(readFileSync(home.config, "utf8")).toBe(before);
    expect(readFileSync(home.secrets, "utf8")).toBe(secret);
  });

  test("what runs is told to apply what was changed", async () => {
    using home = new Home();
    const ports = `port = ${freePort()}\nout-port = 0\nvoice-signal-port = 0\n`;
    await Bun.write(
      home.config,
      `[services]\nrun = ["llama", "audiosocket"]\n[audiosocket]\nlisten = "127.0.0.1:${freePort()}"\n[llama]\n${ports}`,
    );
    await using running = new Program({ argv: ["up"], cwd: home.folder, env: home.env });
    await ready(running, "llama");
    await ready(running, "audiosocket");
    using terminal = home.again();
    await terminal.choose("How do calls come in?", "Asterisk's AudioSocket");
    await terminal.asks("Where shall Asterisk connect?");
    terminal.press("Enter");
    await terminal.shows("Another program listens");
    await terminal.choose("What now?", "Take it as it is");
    await terminal.choose("What answers?", "Nobody yet");
    await terminal.choose("Which voice?", "Built-in: kal");
    await terminal.choose("Which model shall hear?", "The built-in demo", trialLimitMs);
    await terminal.asks("Password of the web page", trialLimitMs);
    terminal.press("Enter");
    await terminal.choose("Write it to", "Yes");
    await terminal.choose("What next?", "Apply it now");
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen()).toContain("Applied:");
    running.signal("SIGTERM");
    expect(await running.exited()).toBe(0);
  });

  test("NO_COLOR is respected", async () => {
    using home = new Home();
    using terminal = home.open({ NO_COLOR: "1" });
    await terminal.asks("How do calls come in?");
    expect(terminal.screen({ withColours: true })).not.toContain("\u001B[");
    using painting = home.open();
    await painting.asks("How do calls come in?");
    expect(painting.screen({ withColours: true })).toContain("\u001B[36m◆");
  });

  test("the demonstration comes first for whoever wants it, and then the question again", async () => {
    using home = new Home();
    using terminal = home.open();
    await terminal.choose("How do calls come in?", "First show me a call");
    await terminal.shows("a call comes in", testLimitMs);
    terminal.press("C-c");
    await terminal.asks("How do calls come in?", testLimitMs);
    terminal.press("C-c");
    expect(await terminal.ended()).toBe(130);
    expect(home.left).toEqual([]);
  });
}

test("wildfire alone runs what is configured", async () => {
  using home = new Home();
  const port = freePort();
  await Bun.write(
    home.config,
    `[services]\nrun = ["llama"]\n[llama]\nport = ${port}\nout-port = 0\nvoice-signal-port = 0\n`,
  );
  await using program = new Program({ argv: [], cwd: home.folder, env: home.env });
  await ready(program, "llama");
  program.signal("SIGTERM");
  expect(await program.exited()).toBe(0);
  expect(existsSync(home.secrets)).toBe(false);
});

async function ready(program: Program, service: string): Promise<void> {
  await eventually({
    what: `the ${service} service`,
    probe: () => program.output.some((line) => line.includes(`${service} is ready`)),
    explain: () => program.explain(),
  });
}
