/** What each kind of event of each service means for the call on the page. */
import { partyIn } from "../../services/remote-party.ts";
import { type Fields, numberIn, objectIn, textIn } from "../../services/event-fields.ts";
import {
  addAgentClause,
  addLine,
  type CallLoudness,
  hasPartOf,
  type LiveCall,
  type LineQuality,
  type LivePart,
  markInterrupted,
  type TranscriptLine,
} from "./live-call.ts";
import { turnTimingIn } from "./turn-stages.ts";

export interface CallHappening {
  readonly call: LiveCall;
  readonly part: LivePart;
  readonly fields: Fields;
  readonly atMs: number;
}

type Rule = (happening: CallHappening) => void;

/** False for a kind that changes nothing on the page. */
export function applyCallRule(service: string, happening: CallHappening): boolean {
  const rule = rules.get(service)?.get(textIn(happening.fields, "kind"));
  rule?.(happening);
  return rule !== undefined;
}

const phoneRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["ringing", noteParty],
  ["progress", noteParty],
  ["established", established],
  ["media", ({ call, fields }) => void (call.codec = textIn(fields, "codec") || call.codec)],
  // Whoever hears tells it better.
  ["transcript", unlessHeardBy("whisper")],
  ["speaking", ({ call }) => agentBegins(call)],
  ["drained", ({ call }) => void (call.isAgentSpeaking = false)],
  ["levels", ({ call, fields }) => void (call.loudness = loudnessIn(fields))],
  ["ended", phoneEnded],
]);

const whisperRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["began", () => undefined],
  ["speech-start", ({ call }) => void (call.isCallerSpeaking = true)],
  ["speech", ({ call }) => void (call.isCallerSpeaking = true)],
  ["resume", callerStops],
  ["silence", callerStops],
  [
    "partial",
    ({ call, fields }) => {
      call.isCallerSpeaking = true;
      call.partial = {
        committed: textIn(fields, "committed"),
        tentative: textIn(fields, "tentative"),
      };
    },
  ],
  [
    "final",
    (happening) => {
      callerStops(happening);
      forgetEchoes(happening.call);
      said(happening);
    },
  ],
  [
    "ended",
    (happening) => {
      callerStops(happening);
      over(happening);
    },
  ],
]);

const llamaRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["began", () => undefined],
  ["transcript", unlessHeardBy("whisper", "sip")],
  ["asked", ({ call }) => void (call.isThinking = true)],
  [
    "clause",
    ({ call, fields, atMs }) => {
      call.isThinking = false;
      addAgentClause(call, { turn: numberIn(fields, "turn"), text: textIn(fields, "text"), atMs });
    },
  ],
  [
    "answered",
    ({ call, fields }) => {
      call.isThinking = false;
      if (textIn(fields, "outcome") === "cancelled") markInterrupted(call);
    },
  ],
  ["turn", ({ call, fields }) => void (call.lastTurn = turnTimingIn(fields) ?? call.lastTurn)],
  ["ended", over],
]);

const voiceRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["began", () => undefined],
  [
    "text",
    ({ call, fields, atMs }) => {
      if (hasPartOf(call, "llama")) return;
      addAgentClause(call, {
        turn: numberIn(fields, "number"),
        text: textIn(fields, "text"),
        atMs,
      });
    },
  ],
  ["speaking", ({ call }) => agentBegins(call)],
  [
    "interrupted",
    ({ call }) => {
      call.isAgentSpeaking = false;
      markInterrupted(call);
    },
  ],
  ["drained", ({ call }) => void (call.isAgentSpeaking = false)],
  ["ended", over],
]);

const rules: ReadonlyMap<string, ReadonlyMap<string, Rule>> = new Map([
  ["sip", phoneRules],
  ["audiosocket", phoneRules],
  ["web", phoneRules],
  ["whisper", whisperRules],
  ["llama", llamaRules],
  ["kokoro", voiceRules],
]);

function noteParty({ call, fields }: CallHappening): void {
  const { name, remote } = partyIn(fields);
  const names = [name, remote].filter((text) => text !== "");
  call.remote = names.join(", ") || call.remote;
  call.line = textIn(fields, "line") || call.line;
  call.direction = textIn(fields, "direction") || call.direction;
}

function established(happening: CallHappening): void {
  noteParty(happening);
  const { call, fields, atMs } = happening;
  call.answeredMs ??= atMs;
  call.codec = textIn(fields, "codec") || call.codec;
}

function phoneEnded(happening: CallHappening): void {
  const { call, fields } = happening;
  const statistics = objectIn(fields, "statistics");
  call.quality = qualityIn(statistics) ?? call.quality;
  const [by, reason] = [textIn(fields, "by"), textIn(fields, "reason")];
  call.endReason = [by === "" ? "" : `by ${by}`, reason].filter((text) => text !== "").join(": ");
  over(happening);
}

function over({ part }: CallHappening): void {
  part.isOver = true;
}

function callerStops({ call }: CallHappening): void {
  call.isCallerSpeaking = false;
  call.partial = undefined;
}

function said({ call, part, fields, atMs }: CallHappening): void {
  const text = textIn(fields, "text").trim();
  addLine(call, { who: "caller", source: part.service, text, atMs, turn: undefined });
}

function isEcho({ who, source }: TranscriptLine): boolean {
  return who === "caller" && source !== "whisper";
}

/** Others may have told of it before whisper was listened to. */
function forgetEchoes({ transcript }: LiveCall): void {
  if (!transcript.some(isEcho)) return;
  transcript.splice(0, transcript.length, ...transcript.filter((line) => !isEcho(line)));
}

function unlessHeardBy(...services: readonly string[]): Rule {
  return (happening) => {
    if (!hasPartOf(happening.call, ...services)) said(happening);
  };
}

function agentBegins(call: LiveCall): void {
  call.isAgentSpeaking = true;
  call.isThinking = false;
}

/** Of RTP statistics as the sip service has them; undefined without any. */
export function qualityIn(statistics: Fields): LineQuality | undefined {
  const jitterMs = numberIn(statistics, "jitterMs");
  const lost = numberIn(statistics, "lostPackets") ?? 0;
  const received = numberIn(statistics, "receivedPackets") ?? 0;
  if (jitterMs === undefined || received === 0) return undefined;
  return {
    jitterMs,
    lossFraction: lost / (lost + received),
    meanOpinionScore: numberIn(statistics, "meanOpinionScore"),
  };
}

function loudnessIn(fields: Fields): CallLoudness | undefined {
  const callerDbfs = numberIn(fields, "callerDbfs");
  const agentDbfs = numberIn(fields, "agentDbfs");
  if (callerDbfs === undefined || agentDbfs === undefined) return undefined;
  return { callerDbfs, agentDbfs };
}
