import { describe, expect, test } from "bun:test";
import {
  passwordFor,
  passwordVariable,
} from "../../../../src/call/sip/registration/line-password.ts";
import { line } from "./scripted-line.ts";

describe("passwordFor", () => {
  const both = { WILDFIRE_LINE_100_PASSWORD: "own", WILDFIRE_LINE_PASSWORD: "common" };
  const cases: readonly [
    rule: string,
    env: Record<string, string | undefined>,
    file: string | undefined,
    password: string,
    source: string,
  ][] = [
    ["the line's own variable first", both, "file", "own", "WILDFIRE_LINE_100_PASSWORD"],
    [
      "then the common one",
      { ...both, WILDFIRE_LINE_100_PASSWORD: undefined },
      "file",
      "common",
      "WILDFIRE_LINE_PASSWORD",
    ],
    [
      "empty counts as not set",
      { WILDFIRE_LINE_100_PASSWORD: "", WILDFIRE_LINE_PASSWORD: "" },
      "file\n",
      "file",
      "the password file",
    ],
    [
      "a file with the password alone, white space within kept",
      {},
      " a b=c \r\n",
      " a b=c ",
      "the password file",
    ],
    [
      "a file with a line for each user",
      {},
      "# remark\n200=two\n100=o=ne\n",
      "o=ne",
      "the password file",
    ],
    ["a file with one user only", {}, "100=one", "one", "the password file"],
    [
      "a file that begins with a byte order mark",
      {},
      "\uFEFF100=one\n",
      "one",
      "the password file",
    ],
  ];

  test.each(cases)("%s", (_rule, env, file, ...expected) => {
    const [password, source] = expected;
    expect(passwordFor(line(), env, file)).toEqual({ ok: true, password, source });
  });

  test("none: says all places to put it", () => {
    for (const file of [undefined, "", "200=two\n300=three\n", "100=\n"]) {
      const result = passwordFor(line(), { OTHER: "x" }, file);
      if (result.ok) throw new Error("found one");
      expect(result.problem).toContain("100@pbx.example");
      expect(result.problem).toContain(
        "WILDFIRE_LINE_100_PASSWORD, WILDFIRE_LINE_PASSWORD or --password-file",
      );
      expect(result.problem).not.toContain("two");
    }
  });
});

test("the variable has the user in upper case and _ for all that is neither letter nor digit", () => {
  expect(passwordVariable("alice.b-1")).toBe("WILDFIRE_LINE_ALICE_B_1_PASSWORD");
  expect(passwordVariable("+4930")).toBe("WILDFIRE_LINE__4930_PASSWORD");
});
