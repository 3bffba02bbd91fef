import { describe, expect, test } from "bun:test";
import { encodeAction, ManagerDecoder } from "./manager-messages.ts";

const text =
  "Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nOutput: one\r\nOutput:  two: 2\r\n\r\n" +
  "Event: Hangup\r\nCause: 16\r\n\r\nEvent: Half\r\n";

describe("messages of the manager interface", () => {
  test("come out whole however they are cut; repeated keys become lines", () => {
    for (const piece of [1, 7, text.length]) {
      const decoder = new ManagerDecoder();
      const messages = [];
      for (let at = 0; at < text.length; at += piece) {
        messages.push(...decoder.push(text.slice(at, at + piece)));
      }
      expect(messages).toHaveLength(2);
      expect(messages[0]?.get("Output")).toBe("one\n two: 2");
      expect(messages[1]?.get("Cause")).toBe("16");
    }
  });

  test("an action has a line for each value of a list", () => {
    expect(encodeAction({ Action: "Originate", Variable: ["A=1", "B=2"] })).toBe(
      "Action: Originate\r\nVariable: A=1\r\nVariable: B=2\r\n\r\n",
    );
  });
});
