/** What answers in `--service llama`, and with which words: may become another while calls are up. */
import { WildfireError } from "../core/errors.ts";
import type { CallSettings } from "../llama-bridge/call/llama-call.ts";
import { ChatClient } from "../llama-bridge/chat/chat-client.ts";
import type { AnswerEnd, AskRequest, ChatAsker } from "../llama-bridge/chat/chat-messages.ts";
import { EchoAsker } from "../llama-bridge/echo-asker.ts";
import { type LlamaValues, readCallSettings, stopTexts } from "./llama-options.ts";
import { chatKeyVariable, readKey } from "./secret-key.ts";
import type { ServiceContext } from "./service.ts";

/** What stands in files, by the option that names them. */
interface Sources {
  readonly "text of key-file": string | undefined;
  readonly "text of system": string | undefined;
  readonly "text of tools": string | undefined;
}

interface Thoughts {
  readonly values: LlamaValues;
  readonly key: string | undefined;
  readonly sources: Sources;
  readonly settings: CallSettings;
  readonly asker: ChatAsker;
}

export class LlamaBrain implements ChatAsker {
  readonly #context: ServiceContext;
  #thoughts: Thoughts;

  private constructor(context: ServiceContext, thoughts: Thoughts) {
    this.#context = context;
    this.#thoughts = thoughts;
  }

  /** Throws a WildfireError that names the option which is wrong. */
  static async open(values: LlamaValues, context: ServiceContext): Promise<LlamaBrain> {
    return new LlamaBrain(context, await think(values, context));
  }

  get backend(): string {
    return this.#thoughts.values.backend;
  }

  /** The same object as long as nothing changes. */
  get settings(): CallSettings {
    return this.#thoughts.settings;
  }

  async ask(request: AskRequest): Promise<AnswerEnd> {
    return await this.#thoughts.asker.ask(request);
  }

  /**
   * Other values, for all that is asked from now on. Returns what is another besides them; throws as
   * `open`, and then everything stays as it was.
   */
  async renew(values: LlamaValues): Promise<readonly string[]> {
    const before = this.#thoughts;
    const next = await think(values, this.#context);
    const names = ["text of key-file", "text of system", "text of tools"] as const;
    const changed = names.filter((name) => next.sources[name] !== before.sources[name]);
    const isSameKey = next.key === before.key;
    const isSame = isSameKey && changed.length === 0 && Bun.deepEquals(values, before.values);
    if (!isSame) this.#thoughts = next;
    return changed;
  }
}

async function think(values: LlamaValues, context: ServiceContext): Promise<Thoughts> {
  const settings = await readCallSettings(values, context.clock);
  const key = await readKey(values["key-file"], chatKeyVariable);
  const sources = {
    "text of key-file": values["key-file"] === undefined ? undefined : key,
    "text of system": await textOf(values.system),
    "text of tools": await textOf(values.tools),
  };
  return { values, key, sources, settings, asker: openBackend(values, key, context) };
}

/** Whether the file can be read is told by whoever needs it. */
async function textOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return await Bun.file(path)
    .text()
    .catch(() => undefined);
}

function openBackend(
  values: LlamaValues,
  key: string | undefined,
  { clock, log }: ServiceContext,
): ChatAsker {
  if (values.backend === "echo") return new EchoAsker(clock);
  const { url, model, temperature, seed } = values;
  if (url === undefined) {
    throw new WildfireError("usage", "--backend openai needs --url", {
      hint: "give the address of the chat server, such as --url http://127.0.0.1:8080",
    });
  }
  return new ChatClient({
    url,
    model,
    key,
    temperature,
    seed,
    maxTokens: values["max-tokens"],
    stop: stopTexts(values),
    limits: { firstTokenMs: values["first-token-limit"] * 1000 },
    clock,
    log,
  });
}
