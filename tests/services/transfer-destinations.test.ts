import { expect, test } from "bun:test";
import { describeError } from "../../src/core/errors.ts";
import { parseDestinations } from "../../src/services/transfer-destinations.ts";

function problemOf(list: readonly string[]): string {
  try {
    return JSON.stringify(parseDestinations(list));
  } catch (error) {
    return describeError(error);
  }
}

test("a destination is a number or a SIP URI under a name, in the order of the list", () => {
  const list = [
    "sales=600",
    "front desk = +4930123456",
    "voicemail=*97#",
    "Zürich=sip:desk@pbx.example;transport=tcp",
    "vault=SIPS:1@192.168.1.10:5061",
  ];
  const destinations = parseDestinations(list);
  expect(Object.entries(destinations)).toEqual([
    ["sales", "600"],
    ["front desk", "+4930123456"],
    ["voicemail", "*97#"],
    ["Zürich", "sip:desk@pbx.example;transport=tcp"],
    ["vault", "SIPS:1@192.168.1.10:5061"],
  ]);
  expect(parseDestinations([])).toEqual({});
});

test("a name that objects have from birth is a name as any other", () => {
  const destinations = parseDestinations(["__proto__=600", "constructor=601"]);
  expect(Object.entries(destinations)).toEqual([
    ["__proto__", "600"],
    ["constructor", "601"],
  ]);
});

const form = "write it like sales=600 or sales=sip:600@192.168.1.10";
const noTarget = `has no number and no sip: or sips: URI behind "="; ${form}`;
const noName = `has no name of 1 to 40 printable characters before "="; ${form}`;

test.each([
  ["sales", `--transfer "sales" is not NAME=TARGET; ${form}`],
  ["=600", `--transfer "=600" ${noName}`],
  [" =600", `--transfer " =600" ${noName}`],
  ["a\nb=600", `--transfer "a\\nb=600" ${noName}`],
  ["sales=", `--transfer "sales=" ${noTarget}`],
  ["sales=desk", `--transfer "sales=desk" ${noTarget}`],
  ["sales=6 00", `--transfer "sales=6 00" ${noTarget}`],
  ["sales=tel:600", `--transfer "sales=tel:600" ${noTarget}`],
  ["sales=sip:", `--transfer "sales=sip:" ${noTarget}`],
  ["sales=sip:6@pbx\r\nX: 1", `--transfer "sales=sip:6@pbx\\r\\nX: 1" ${noTarget}`],
])("%j is refused in one line that quotes it and shows the form", (entry, problem) => {
  expect(problemOf(["other=1", entry])).toBe(problem);
});

test.each([
  [`${"n".repeat(41)}=600`, "has no name of 1 to 40"],
  [`sales=${"1".repeat(33)}`, "has no number"],
  [`sales=sip:${"u".repeat(260)}@pbx`, "has no number"],
])("what is too long is refused", (entry, problem) => {
  expect(problemOf([entry])).toContain(problem);
});

test("a name that is given twice is refused", () => {
  expect(problemOf(["sales=600", "sales=601"])).toBe(
    '--transfer "sales=601" gives a name a second time; choose another name for one of them',
  );
});

test("there may be 64 destinations and no more", () => {
  const list = Array.from({ length: 65 }, (_, index) => `d${index}=${index}`);
  expect(Object.keys(parseDestinations(list.slice(1)))).toHaveLength(64);
  expect(problemOf(list)).toBe("--transfer is given 65 times; 64 destinations are the most");
});
