/** The tools that every call has: hanging up, transferring, sending digits. */
import { describeError, quote } from "../../core/errors.ts";
import type { JsonObject } from "../chat/chat-messages.ts";
import { textOf } from "../chat/loose-json.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

/** What the call itself can do; each rejects with the reason when it cannot. */
export interface CallActions {
  hangUp(): Promise<void>;
  /** To a number or SIP address that the configuration allows. */
  transfer(target: string): Promise<void>;
  /** RFC 4733 events: 0-9, *, #, A-D. */
  sendDigits(digits: string): Promise<void>;
}

export interface CallToolOptions {
  readonly actions: CallActions;
  /** Names that the model may transfer to, and where each of them leads. */
  readonly destinations: Readonly<Record<string, string>>;
  /** The model may also transfer to any number of digits. Not unless given. */
  readonly anyNumber?: boolean | undefined;
}

const numberForm = /^\+?\d{1,20}$/;
const digitsForm = /^[\d*#A-D]{1,32}$/i;

/** Without destinations there is no transfer. */
export function callTools(options: CallToolOptions): Tool[] {
  const tools = [hangUpTool(options.actions), digitsTool(options.actions)];
  const canTransfer = Object.keys(options.destinations).length > 0 || options.anyNumber === true;
  return canTransfer ? [...tools, transferTool(options)] : tools;
}

function hangUpTool(actions: CallActions): Tool {
  return {
    declaration: {
      name: "hang_up",
      description: "Ends the telephone call. Say good-bye in the same answer.",
      parameters: { type: "object", properties: {} },
    },
    isLast: true,
    run: async () => await attempt(actions.hangUp(), "the call is over"),
  };
}

function digitsTool(actions: CallActions): Tool {
  return {
    declaration: {
      name: "send_digits",
      description: "Presses keys of the telephone, for menus of other systems.",
      parameters: {
        type: "object",
        properties: { digits: { type: "string", description: "0-9, * and #, such as 12#" } },
        required: ["digits"],
      },
    },
    isLast: false,
    run: async (args) => {
      const digits = textOf(args["digits"]).replaceAll(/[\s-]/g, "").toUpperCase();
      if (!digitsForm.test(digits)) return failed(`${quote(digits)} are no keys of a telephone`);
      return await attempt(actions.sendDigits(digits), "the keys were pressed");
    },
  };
}

function transferTool(options: CallToolOptions): Tool {
  const { actions, destinations, anyNumber = false } = options;
  const names = Object.keys(destinations);
  const choices: JsonObject = anyNumber ? {} : { enum: names };
  const known = names.length === 0 ? "" : `One of: ${names.join(", ")}. `;
  return {
    declaration: {
      name: "transfer",
      description: "Transfers the caller to somebody else. Tell them so in the same answer.",
      parameters: {
        type: "object",
        properties: {
          to: {
            type: "string",
            description: `${known}${anyNumber ? "Or a telephone number." : ""}`.trim(),
            ...choices,
          },
        },
        required: ["to"],
      },
    },
    isLast: true,
    run: async (args) => {
      const to = textOf(args["to"]).trim();
      const number = anyNumber ? to.replaceAll(/[\s()/-]/g, "") : "";
      const named = Object.hasOwn(destinations, to) ? destinations[to] : undefined;
      const target = named ?? (numberForm.test(number) ? number : undefined);
      if (target === undefined) return failed(`there is nobody called ${quote(to)}`);
      return await attempt(actions.transfer(target), "the caller was transferred");
    },
  };
}

async function attempt(action: Promise<void>, done: string): Promise<ToolOutcome> {
  try {
    await action;
    return { kind: "result", text: done };
  } catch (error) {
    return failed(describeError(error));
  }
}

function failed(text: string): ToolOutcome {
  return { kind: "failed", text };
}
