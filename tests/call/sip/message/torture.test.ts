import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  parseSipMessage,
  type ParsedSip,
} from "../../../../src/call/sip/message/parse-sip-message.ts";
import { serialiseSip } from "../../../../src/call/sip/message/serialise-sip.ts";
import { tortureCases } from "./torture-cases.ts";

const folder = join(import.meta.dir, "../../../../node_modules/sip/test/messages");

function read(file: string): ParsedSip {
  return parseSipMessage(readFileSync(join(folder, `${file}.dat`)));
}

/** The result in the words of the table. */
function outcome(parsed: ParsedSip): string | number {
  if (parsed.kind === "message") return "accept";
  return parsed.kind === "keep-alive" ? parsed.kind : (parsed.response?.status ?? "drop");
}

test("every message of the collection has a row", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".dat"));
  const rows = tortureCases.map(({ file }) => `${file}.dat`);
  expect(rows.toSorted()).toEqual(files.toSorted());
});

describe("RFC 4475", () => {
  for (const { file, section, gives, note, problem, holds } of tortureCases) {
    test(`${section} ${file}: ${gives}${note === undefined ? "" : `; ${note}`}`, () => {
      const parsed = read(file);
      expect(outcome(parsed)).toBe(gives);
      if (parsed.kind === "refused") expect(parsed.problem).toContain(problem ?? "?");
      if (parsed.kind !== "message") return;
      for (const [found, expected] of Object.values(holds?.(parsed.message) ?? {})) {
        expect(found).toEqual(expected);
      }
      expect(parseSipMessage(serialiseSip(parsed.message))).toEqual(parsed);
    });
  }
});

test("an answer to a torturous request goes back the way it came, to the same dialog", () => {
  const parsed = read("quotbal");
  if (parsed.kind !== "refused" || parsed.response === undefined) throw new Error("no answer");
  expect(new TextDecoder().decode(serialiseSip(parsed.response)).split("\r\n")).toEqual([
    "SIP/2.0 400 Bad Request",
    "Via: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234",
    "From: <sip:caller@example.net>;tag=93334",
    expect.stringMatching(/^To: <sip:j\.user@example\.com>;tag=[\da-f]+$/),
    "Call-ID: quotbal.aksdj",
    "CSeq: 8 INVITE",
    "Content-Length: 0",
    "",
    "",
  ]);
  expect(read("quotbal")).toEqual(parsed);
});
