/** Events as people read them, and what is said of each kind. */
import { expect, test } from "bun:test";
import { conversationEventLine } from "../../src/commands/conversation-event-line.ts";
import { phoneEventLine } from "../../src/commands/phone-event-line.ts";
import { describeKinds, eventCatalogue } from "../../src/services/event-catalogue.ts";

const textOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

test.each([
  [{ kind: "ringing", remote: "0301", line: "200@pbx" }, "call from 0301 on 200@pbx"],
  [{ kind: "ringing", remote: "40325ec2", line: "" }, "call from 40325ec2"],
  [{ kind: "hold", by: "us", isHeld: true }, "we put it on hold"],
  [{ kind: "hold", by: "peer", isHeld: false }, "the other side took it back from hold"],
  [{ kind: "digits", digits: "12#" }, "we pressed 12#"],
  [{ kind: "transfer", to: "600", ok: true }, "transferred to 600"],
  [
    { kind: "transfer", to: "600", ok: false, status: 486, reason: "Busy Here" },
    "not transferred to 600: 486 Busy Here",
  ],
  [{ kind: "draining", isDraining: true, calls: 1 }, "takes no new calls; 1 is up"],
  [{ kind: "draining", isDraining: false, calls: 0 }, "takes calls again"],
  [{ kind: "recorded", path: "/a.wav", bytes: 0 }, ""],
  [{ kind: "recorded", path: "/a.wav", bytes: 7 }, "recorded in /a.wav"],
  [{ kind: "ended", by: "peer", reason: "BYE", durationMs: 2600 }, "ended by peer after 3 s: BYE"],
  [{ kind: "ended", reason: "end marker", audioMs: 5 }, "ended: end marker"],
  [{ kind: "ended" }, "call ended"],
])("%j", (event, line) => {
  expect(phoneEventLine(event, textOf)).toBe(line);
});

test("the use of a tool is one line", () => {
  const event = { kind: "tool", name: "orders", arguments: "{}", outcome: "result", text: "two" };
  expect(conversationEventLine(event, textOf)).toBe("tool orders {}: result, two");
});

test("each service that is followed says what it tells, a line for each kind", () => {
  const services = Object.keys(eventCatalogue);
  expect(services).toEqual([
    "sip",
    "audiosocket",
    "whisper",
    "llama",
    "kokoro",
    "web",
    "supervisor",
  ]);
  for (const service of services) {
    const lines = describeKinds(service).trimEnd().split("\n");
    expect(lines).toHaveLength(Object.keys(eventCatalogue[service] ?? {}).length);
    for (const line of lines) expect(line).toMatch(/^[a-z-]+ {2,}\S.*\S$/);
  }
  expect(describeKinds("nobody")).toBe("");
});
