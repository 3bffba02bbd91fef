/**
 * Many calls at once with a LLaMA, without any sound: each turn is a word that no other turn has, and the
 * model answers with that word, so that it shows whose answer went where.
 */
import { type ChatScript, says, type ScriptedChatServer } from "./scripted-chat-server.ts";
import { until } from "./until.ts";
import type { VoiceEar } from "./voice-ear.ts";
import type { MouthCall, WhisperMouth } from "./whisper-mouth.ts";

export interface ScriptedTurnsOptions {
  readonly whisper: WhisperMouth;
  /** Reports at once, so that each turn ends when its answer is there. */
  readonly voice: VoiceEar;
  readonly model: ScriptedChatServer;
  /** Calls at the same time, each under an id of its own. */
  readonly lines: number;
  /** One after the other on each line, under the same id. */
  readonly callsOfLine: number;
  readonly turnsOfCall: number;
}

export interface TurnsTally {
  readonly turns: number;
  /** Turns whose answer never came to their own call. */
  readonly lost: readonly string[];
  /** Answers that came more than once. */
  readonly doubled: readonly string[];
  /** Answers that came to another call, or knew of one. */
  readonly misplaced: readonly string[];
}

const firstId = 2000;
const answerLimitMs = 20_000;
/** In so many turns once, the caller goes on talking when the model has been asked already. */
const goesOnEvery = 5;
const wordForm = /q[a-z]{6}/g;

/** Runs all calls to their ends. */
export async function scriptedTurns(options: ScriptedTurnsOptions): Promise<TurnsTally> {
  options.model.script(answersWithTheWord);
  const tally: Tally = { turns: 0, lost: [], strangers: [] };
  const lines = Array.from({ length: options.lines }, (_, line) => runLine(line, tally, options));
  await Promise.all(lines);
  return { turns: tally.turns, lost: tally.lost, ...judgeAnswers(options, tally) };
}

interface Tally {
  turns: number;
  readonly lost: string[];
  readonly strangers: string[];
}

async function runLine(line: number, tally: Tally, options: ScriptedTurnsOptions): Promise<void> {
  const call = await options.whisper.connect(firstId + line);
  for (let round = 0; round < options.callsOfLine; round += 1) {
    call.signal("register");
    for (let turn = 0; turn < options.turnsOfCall; turn += 1) {
      tally.turns += 1;
      await runTurn(call, { line, round, turn }, tally, options);
    }
    const before = byesOf(call.id, options);
    call.hangUp();
    await until(() => byesOf(call.id, options) > before, "the end of the call", answerLimitMs);
  }
  call.close();
}

interface TurnName {
  readonly line: number;
  readonly round: number;
  readonly turn: number;
}

async function runTurn(
  call: MouthCall,
  name: TurnName,
  tally: Tally,
  { voice, model }: ScriptedTurnsOptions,
): Promise<void> {
  const word = wordOf(name);
  if (name.turn % goesOnEvery === goesOnEvery - 1) {
    const first = wordOf({ ...name, turn: name.turn + 100 });
    const isAsked = (): boolean => model.answers.some((answer) => lastWord(answer) === first);
    call.turn(`Well ${first} and`);
    await until(isAsked, "the question", answerLimitMs);
  }
  call.turn(`I mean ${word}`);
  const isAnswered = (): boolean => voice.texts(call.id).some((text) => text.includes(word));
  try {
    await until(isAnswered, word, answerLimitMs);
  } catch {
    tally.lost.push(word);
  }
}

function byesOf(id: number, { voice }: ScriptedTurnsOptions): number {
  return voice.byes.filter((bye) => bye === String(id)).length;
}

/** In several pieces, so that answers of all calls are under way at the same time. */
const answersWithTheWord: ChatScript = async (answer) => {
  const word = lastWord(answer);
  for (let turn = 0; turn < word.charCodeAt(word.length - 1) % 4; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await says(["You ", "mean ", `${word}.`])(answer);
};

function lastWord(answer: { contents(role: string): string[] }): string {
  return answer.contents("user").at(-1)?.match(wordForm)?.at(-1) ?? "";
}

function judgeAnswers(
  { voice, model, lines }: ScriptedTurnsOptions,
  { strangers }: Tally,
): Pick<TurnsTally, "doubled" | "misplaced"> {
  const doubled: string[] = [];
  for (let line = 0; line < lines; line += 1) {
    const words = voice.texts(firstId + line).flatMap((text) => text.match(wordForm) ?? []);
    doubled.push(...words.filter((word, index) => words.indexOf(word) !== index));
    strangers.push(...words.filter((word) => lineOf(word) !== lettersOf(line)));
  }
  for (const answer of model.answers) {
    const words = answer.contents("user").join(" ").match(wordForm) ?? [];
    const callsNamed = new Set(words.map(callOf));
    if (callsNamed.size > 1) strangers.push(words.join(" "));
  }
  return { doubled, misplaced: strangers };
}

/** `q`, two letters each for the line, the call and the turn. */
function wordOf({ line, round, turn }: TurnName): string {
  return `q${lettersOf(line)}${lettersOf(round)}${lettersOf(turn)}`;
}

function lineOf(word: string): string {
  return word.slice(1, 3);
}

function callOf(word: string): string {
  return word.slice(1, 5);
}

function lettersOf(number: number): string {
  return letterOf(Math.floor(number / 26)) + letterOf(number);
}

function letterOf(number: number): string {
  return String.fromCharCode(0x61 + (number % 26));
}
