import { expect, test } from "bun:test";
import { SrtpPair } from "../../../src/call/rtp/srtp-pair.ts";

const keys = {
  suite: "AES_CM_128_HMAC_SHA1_80",
  localKey: new Uint8Array(30).fill(1),
  remoteKey: new Uint8Array(30).fill(2),
} as const;

function pairWith(used: Parameters<SrtpPair["use"]>[0]): SrtpPair {
  const pair = new SrtpPair();
  pair.use(keys);
  pair.use(used);
  return pair;
}

test("the same keys again keep both directions, counters included", () => {
  const pair = new SrtpPair();
  pair.use(keys);
  const { sender, receiver } = pair;
  pair.use({ ...keys, localKey: keys.localKey.slice(), remoteKey: keys.remoteKey.slice() });
  expect(pair.sender === sender && pair.receiver === receiver).toBe(true);
  expect(sender).toBeDefined();
});

test("a key that changes begins its own direction anew, another suite both", () => {
  const pair = new SrtpPair();
  pair.use(keys);
  const first = { sender: pair.sender, receiver: pair.receiver };
  pair.use({ ...keys, remoteKey: keys.remoteKey.with(0, 9) });
  expect([pair.sender === first.sender, pair.receiver === first.receiver]).toEqual([true, false]);
  const second = { sender: pair.sender, receiver: pair.receiver };
  pair.use({ ...keys, localKey: keys.localKey.with(0, 9), remoteKey: keys.remoteKey.with(0, 9) });
  expect([pair.sender === second.sender, pair.receiver === second.receiver]).toEqual([false, true]);
  const third = { sender: pair.sender, receiver: pair.receiver };
  pair.use({ ...keys, suite: "AES_CM_128_HMAC_SHA1_32", localKey: keys.localKey.with(0, 9) });
  expect([pair.sender === third.sender, pair.receiver === third.receiver]).toEqual([false, false]);
});

test("without keys there is neither, and a key of a wrong length is a mistake", () => {
  const pair = pairWith(undefined);
  expect([pair.sender, pair.receiver]).toEqual([undefined, undefined]);
  expect(() => pairWith({ ...keys, localKey: new Uint8Array(29) })).toThrow("wrong length");
});
