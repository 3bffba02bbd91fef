/** Reads what sipp leaves behind: its statistics and its trace of messages. Pure. */

/** The last line of the statistics by the names of the columns; `(C)` counts from the start. */
export function parseSippStatistics(csv: string): ReadonlyMap<string, number> {
  const lines = csv.trim().split("\n");
  const names = lines[0]?.split(";") ?? [];
  const values = lines.length < 2 ? [] : (lines.at(-1)?.split(";") ?? []);
  const pairs = names.map((name, index): [string, number] => [name, Number(values[index])]);
  return new Map(pairs.filter(([, value]) => Number.isFinite(value)));
}

export interface SippMessage {
  readonly direction: "sent" | "received";
  readonly text: string;
}

/** A heading of a message in the trace; the direction is in the middle. */
const heading = /^(?:UDP|TCP|TLS|SCTP) message (sent|received)[^\n]*:\n\n/gm;
const separator = /^-{20,} /m;

/** Messages in the order of the trace. */
export function parseSippMessages(trace: string): SippMessage[] {
  const found = [...trace.matchAll(heading)];
  return found.map((match, index) => {
    const end = found[index + 1]?.index ?? trace.length;
    const [text = ""] = trace.slice(match.index + match[0].length, end).split(separator);
    return { direction: match[1] === "sent" ? "sent" : "received", text };
  });
}

/** The messages that start like this: `SIP/2.0 200`, or `INVITE`. */
export function startingWith(
  messages: readonly SippMessage[],
  direction: SippMessage["direction"],
  start: string,
): readonly string[] {
  return messages
    .filter((message) => message.direction === direction && message.text.startsWith(start))
    .map(({ text }) => text);
}

/** The values of a header in each of the messages. */
export function headerValues(messages: readonly string[], name: string): string[] {
  const pattern = new RegExp(`^${name}:[ \\t]*(.*?)\\r?$`, "im");
  return messages.flatMap((text) => pattern.exec(text)?.[1] ?? []);
}
