import { expect, test } from "bun:test";
import { parseNameAddress } from "../../src/call/sip/message/name-address.ts";
import { partyIn, remoteParty } from "../../src/services/remote-party.ts";

test.each([
  ['"Ada Lovelace" <sip:5550199@pbx.example;user=phone>;tag=1', "5550199", "Ada Lovelace"],
  ["<sip:+49%2030@pbx.example>", "+49 30", ""],
  ["sip:anonymous@anonymous.invalid", "anonymous", ""],
  ["<sip:trunk.example:5080>", "trunk.example", ""],
  ["Front desk <tel:+1-201-555-0123;phone-context=example.com>", "+1-201-555-0123", "Front desk"],
  ["<TEL:600>", "600", ""],
])("of %j people read number and name", (text, remote, name) => {
  const address = parseNameAddress(text);
  if (address === undefined) throw new Error("no address");
  expect(remoteParty(address)).toEqual({ remote, name });
});

test.each([
  [{ remote: '"Ada" <sip:557@pbx>' }, "557", "Ada"],
  [{ remote: "<sip:557@pbx>", name: "Front desk" }, "557", "Front desk"],
  [{ remote: "0a1b-a-uuid" }, "0a1b-a-uuid", ""],
  [{ remote: 7, name: null }, "", ""],
])("the event %j is of a call with", (fields, remote, name) => {
  expect(partyIn(fields)).toEqual({ remote, name });
});
