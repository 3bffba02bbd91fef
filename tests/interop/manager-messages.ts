/** Messages of Asterisk's manager interface: lines of `Key: value`, ended by an empty one. Pure. */

/** A key that came more than once holds its values on lines of their own. */
export type ManagerMessage = ReadonlyMap<string, string>;

export class ManagerDecoder {
  #rest = "";

  /** The messages that these bytes complete; the greeting line is none. */
  push(text: string): ManagerMessage[] {
    const blocks = (this.#rest + text).split("\r\n\r\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map(parseMessage);
  }
}

function parseMessage(block: string): ManagerMessage {
  const message = new Map<string, string>();
  for (const line of block.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const key = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    const before = message.get(key);
    message.set(key, before === undefined ? value : `${before}\n${value}`);
  }
  return message;
}

/** A value that is a list becomes one line for each entry, as for `Variable`. */
export type ManagerFields = Readonly<Record<string, string | readonly string[]>>;

export function encodeAction(fields: ManagerFields): string {
  const lines = Object.entries(fields).flatMap(([key, value]) =>
    (typeof value === "string" ? [value] : value).map((one) => `${key}: ${one}\r\n`),
  );
  return `${lines.join("")}\r\n`;
}
