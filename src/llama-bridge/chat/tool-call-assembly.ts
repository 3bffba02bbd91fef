/** Tool calls that come in pieces, put together by their index; wrong ones are reported as such. */
import { quote } from "../../core/errors.ts";
import type { ToolArguments, ToolCall } from "./chat-messages.ts";
import { fieldOf, itemsOf, objectOf, textOf } from "./loose-json.ts";

/** In one answer; what is more is dropped. */
export const maxToolCalls = 16;
export const maxArgumentChars = 16_384;
const maxNameChars = 64;
const maxIdChars = 128;

interface PartialCall {
  id: string;
  name: string;
  argumentsText: string;
  isTooLong: boolean;
}

export class ToolCallAssembly {
  readonly #calls = new Map<number, PartialCall>();

  /** Takes the `tool_calls` of one piece, whatever it is; true when there was any call in it. */
  add(pieces: unknown): boolean {
    const items = itemsOf(pieces, maxToolCalls);
    for (const [position, piece] of items.entries()) this.#addPiece(piece, position);
    return items.length > 0;
  }

  /** The calls of the answer, in the order of their indices. */
  finish(): ToolCall[] {
    const calls = [...this.#calls].toSorted(([a], [b]) => a - b).map(([, call]) => call);
    const taken = new Set<string>();
    return calls.map((call, position) => {
      const isUsable = call.id !== "" && !taken.has(call.id);
      const id = isUsable ? call.id : `call_${position + 1}`;
      taken.add(id);
      return completeCall(call, id);
    });
  }

  #addPiece(piece: unknown, position: number): void {
    const call = this.#callFor(piece, position);
    if (call === undefined) return;
    const named = fieldOf(piece, "function");
    // Some servers repeat name and id in each piece.
    if (call.id === "") call.id = textOf(fieldOf(piece, "id")).slice(0, maxIdChars);
    if (call.name === "") call.name = textOf(fieldOf(named, "name")).slice(0, maxNameChars + 1);
    const added = argumentText(fieldOf(named, "arguments"));
    if (call.argumentsText.length + added.length > maxArgumentChars) call.isTooLong = true;
    else if (!call.isTooLong) call.argumentsText += added;
  }

  #callFor(piece: unknown, position: number): PartialCall | undefined {
    const given = fieldOf(piece, "index");
    const isIndex = typeof given === "number" && Number.isSafeInteger(given) && given >= 0;
    const index = isIndex ? given : this.#indexWithoutNumber(piece, position);
    const known = this.#calls.get(index);
    if (known !== undefined) return known;
    if (this.#calls.size >= maxToolCalls) return undefined;
    const call = { id: "", name: "", argumentsText: "", isTooLong: false };
    this.#calls.set(index, call);
    return call;
  }

  /** Servers that number nothing send whole calls, or tell calls apart by their ids. */
  #indexWithoutNumber(piece: unknown, position: number): number {
    const id = textOf(fieldOf(piece, "id")).slice(0, maxIdChars);
    if (id === "") return position;
    for (const [index, call] of this.#calls) if (call.id === id) return index;
    return this.#calls.size;
  }
}

/** Reads arguments as JSON; the empty text means that there are none. */
export function parseArguments(text: string): ToolArguments {
  if (text.trim() === "") return { kind: "object", value: {} };
  if (text.length > maxArgumentChars) return tooLong;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "wrong", reason: `the arguments are no JSON: ${quote(text)}` };
  }
  const value = objectOf(json);
  if (value === undefined) {
    return { kind: "wrong", reason: `the arguments are no JSON object: ${quote(text)}` };
  }
  return { kind: "object", value };
}

const tooLong: ToolArguments = {
  kind: "wrong",
  reason: `the arguments are longer than ${maxArgumentChars} characters`,
};

function completeCall(call: PartialCall, id: string): ToolCall {
  const parsed = call.isTooLong ? tooLong : parseArguments(call.argumentsText);
  // Servers take earlier calls apart again when they come back in the history.
  const argumentsText = parsed.kind === "object" ? call.argumentsText.trim() || "{}" : "{}";
  return { id, name: call.name.slice(0, maxNameChars), argumentsText, arguments: parsed };
}

/** A text in the convention; some servers send the object itself. */
function argumentText(value: unknown): string {
  if (typeof value === "string") return value;
  const object = objectOf(value);
  if (object === undefined) return "";
  try {
    return JSON.stringify(object);
  } catch {
    return "";
  }
}
