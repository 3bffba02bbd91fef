import { describe, expect, test } from "bun:test";
import {
  digestAlgorithm,
  digestResponse,
  sessionKey,
  strengthRank,
  userHash,
} from "../../../../src/call/sip/digest/digest-hash.ts";

interface Vector {
  readonly rule: string;
  readonly algorithm: string;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  readonly cnonce: string;
  readonly uri: string;
  readonly hasProtection: boolean;
  readonly response: string;
}

const rfc2617 = {
  user: "Mufasa",
  realm: "testrealm@host.com",
  password: "Circle Of Life",
  nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
  cnonce: "0a4f113b",
  uri: "/dir/index.html",
  hasProtection: true,
};
const rfc7616 = {
  user: "Mufasa",
  realm: "http-auth@example.org",
  password: "Circle of Life",
  nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
  uri: "/dir/index.html",
  hasProtection: true,
};

const vectors: readonly Vector[] = [
  {
    ...rfc2617,
    rule: "RFC 2617 section 3.5",
    algorithm: "MD5",
    response: "6629fae49393a05397450978507c4ef1",
  },
  {
    ...rfc2617,
    rule: "the same without qop, as in RFC 2069",
    algorithm: "MD5",
    hasProtection: false,
    response: "670fd8c2df070c60b045671b8b24ff02",
  },
  {
    ...rfc7616,
    rule: "RFC 7616 section 3.9.1, MD5",
    algorithm: "MD5",
    response: "8ca523f5e9506fed4657c9700eebdbec",
  },
  {
    ...rfc7616,
    rule: "RFC 7616 section 3.9.1, SHA-256",
    algorithm: "SHA-256",
    response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  },
  {
    rule: "RFC 7616 section 3.9.2 as erratum 4897 corrects it, SHA-512-256",
    algorithm: "SHA-512-256",
    user: "Jäsøn Doe",
    realm: "api@example.org",
    password: "Secret, or not?",
    nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
    cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    uri: "/doe.json",
    hasProtection: true,
    response: "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
  },
];

function md5(text: string): string {
  return new Bun.CryptoHasher("md5").update(text).digest("hex");
}

describe("digestResponse", () => {
  test.each(vectors)("$rule", (vector) => {
    const algorithm = digestAlgorithm(vector.algorithm);
    if (algorithm === undefined) throw new Error(vector.algorithm);
    const { nonce, cnonce, uri } = vector;
    const response = digestResponse({
      hash: algorithm.hash,
      key: sessionKey({ ...vector, algorithm }),
      nonce,
      method: "GET",
      uri,
      protection: vector.hasProtection ? { nonceCount: "00000001", cnonce } : undefined,
    });
    expect(response).toBe(vector.response);
  });

  test("-sess binds the key to both nonces", () => {
    const algorithm = { hash: "md5", isSession: true } as const;
    const secret = md5("Mufasa:testrealm@host.com:Circle Of Life");
    expect(sessionKey({ ...rfc2617, algorithm })).toBe(
      md5(`${secret}:${rfc2617.nonce}:${rfc2617.cnonce}`),
    );
  });

  test("the user name is hidden as in RFC 7616 section 3.9.2, erratum 4897", () => {
    expect(userHash("sha512-256", "Jäsøn Doe", "api@example.org")).toBe(
      "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b",
    );
  });
});

describe("digestAlgorithm", () => {
  test("names in any case, with and without -sess; none means MD5", () => {
    expect(digestAlgorithm(undefined)).toEqual({ hash: "md5", isSession: false });
    expect(digestAlgorithm("md5")).toEqual({ hash: "md5", isSession: false });
    expect(digestAlgorithm("MD5-sess")).toEqual({ hash: "md5", isSession: true });
    expect(digestAlgorithm("sha-256-SESS")).toEqual({ hash: "sha256", isSession: true });
    expect(digestAlgorithm("SHA-512-256")).toEqual({ hash: "sha512-256", isSession: false });
  });

  test("what we cannot compute is unknown", () => {
    for (const name of ["", "SHA-1", "AKAv1-MD5", "-sess", "SHA-512"]) {
      expect(digestAlgorithm(name)).toBeUndefined();
    }
  });

  test("SHA-512-256 is stronger than SHA-256, which is stronger than MD5", () => {
    const ranks = ["SHA-512-256", "SHA-256-sess", "MD5"].map((name) => {
      const algorithm = digestAlgorithm(name);
      return algorithm === undefined ? NaN : strengthRank(algorithm);
    });
    expect(ranks).toEqual([0, 1, 2]);
  });
});
