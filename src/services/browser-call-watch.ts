/** What other services tell of a call, as the browser that makes it is told; pure. */
import { type Fields, numberIn, textIn } from "./event-fields.ts";
import { turnTimingIn } from "../web/live/turn-stages.ts";
import type { TalkEvent } from "../web/talk/talk-events.ts";

type Translation = (fields: Fields) => TalkEvent | undefined;

/** Undefined for what a caller need not know. */
export function talkEventOf(service: string, fields: Fields): TalkEvent | undefined {
  return translations.get(service)?.get(textIn(fields, "kind"))?.(fields);
}

function speaks(isSpeaking: boolean): Translation {
  return () => ({ kind: "caller", isSpeaking });
}

function clause(turnName: string): Translation {
  return (fields) => ({
    kind: "answer",
    turn: numberIn(fields, turnName) ?? 0,
    text: textIn(fields, "text").trim(),
  });
}

const whisper: ReadonlyMap<string, Translation> = new Map<string, Translation>([
  ["speech-start", speaks(true)],
  ["speech", speaks(true)],
  ["resume", speaks(false)],
  ["silence", speaks(false)],
  [
    "partial",
    (fields) => ({
      kind: "partial",
      committed: textIn(fields, "committed"),
      tentative: textIn(fields, "tentative"),
    }),
  ],
]);

const llama: ReadonlyMap<string, Translation> = new Map<string, Translation>([
  ["asked", () => ({ kind: "thinking" })],
  ["clause", clause("turn")],
  [
    "turn",
    (fields) => {
      const timing = turnTimingIn(fields);
      return timing === undefined ? undefined : { kind: "turn", ...timing };
    },
  ],
]);

/** Where the LLaMA tells nothing, such as another program in its place. */
const kokoro: ReadonlyMap<string, Translation> = new Map<string, Translation>([
  ["text", clause("number")],
]);

const translations: ReadonlyMap<string, ReadonlyMap<string, Translation>> = new Map([
  ["whisper", whisper],
  ["llama", llama],
  ["kokoro", kokoro],
]);
