/** What a server of the OpenAI convention says that it has: `GET /v1/models`. */
import { fieldOf, itemsOf, textOf } from "../llama-bridge/chat/loose-json.ts";
import { getJson } from "./bounded-get.ts";

export interface ModelList {
  readonly models: readonly string[];
  /** Who made them available, which tells one kind of server from another. */
  readonly owner: string;
}

const maxModels = 200;
const maxNameCharacters = 200;

/** `base`: with its version, such as `http://127.0.0.1:8080/v1`. Undefined where there is no such list. */
export async function listModels(
  base: string,
  key: string | undefined,
  signal: AbortSignal,
): Promise<ModelList | undefined> {
  const got = await getJson(`${base}/models`, key, signal);
  if (got.kind !== "json" || got.status !== 200) return undefined;
  return readModelList(got.value);
}

/** Of whatever came: pure. */
export function readModelList(value: unknown): ModelList | undefined {
  const data = fieldOf(value, "data");
  // Ollama without any model says null.
  const isList = Array.isArray(data) || (data === null && fieldOf(value, "object") === "list");
  if (!isList) return undefined;
  const entries = itemsOf(data, maxModels);
  const names = entries.map((entry) => textOf(fieldOf(entry, "id"))).filter(isPlainName);
  const owner = entries
    .map((entry) => textOf(fieldOf(entry, "owned_by")))
    .find((text) => text !== "");
  return { models: [...new Set(names)], owner: owner ?? "" };
}

/** Names are shown to people, on terminals too. */
function isPlainName(name: string): boolean {
  return name !== "" && name.length <= maxNameCharacters && !/\p{C}/u.test(name);
}
