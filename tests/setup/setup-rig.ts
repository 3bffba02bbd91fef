/** A person who answers setup by a script, and trials whose outcomes are scripted too. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Finding, ok } from "../../src/doctor/finding.ts";
import { wholeSchema } from "../../src/services/config-tables.ts";
import { webServiceOptions } from "../../src/services/web-options.ts";
import type { FoundServer, SetupDesk, SetupTrials } from "../../src/setup/setup-desk.ts";
import { type Present, readPresent } from "../../src/setup/setup-present.ts";
import {
  type BusyResult,
  type BusyWork,
  type PasswordQuestion,
  type Prompter,
  SetupLeft,
  type SelectQuestion,
  type TextQuestion,
} from "../../src/setup/setup-prompter.ts";
import type { SetupState } from "../../src/setup/setup-state.ts";

export const schema = wholeSchema(webServiceOptions);

/** What is answered to one question. */
export type Answer =
  /** Enter: what is suggested. */
  | "suggested"
  | { readonly pick: string }
  | { readonly type: string }
  | { readonly say: boolean }
  | "leave";

export class ScriptedPrompter implements Prompter {
  /** Everything that was shown, in order. */
  readonly shown: string[] = [];
  /** Labels of work to be stopped with Ctrl-C. */
  readonly stops: string[] = [];
  readonly #answers: Answer[];

  constructor(answers: readonly Answer[]) {
    this.#answers = [...answers];
  }

  get unused(): number {
    return this.#answers.length;
  }

  opening(title: string): void {
    this.shown.push(title);
  }

  closing(text: string): void {
    this.shown.push(text);
  }

  remark(kind: string, text: string, advice = ""): void {
    this.shown.push(`${kind}: ${text} ${advice}`.trim());
  }

  note(title: string, lines: readonly string[]): void {
    this.shown.push(title, ...lines);
  }

  select<T extends string>({ message, choices, initial }: SelectQuestion<T>): Promise<T> {
    const answer = this.#next(message);
    const wanted =
      answer === "suggested" ? (initial ?? choices[0]?.value) : pickOf(answer, message);
    const found = choices.find(({ value, label }) => value === wanted || label === wanted);
    if (found !== undefined) return Promise.resolve(found.value);
    const offered = choices.map(({ value }) => value).join(", ");
    throw new Error(`${message} has no ${wanted}: ${offered}`);
  }

  text({ message, initial = "", problem }: TextQuestion): Promise<string> {
    for (;;) {
      const answer = this.#next(message);
      const typed = answer === "suggested" ? initial : typedOf(answer, message);
      const found = problem(typed);
      if (found === undefined) return Promise.resolve(typed);
      this.shown.push(`refused: ${found}`);
    }
  }

  password({ message, problem }: PasswordQuestion): Promise<string> {
    return this.text({ message, problem });
  }

  confirm(message: string, initial: boolean): Promise<boolean> {
    const answer = this.#next(message);
    if (answer === "suggested") return Promise.resolve(initial);
    if (typeof answer === "object" && "say" in answer) return Promise.resolve(answer.say);
    throw new Error(`${message} is answered by yes or no`);
  }

  async busy<T>({ label, run }: BusyWork<T>): Promise<BusyResult<T>> {
    this.shown.push(`busy: ${label}`);
    const stop = this.stops.indexOf(label);
    if (stop >= 0) {
      this.stops.splice(stop, 1);
      return { kind: "stopped" };
    }
    const signal = new AbortController().signal;
    return { kind: "done", value: await run(signal, (text) => this.shown.push(text)) };
  }

  #next(message: string): Answer {
    this.shown.push(`? ${message}`);
    const answer = this.#answers.shift();
    if (answer === "leave") throw new SetupLeft();
    if (answer === undefined) throw new Error(`nobody answers ${message}`);
    return answer;
  }
}

function pickOf(answer: Answer, message: string): string {
  if (typeof answer === "object" && "pick" in answer) return answer.pick;
  throw new Error(`${message} is a choice`);
}

function typedOf(answer: Answer, message: string): string {
  if (typeof answer === "object" && "type" in answer) return answer.type;
  throw new Error(`${message} is typed`);
}

export interface ScriptedDesk {
  readonly desk: SetupDesk;
  readonly prompter: ScriptedPrompter;
  /** What was tried, in order. */
  readonly tried: unknown[];
}

export interface DeskScript {
  readonly answers: readonly Answer[];
  /** What comes of trials, by what is tried; good ones unless given. */
  readonly findings?: Partial<Record<keyof SetupTrials, Finding[]>>;
  readonly chatServers?: readonly FoundServer[];
  readonly speechServers?: readonly FoundServer[];
  readonly chatModels?: readonly string[];
  readonly pull?: () => Promise<string>;
}

export function scriptedDesk(script: DeskScript): ScriptedDesk {
  const { answers, findings = {}, chatServers = [], speechServers = [], chatModels = [] } = script;
  const prompter = new ScriptedPrompter(answers);
  const tried: unknown[] = [];
  const outcome = (kind: keyof SetupTrials, what: unknown): Promise<Finding> => {
    tried.push(what);
    return Promise.resolve(findings[kind]?.shift() ?? ok(`${kind} works`));
  };
  const trials: SetupTrials = {
    findChatServers: () => Promise.resolve(chatServers),
    findSpeechServers: () => Promise.resolve(speechServers),
    chatModels: () => Promise.resolve(chatModels),
    speechVoices: () => Promise.resolve([]),
    line: (line) => outcome("line", line),
    audiosocket: (listen) => outcome("audiosocket", listen),
    brain: (brain) => outcome("brain", brain),
    voice: (voice) => outcome("voice", voice),
    ears: (ears) => outcome("ears", ears),
  };
  const desk: SetupDesk = {
    prompter,
    trials,
    models: {
      folder: "/nowhere",
      machine: () => Promise.resolve({ cores: 4, memoryBytes: 16e9, cpu: "avx2" }),
      stored: () => Promise.resolve([]),
      pull: script.pull ?? (() => Promise.resolve("/nowhere/ggml-base.en.bin")),
    },
    builtinVoices: ["slt", "rms"],
    hashPassword: (password) => Promise.resolve(`hash of ${password}`),
    showDemo: () => {
      tried.push("demo");
      return Promise.resolve();
    },
  };
  return { desk, prompter, tried };
}

/** A folder with a configuration, or room for one. */
export class SetupPlace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-setup-"));
  readonly path = join(this.folder, "wildfire.toml");
  readonly secretsPath = join(this.folder, "secrets.toml");

  async present(): Promise<Present> {
    return await readPresent(this.path, schema);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a machine without any configuration has. */
export const untouched: SetupState = {
  calls: { line: undefined, audiosocket: undefined },
  brain: { backend: "echo", url: undefined, model: "default", key: undefined },
  voice: { engine: "builtin", url: undefined, model: "kokoro", voice: undefined, key: undefined },
  ears: { model: undefined },
  page: { passwordHash: undefined, bind: "127.0.0.1", port: 8081, isSecure: false },
};

export const line = { user: "200", pbx: "pbx.example", password: "secret" };
