/** What the web service needs for calls from browsers, from its options and its other parts. */
import type { EventHub } from "../web/live/event-hub.ts";
import type { ServiceBoard } from "../web/live/service-board.ts";
import { BrowserCalls } from "./browser-calls.ts";
import { EventStream } from "./event-stream.ts";
import { openCallRecorder } from "./history-settings.ts";
import { describePhoneEvent, isPassingPhoneEvent, type PhoneEvent } from "./phone-events.ts";
import type { ServiceContext } from "./service.ts";
import type { WebValues } from "./web-options.ts";

export interface BrowserCallDesk {
  readonly values: WebValues;
  readonly context: ServiceContext;
  readonly hub: EventHub;
  readonly board: ServiceBoard;
}

/** What a call passes through besides its line, and what is missing to a caller without it. */
const neededServices: ReadonlyMap<string, string> = new Map([
  ["whisper", "it does not hear you"],
  ["llama", "nobody thinks of an answer"],
  ["kokoro", "no answer is spoken"],
]);

const msPerMinute = 60_000;

export function openBrowserCalls({ values, context, hub, board }: BrowserCallDesk): BrowserCalls {
  const { clock, log } = context;
  const events = new EventStream<PhoneEvent>({
    service: "web",
    pid: process.pid,
    clock,
    describe: describePhoneEvent,
    isPassing: isPassingPhoneEvent,
  });
  return new BrowserCalls({
    maxCalls: values["max-browser-calls"],
    limitMs: values["browser-call-minutes"] * msPerMinute,
    bind: values["call-bind"],
    whisperHost: values["whisper-host"],
    whisperPort: values["whisper-port"],
    events,
    hub,
    openRecorder: () => openCallRecorder(values.config, context),
    refresh: () => board.refresh(),
    serviceNotes: () => notesOf(board),
    clock,
    log,
  });
}

function notesOf(board: ServiceBoard): readonly string[] {
  const views = board.services();
  return [...neededServices].flatMap(([name, missing]) => {
    const state = views.find((view) => view.name === name)?.state ?? "not running";
    return state === "ready" ? [] : [`${name} is ${stateWords.get(state) ?? state}: ${missing}`];
  });
}

const stateWords: ReadonlyMap<string, string> = new Map([["given-up", "given up"]]);
