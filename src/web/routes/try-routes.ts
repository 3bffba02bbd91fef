/** Trials: a line, the chat server, the voice and the ears, with configured values or with others. */
import { jsonAnswer, RequestError } from "../answers.ts";
import type { Appliance } from "../appliance.ts";
import { numberIn, textIn } from "../../services/event-fields.ts";
import { isAtLeast } from "../roles.ts";
import type { BodyField, Route, WebRequest } from "../route.ts";
import { trialStream } from "../trial-stream.ts";
import { TryGate } from "../try-gate.ts";
import { maxTrialCharacters } from "../../tries/voice-trial.ts";

const text = (help: string): BodyField => ({ kind: "string", help });
const number = (help: string): BodyField => ({ kind: "number", help });

/** What everything has in common that has this server do something for somebody. */
const common = { method: "POST", least: "operator", kind: "api" } as const;
const onlyAdmins = "administrators only, unless it is the configured one";
const trialHelp = "`level`, `seen`, `fix`, and figures";

const maxPromptCharacters = 4000;

export function tryRoutes(appliance: Appliance): readonly Route[] {
  const gate = new TryGate();
  return [
    lineRoute(appliance, gate),
    chatRoute(appliance, gate),
    voiceRoute(appliance, gate),
    hearingRoute(appliance, gate),
    serversRoute(appliance, gate),
  ];
}

function lineRoute({ tries }: Appliance, gate: TryGate): Route {
  return {
    ...common,
    path: "/api/v1/tries/line",
    action: "try line",
    summary: "Registers a line at its PBX and takes that back; says what is wrong.",
    body: {
      form: "json",
      fields: {
        line: text(`as in [sip]; ${onlyAdmins}; the first configured one unless given`),
        password: text("its password; administrators only; the configured one unless given"),
      },
    },
    answer: { type: "application/json", help: trialHelp },
    async handle(request) {
      const wish = { line: given(request, "line"), password: given(request, "password") };
      const trial = await tries.line(wish, isAdmin(request));
      return await within(gate, async () => jsonAnswer(await trial(request.request.signal)));
    },
  };
}

function chatRoute({ tries }: Appliance, gate: TryGate): Route {
  return {
    ...common,
    path: "/api/v1/tries/chat",
    action: "try chat",
    summary: "Asks the chat server, and tells its answer while it comes.",
    body: {
      form: "json",
      fields: {
        prompt: { ...text("what a caller might say"), isRequired: true },
        system: text("system prompt, not saved yet; an empty one is the usual one"),
        backend: text("echo or openai"),
        url: text(`address of the server; ${onlyAdmins}`),
        model: text("name of the model"),
        key: text("key of the server; administrators only"),
        temperature: number("0 to 2"),
      },
    },
    answer: {
      type: "text/event-stream",
      help: "`text` as it comes, `clause` as it would be spoken, and `result` at the end",
    },
    async handle(request) {
      const prompt = limited(request, "prompt", maxPromptCharacters);
      const names = ["backend", "url", "model", "key"] as const;
      const { system } = request.body;
      const wish = {
        prompt,
        ...(typeof system === "string" ? { system } : {}),
        ...givenAll(request, names),
        ...numberGiven(request, "temperature"),
      };
      const told: { tell?: (name: string, data: unknown) => void } = {};
      const trial = await tries.chat(wish, isAdmin(request), {
        text: (delta) => told.tell?.("text", { text: delta }),
        clause: (clause) => told.tell?.("clause", { text: clause }),
      });
      return trialStream({
        request: request.request,
        done: gate.enter("light"),
        run(tell, signal) {
          told.tell = tell;
          return trial(signal);
        },
      });
    },
  };
}

function voiceRoute({ tries }: Appliance, gate: TryGate): Route {
  return {
    ...common,
    path: "/api/v1/tries/voice",
    action: "try voice",
    summary: "Has a text spoken; JSON with what is wrong where that fails.",
    body: {
      form: "json",
      fields: {
        text: { ...text("what is to be said"), isRequired: true },
        engine: text("builtin or openai-speech"),
        url: text(`address of the speech server; ${onlyAdmins}`),
        model: text("what the speech server calls its model"),
        voice: text("name of the voice"),
        speed: number("1 is natural"),
        language: text("such as en"),
        key: text("key of the speech server; administrators only"),
      },
    },
    answer: {
      type: "audio/wav",
      help: "16-bit mono; what was measured is in the header x-wildfire-trial, as URI-encoded JSON",
    },
    async handle(request) {
      const words = limited(request, "text", maxTrialCharacters);
      const names = ["engine", "url", "model", "voice", "language", "key"] as const;
      const wish = { text: words, ...givenAll(request, names), ...numberGiven(request, "speed") };
      const trial = await tries.voice(wish, isAdmin(request));
      return await within(gate, async () => {
        const { wav, ...figures } = await trial(request.request.signal);
        if (wav === undefined || figures.level === "fault") return jsonAnswer(figures);
        return new Response(new Uint8Array(wav), {
          headers: {
            "content-type": "audio/wav",
            "x-wildfire-trial": encodeURIComponent(JSON.stringify(figures)),
          },
        });
      });
    },
  };
}

function hearingRoute({ tries }: Appliance, gate: TryGate): Route {
  return {
    ...common,
    path: "/api/v1/tries/hearing",
    action: "try hearing",
    summary: "Loads a whisper model and measures how fast this processor hears with it.",
    body: {
      form: "json",
      fields: { model: text(`path of a ggml file, or demo; ${onlyAdmins}`) },
    },
    answer: { type: "text/event-stream", help: `one event, \`result\`: ${trialHelp}` },
    async handle(request) {
      const trial = await tries.hearing({ model: given(request, "model") }, isAdmin(request));
      return trialStream({
        request: request.request,
        done: gate.enter("heavy"),
        run: (_tell, signal) => trial(signal),
      });
    },
  };
}

function serversRoute({ tries }: Appliance, gate: TryGate): Route {
  return {
    method: "GET",
    path: "/api/v1/tries/servers",
    least: "operator",
    kind: "api",
    summary:
      "Chat and speech servers on this host, at their usual ports and where they are configured.",
    answer: {
      type: "application/json",
      help: "`chat`: kind, url, models; `speech`: kind, url, voices",
    },
    handle: async ({ request }) =>
      await within(gate, async () => jsonAnswer(await tries.servers(request.signal))),
  };
}

async function within(gate: TryGate, answer: () => Promise<Response>): Promise<Response> {
  const leave = gate.enter("light");
  try {
    return await answer();
  } finally {
    leave();
  }
}

function isAdmin({ principal }: WebRequest): boolean {
  return principal !== undefined && isAtLeast(principal.role, "admin");
}

/** Undefined for a field that is not there or empty. */
function given({ body }: WebRequest, name: string): string | undefined {
  return textIn(body, name) || undefined;
}

function givenAll<Name extends string>(
  request: WebRequest,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = given(request, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function numberGiven<Name extends string>(
  { body }: WebRequest,
  name: Name,
): Partial<Record<Name, number>> {
  const found: Partial<Record<Name, number>> = {};
  const value = numberIn(body, name);
  if (value !== undefined) found[name] = value;
  return found;
}

function limited({ body }: WebRequest, name: string, limit: number): string {
  const value = body[name];
  const words = typeof value === "string" ? value.trim() : "";
  if (words !== "" && words.length <= limit) return words.toWellFormed();
  const hint = words === "" ? "write something" : `at most ${limit} characters`;
  throw new RequestError(400, `the field ${name} is not usable`, { hint });
}
