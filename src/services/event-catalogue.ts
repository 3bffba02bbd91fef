/**
 * Every kind of event that a service tells, in one sentence each; the types say what else stands in it, and
 * the compiler sees to it that none is missing here.
 *
 * An event is a JSON object on a line. Its head is the same everywhere: `kind`, `time` (ISO 8601), `pid` of
 * the process that tells it, and `seq`, its number in the stream of that process, which those do not have
 * that pass, such as unfinished texts. What is about a call has `key`, which names the call for the life of
 * the service, and `callId`, under which all services know it and which comes again with later calls.
 * Telephones add `line`, `direction`, `remote` and `name`. Events are private: they hold what people say.
 */
import type { LlamaCallEvent } from "../llama-bridge/call/call-events.ts";
import type { VoiceEvent } from "../voice/voice-events.ts";
import type { CallHearingEvent } from "../whisper/hearing-events.ts";
import type { PhoneCallEvent } from "./phone-events.ts";

type Kinds<Kind extends string> = Readonly<Record<Kind, string>>;

const phone: Kinds<PhoneCallEvent["kind"]> = {
  ringing: "a call comes in",
  progress: "whom we call rings, or answers with another status below 200",
  established: "the call is up: callId and codec",
  media: "codec and flow were agreed, for the first time or anew",
  hold: "one of both put the call on hold, or took it back",
  digit: "the caller pressed a key",
  digits: "we pressed keys",
  transfer: "to whom the caller was handed, and what became of it",
  transcript: "a text of whisper came back",
  speaking: "the first frame of a reply goes to the line",
  played: "so much of a reply was played",
  drained: "all that there was of a reply was played",
  recorded: "the sound of the call is kept in a file: told when it is begun and when it is whole",
  levels: "how loud both are, in dBFS; passes",
  ended: "by whom, why, how long it was up, and the quality of its line",
};

const service = {
  draining: "the service takes no new calls, or takes calls again; calls that are up",
} as const;

const whisper: Kinds<CallHearingEvent["kind"]> = {
  began: "the sound of a call is connected",
  "speech-start": "sound that may be speech begins",
  pause: "outbound is asked to wait: the caller may speak",
  resume: "outbound may go on: it was nothing",
  speech: "the caller speaks",
  silence: "the caller's turn is over",
  partial: "what is understood of an unfinished utterance; passes",
  final: "an utterance with its text, words and times",
  ended: "the last text is delivered; why the call ended, and its counts",
};

const llama: Kinds<LlamaCallEvent["kind"]> = {
  began: "a conversation begins",
  transcript: "what the caller said",
  "back-channel": "a short sound while the agent spoke, which is no turn",
  asked: "the model was asked",
  clause: "a clause goes to the voice",
  answered: "how the answer of the model ended, and its times",
  turn: "where the time went until the agent was heard",
  heard: "how much of a turn the caller has heard",
  tool: "the model used a tool: name, arguments, what came of it",
  resumed: "an answer goes on after an interruption that was none",
  ended: "the conversation is over",
};

const kokoro: Kinds<VoiceEvent["kind"] | "engine"> = {
  began: "the first text of a call has come",
  text: "the LLaMA sent a text",
  speaking: "the first sound of a text left",
  heard: "how much of a text was heard, as it is told to the LLaMA",
  interrupted: "the caller spoke over a reply",
  late: "a text came while the caller spoke, and is not spoken",
  drained: "all was said",
  engine: "a speech engine failed, or works again",
  ended: "the call is over",
};

const supervisor: Kinds<"service" | "crash"> = {
  service: "a service is in another state",
  crash: "a service ended by itself, or was ended because it was ill",
};

/** By service and kind. */
export const eventCatalogue: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sip: { registration: "a line is registered, or is not", ...service, ...phone },
  audiosocket: { ...service, ...phone },
  whisper,
  llama,
  kokoro,
  web: phone,
  supervisor,
};

/** For people: a line for each kind. */
export function describeKinds(name: string): string {
  const kinds = Object.entries(eventCatalogue[name] ?? {});
  const width = Math.max(0, ...kinds.map(([kind]) => kind.length)) + 2;
  return kinds.map(([kind, text]) => `${kind.padEnd(width)}${text}\n`).join("");
}
