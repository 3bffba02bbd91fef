import { expect, test } from "bun:test";
import {
  compareMedia,
  type MediaChange,
  type NegotiatedMedia,
} from "../../../src/call/sdp/negotiated-media.ts";

const media: NegotiatedMedia = {
  codec: "PCMU",
  payloadType: 0,
  clockRateHz: 8000,
  ptimeMs: 20,
  receivable: [{ payloadType: 0, codec: "PCMU" }],
  telephoneEvent: 101,
  direction: "sendrecv",
  remote: { address: "192.0.2.1", rtpPort: 4000, rtcpPort: 4001 },
  rtcpMux: false,
};
const keys = {
  suite: "AES_CM_128_HMAC_SHA1_80",
  localKey: new Uint8Array(30),
  remoteKey: new Uint8Array(30),
} as const;

test.each<[string, Partial<NegotiatedMedia>, Partial<NegotiatedMedia>, MediaChange[]]>([
  ["nothing", {}, { remote: { ...media.remote } }, []],
  ["the peer listens no more", {}, { direction: "recvonly" }, ["hold"]],
  ["neither side does", {}, { direction: "inactive" }, ["hold"]],
  ["the peer listens again", { direction: "inactive" }, {}, ["resume"]],
  ["only music while held", { direction: "inactive" }, { direction: "recvonly" }, []],
  ["another codec", {}, { codec: "PCMA", payloadType: 8 }, ["codec"]],
  ["another packet time", {}, { ptimeMs: 30 }, ["codec"]],
  ["events under another number", {}, { telephoneEvent: 96 }, ["codec"]],
  ["another port", {}, { remote: { ...media.remote, rtpPort: 4002 } }, ["address"]],
  ["rtcp-mux", {}, { rtcpMux: true }, ["address"]],
  ["encryption", {}, { srtp: keys }, ["keys"]],
  ["the same keys again", { srtp: keys }, { srtp: { ...keys } }, []],
  [
    "a new key",
    { srtp: keys },
    { srtp: { ...keys, remoteKey: keys.localKey.with(3, 1) } },
    ["keys"],
  ],
  [
    "hold by null address",
    {},
    { direction: "recvonly", remote: { ...media.remote, address: "0.0.0.0" } },
    ["hold", "address"],
  ],
])("%s", (_, before, after, changes) => {
  const found = compareMedia({ ...media, ...before }, { ...media, ...after });
  expect([...found]).toEqual(changes);
});
