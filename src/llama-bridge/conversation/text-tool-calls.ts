/** Tool calls as small models write them into their text, such as `[[transfer sales]]`; pure. */
import type { ToolArguments, ToolCall, ToolDeclaration } from "../chat/chat-messages.ts";
import { fieldOf, itemsOf, objectOf, textOf } from "../chat/loose-json.ts";
import { parseArguments } from "../chat/tool-call-assembly.ts";

/** The call that stands in a mark; `id` is made of its number within the turn. */
export function textToolCall(
  mark: string,
  number: number,
  declarations: readonly ToolDeclaration[],
): ToolCall {
  const [, name = "", rest = ""] = /^([\w-]*)[\s:(]*([\s\S]*?)\)?$/.exec(mark.trim()) ?? [];
  const declared = declarations.find((tool) => tool.name === name);
  const parsed = textArguments(rest.trim(), declared);
  const argumentsText = parsed.kind === "object" ? JSON.stringify(parsed.value) : "{}";
  return { id: `text_${number}`, name: name.slice(0, 64), argumentsText, arguments: parsed };
}

/** JSON, or the one argument that there is. */
function textArguments(text: string, tool: ToolDeclaration | undefined): ToolArguments {
  if (text === "" || text.startsWith("{")) return parseArguments(text);
  const name = tool === undefined ? undefined : onlyArgument(tool);
  if (name === undefined) return { kind: "wrong", reason: "write the arguments as a JSON object" };
  return { kind: "object", value: { [name]: text.replace(/^"(.*)"$/s, "$1") } };
}

function onlyArgument({ parameters }: ToolDeclaration): string | undefined {
  const required = itemsOf(fieldOf(parameters, "required"), 2).map(textOf);
  const all = Object.keys(objectOf(fieldOf(parameters, "properties")) ?? {});
  const names = required.length > 0 ? required : all;
  return names.length === 1 ? names[0] : undefined;
}

/** What the system prompt of such a model says of its tools; empty where there are none. */
export function textToolInstructions(declarations: readonly ToolDeclaration[]): string {
  if (declarations.length === 0) return "";
  const lines = declarations.map(({ name, description, parameters }) => {
    const names = Object.keys(objectOf(fieldOf(parameters, "properties")) ?? {});
    const only = names.length === 1 ? ` ${names[0]}` : "";
    const several = names.length > 1 ? ` {${names.map((each) => `"${each}": …`).join(", ")}}` : "";
    return `[[${name}${only}${several}]] ${description}`;
  });
  return [
    "You can act by writing one of these marks on a line of its own. The caller does not hear it.",
    ...lines,
  ].join("\n");
}
