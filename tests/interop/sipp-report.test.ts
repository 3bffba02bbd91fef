import { describe, expect, test } from "bun:test";
import {
  headerValues,
  parseSippMessages,
  parseSippStatistics,
  startingWith,
} from "./sipp-report.ts";

const trace = `----------------------------------------------- 2026-11-23T04:46:30.518091Z
UDP message sent [20] bytes:

INVITE sip:600@127.0.0.1 SIP/2.0
Call-ID: 1
CSeq: 1 INVITE

v=0
----------------------------------------------- 2026-11-23T04:46:30.519091Z
UDP message received [20] bytes:

SIP/2.0 200 OK
To: <sip:600@127.0.0.1>;tag=b
CSeq: 1 INVITE

`;

describe("what sipp leaves behind", () => {
  test("the last line of the statistics counts, by the names of the columns", () => {
    const csv = "StartTime;FailedCall(C);SuccessfulCall(C);\n2026;1;2;\n2026-11-23;0;20;\n";
    const statistics = parseSippStatistics(csv);
    expect(statistics.get("FailedCall(C)")).toBe(0);
    expect(statistics.get("SuccessfulCall(C)")).toBe(20);
    expect(statistics.has("StartTime")).toBeFalse();
    expect(parseSippStatistics("").size).toBe(0);
    expect(parseSippStatistics("FailedCall(C);\n").size).toBe(0);
  });

  test("messages keep their order and direction, and end where the next begins", () => {
    const messages = parseSippMessages(trace);
    expect(messages.map(({ direction }) => direction)).toEqual(["sent", "received"]);
    expect(messages[0]?.text).toEndWith("v=0\n");
    const answers = startingWith(messages, "received", "SIP/2.0 200");
    expect(headerValues(answers, "To")).toEqual(["<sip:600@127.0.0.1>;tag=b"]);
    expect(startingWith(messages, "sent", "SIP/2.0 200")).toEqual([]);
    expect(parseSippMessages("")).toEqual([]);
  });
});
