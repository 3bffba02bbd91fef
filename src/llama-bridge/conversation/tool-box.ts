/** The tools of a call by their names: what the model is told of them, and who may be run. */
import { quote, WildfireError } from "../../core/errors.ts";
import type { ToolCall, ToolDeclaration } from "../chat/chat-messages.ts";
import { checkArguments } from "./tool-arguments.ts";
import type { PlannedCall, Tool, ToolPlanner } from "./tool.ts";

/** What the OpenAI convention allows in the name of a function. */
const nameForm = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const maxTools = 64;

export class ToolBox implements ToolPlanner {
  readonly declarations: readonly ToolDeclaration[];
  readonly #tools: ReadonlyMap<string, Tool>;

  /** Throws a WildfireError("config") for a name that is used twice or cannot be one. */
  constructor(tools: readonly Tool[]) {
    const byName = new Map<string, Tool>();
    for (const tool of tools.slice(0, maxTools)) {
      const { name } = tool.declaration;
      if (!nameForm.test(name)) {
        throw new WildfireError("config", `a tool cannot have the name ${quote(name)}`, {
          hint: "use letters, digits, _ and -, beginning with a letter",
        });
      }
      if (byName.has(name)) {
        throw new WildfireError("config", `there are two tools of the name ${quote(name)}`, {
          hint: "rename one: hang_up, transfer and send_digits are built in",
        });
      }
      byName.set(name, tool);
    }
    this.#tools = byName;
    this.declarations = [...byName.values()].map((tool) => tool.declaration);
  }

  plan(call: ToolCall): PlannedCall {
    const tool = this.#tools.get(call.name);
    if (tool === undefined) {
      const known = [...this.#tools.keys()].join(", ");
      const reason = `there is no tool ${quote(call.name)}; there are: ${known || "none"}`;
      return { kind: "refused", call, reason };
    }
    const checked = checkArguments(tool.declaration.parameters, call.arguments);
    if (checked.kind === "wrong") return { kind: "refused", call, reason: checked.reason };
    const run = async (signal: AbortSignal) => await tool.run(checked.value, signal);
    return { kind: tool.isLast ? "last" : "now", call, run };
  }
}
