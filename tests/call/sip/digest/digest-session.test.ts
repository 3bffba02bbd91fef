import { describe, expect, test } from "bun:test";
import { parseSchemes } from "../../../../src/call/sip/digest/authentication-header.ts";
import { DigestSession } from "../../../../src/call/sip/digest/digest-session.ts";
import {
  headerValues,
  type SipRequest,
  type SipResponse,
} from "../../../../src/call/sip/message/sip-message.ts";
import { challenge, countingBytes, makeRequest, makeResponse, sipUri } from "./challenged.ts";

function makeSession(password: string | undefined = "secret"): DigestSession {
  return new DigestSession({ user: "100", password, randomBytes: countingBytes() });
}

function credentials(request: SipRequest, name = "Authorization"): ReadonlyMap<string, string>[] {
  return headerValues(request, name)
    .flatMap(parseSchemes)
    .map(({ parameters }) => new Map(parameters));
}

function answered(session: DigestSession, request: SipRequest, response: SipResponse): SipRequest {
  const answer = session.answer(request, response);
  if (!answer.ok) throw new Error(answer.problem);
  return answer.request;
}

function problem(session: DigestSession, request: SipRequest, response: SipResponse): string {
  const answer = session.answer(request, response);
  return answer.ok ? "" : answer.problem;
}

function hex(hash: "md5" | "sha256", text: string): string {
  return new Bun.CryptoHasher(hash).update(text).digest("hex");
}

const simple = 'Digest realm="asterisk", nonce="n1", qop="auth", algorithm=MD5, opaque="o"';

describe("answering a challenge", () => {
  test("the same request goes again with the next CSeq, no Via and all that the challenge asked for", () => {
    const request = makeRequest();
    const again = answered(makeSession(), request, challenge(request, simple));
    expect(again.cseq).toEqual({ number: 2, method: "REGISTER" });
    expect(again.via).toEqual([]);
    expect(again.callId).toBe(request.callId);
    expect(headerValues(again, "Expires")).toEqual(["120"]);
    const [sent = new Map<string, string>()] = credentials(again);
    const cnonce = sent.get("cnonce") ?? "";
    const key = hex("md5", "100:asterisk:secret");
    const subject = hex("md5", "REGISTER:sip:pbx.example");
    expect(Object.fromEntries(sent)).toEqual({
      username: "100",
      realm: "asterisk",
      nonce: "n1",
      uri: "sip:pbx.example",
      response: hex("md5", `${key}:n1:00000001:${cnonce}:auth:${subject}`),
      algorithm: "MD5",
      cnonce,
      opaque: "o",
      qop: "auth",
      nc: "00000001",
    });
    expect(cnonce).toMatch(/^[0-9a-f]{32}$/);
  });

  test("qop, nc and algorithm stand without quotes, everything else with them", () => {
    const request = makeRequest();
    const [value = ""] = headerValues(
      answered(makeSession(), request, challenge(request, simple)),
      "Authorization",
    );
    expect(value).toStartWith('Digest username="100", realm="asterisk", nonce="n1"');
    expect(value).toContain("algorithm=MD5, ");
    expect(value).toEndWith("qop=auth, nc=00000001");
  });

  test("the uri is the Request-URI as it will be sent", () => {
    const uri = {
      ...sipUri(undefined, "2001:db8::1", 5070),
      parameters: new Map([["transport", "tcp"]]),
    };
    const request = makeRequest({ uri });
    const [sent] = credentials(answered(makeSession(), request, challenge(request, simple)));
    expect(sent?.get("uri")).toBe("sip:[2001:db8::1]:5070;transport=tcp");
  });

  test("without qop neither nc nor cnonce is sent, and the response is the one of RFC 2069", () => {
    const request = makeRequest();
    const again = answered(
      makeSession(),
      request,
      challenge(request, 'Digest realm="r", nonce="n"'),
    );
    const [sent] = credentials(again);
    expect([...(sent?.keys() ?? [])]).toEqual(["username", "realm", "nonce", "uri", "response"]);
    const key = hex("md5", "100:r:secret");
    expect(sent?.get("response")).toBe(
      hex("md5", `${key}:n:${hex("md5", "REGISTER:sip:pbx.example")}`),
    );
  });

  test("MD5-sess without qop still tells the cnonce, which its key needs", () => {
    const request = makeRequest();
    const line = 'Digest realm="r", nonce="n", algorithm=MD5-sess';
    const [sent] = credentials(answered(makeSession(), request, challenge(request, line)));
    const key = hex("md5", `${hex("md5", "100:r:secret")}:n:${sent?.get("cnonce")}`);
    expect(sent?.get("response")).toBe(
      hex("md5", `${key}:n:${hex("md5", "REGISTER:sip:pbx.example")}`),
    );
  });

  test("a user and a password in UTF-8, with quotes and backslashes", () => {
    const session = new DigestSession({
      user: 'Jäs"øn\\',
      password: "pässwörd",
      randomBytes: countingBytes(),
    });
    const request = makeRequest();
    const [sent] = credentials(
      answered(session, request, challenge(request, 'Digest realm="r", nonce="n"')),
    );
    expect(sent?.get("username")).toBe('Jäs"øn\\');
    const key = hex("md5", 'Jäs"øn\\:r:pässwörd');
    expect(sent?.get("response")).toBe(
      hex("md5", `${key}:n:${hex("md5", "REGISTER:sip:pbx.example")}`),
    );
  });

  test("userhash=true hides the name", () => {
    const request = makeRequest();
    const line = 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth", userhash=true';
    const [sent] = credentials(answered(makeSession(), request, challenge(request, line)));
    expect(sent?.get("username")).toBe(hex("sha256", "100:r"));
    expect(sent?.get("userhash")).toBe("true");
  });

  test("a 407 is answered with Proxy-Authorization, and both kinds can be in one request", () => {
    const session = makeSession();
    const first = makeRequest();
    const proxy = makeResponse(first, 407, [{ name: "Proxy-Authenticate", value: simple }]);
    const second = answered(session, first, proxy);
    expect(credentials(second, "Proxy-Authorization")).toHaveLength(1);
    expect(credentials(second)).toHaveLength(0);
    const third = answered(session, second, challenge(second, 'Digest realm="home", nonce="h"'));
    expect(credentials(third)[0]?.get("realm")).toBe("home");
    expect(credentials(third, "Proxy-Authorization")[0]?.get("nc")).toBe("00000002");
    expect(third.cseq.number).toBe(3);
  });

  test("several realms in one answer are all answered, also those of proxies in a 401", () => {
    const request = makeRequest();
    const response = makeResponse(request, 401, [
      {
        name: "WWW-Authenticate",
        value: 'Digest realm="a", nonce="1", Digest realm="b", nonce="2"',
      },
      { name: "Proxy-Authenticate", value: 'Digest realm="c", nonce="3"' },
    ]);
    const again = answered(makeSession(), request, response);
    expect(credentials(again).map((one) => one.get("realm"))).toEqual(["a", "b"]);
    expect(credentials(again, "Proxy-Authorization").map((one) => one.get("nonce"))).toEqual(["3"]);
  });
});

describe("choosing among challenges of one realm", () => {
  const cases: readonly [rule: string, lines: readonly string[], algorithm: string | undefined][] =
    [
      [
        "SHA-256 before MD5, in two header lines as RFC 8760 has them",
        [
          'Digest realm="r", nonce="1", algorithm=MD5, qop="auth"',
          'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth"',
        ],
        "SHA-256",
      ],
      [
        "SHA-512-256 before SHA-256, in one line",
        [
          'Digest realm="r", nonce="1", algorithm=SHA-256, qop="auth", Digest realm="r", nonce="2", algorithm=SHA-512-256',
        ],
        "SHA-512-256",
      ],
      [
        "what we cannot compute is passed over",
        [
          'Digest realm="r", nonce="1", algorithm=SHA-512',
          'Digest realm="r", nonce="2", algorithm=MD5',
        ],
        "MD5",
      ],
      ["Basic is passed over", ['Basic realm="r"', 'Digest realm="r", nonce="2"'], undefined],
      [
        "with qop before without",
        [
          'Digest realm="r", nonce="1", algorithm=MD5',
          'Digest realm="r", nonce="2", algorithm=MD5-sess, qop="auth"',
        ],
        "MD5-sess",
      ],
      [
        "the first of equals",
        [
          'Digest realm="r", nonce="1", algorithm=MD5-sess',
          'Digest realm="r", nonce="2", algorithm=MD5',
        ],
        "MD5-sess",
      ],
      [
        "qop=auth beside auth-int",
        ['Digest realm="r", nonce="1", algorithm=MD5, qop="auth-int, auth"'],
        "MD5",
      ],
    ];

  test.each(cases)("%s", (_rule, lines, algorithm) => {
    const request = makeRequest();
    const again = answered(makeSession(), request, challenge(request, ...lines));
    expect(credentials(again)).toHaveLength(1);
    expect(credentials(again)[0]?.get("algorithm")).toBe(algorithm);
    expect(credentials(again)[0]?.get("qop")).not.toBe("auth-int");
  });

  const refusals: readonly [rule: string, lines: readonly string[], part: string][] = [
    ["auth-int alone", ['Digest realm="r", nonce="1", qop="auth-int"'], 'qop "auth-int"'],
    ["Basic alone: no password in clear", ['Basic realm="r"'], 'scheme "basic"'],
    ["an unknown algorithm alone", ['Digest realm="r", nonce="1", algorithm=SHA-1'], '"SHA-1"'],
    ["a challenge without nonce", ['Digest realm="r"'], "no realm or nonce"],
    ["no challenge at all", [], "401"],
  ];

  test.each(refusals)("refused with a reason: %s", (_rule, lines, part) => {
    const request = makeRequest();
    const session = makeSession();
    const reason = problem(session, request, challenge(request, ...lines));
    expect(reason).toContain(part);
    expect(reason).not.toContain("\n");
    expect(session.decorate(request)).toBe(request);
  });

  test("a line without a password says so", () => {
    const request = makeRequest();
    const session = new DigestSession({
      user: "100",
      password: undefined,
      randomBytes: countingBytes(),
    });
    expect(problem(session, request, challenge(request, simple))).toContain(
      'user "100", realm "asterisk"',
    );
  });
});

describe("a second challenge", () => {
  test("to a request that answered a fresh nonce: the password is wrong, and no third request is made", () => {
    const session = makeSession("guess");
    const first = makeRequest();
    const second = answered(session, first, challenge(first, simple));
    const reason = problem(session, second, challenge(second, simple.replace("n1", "n2")));
    expect(reason).toBe(
      'the PBX refuses the password (user "100", realm "asterisk"); check the password',
    );
    expect(reason).not.toContain("guess");
    expect(session.decorate(makeRequest())).toEqual(makeRequest());
  });

  test("with the same nonce and no stale: the password is wrong, even if the nonce had served before", () => {
    const session = makeSession();
    const first = makeRequest();
    answered(session, first, challenge(first, simple));
    const later = session.decorate(makeRequest({ cseq: { number: 7, method: "REGISTER" } }));
    expect(problem(session, later, challenge(later, simple))).toContain("check the password");
  });

  test("stale=true is answered with the same credentials and the new nonce, counted from 1", () => {
    const session = makeSession();
    const first = makeRequest();
    const second = answered(session, first, challenge(first, simple));
    const stale = `${simple.replace("n1", "n2")}, stale=TRUE`;
    const third = answered(session, second, challenge(second, stale));
    expect(credentials(third)).toHaveLength(1);
    expect(credentials(third)[0]?.get("nonce")).toBe("n2");
    expect(credentials(third)[0]?.get("nc")).toBe("00000001");
  });

  test("a PBX that calls every nonce stale is not believed for ever", () => {
    const session = makeSession();
    let request = makeRequest();
    let requests = 1;
    for (; requests < 20; requests += 1) {
      const response = challenge(request, `${simple.replace("n1", `n${requests}`)}, stale=true`);
      const answer = session.answer(request, response);
      if (!answer.ok) break;
      request = answer.request;
    }
    expect(requests).toBe(4);
  });

  test("stale with the very same nonce is not believed at all", () => {
    const session = makeSession();
    const first = makeRequest();
    const second = answered(session, first, challenge(first, simple));
    expect(problem(session, second, challenge(second, `${simple}, stale=true`))).toContain("stale");
  });

  test("to a nonce that had served before: answered once more, as many PBXs forget to say stale", () => {
    const session = makeSession();
    const first = makeRequest();
    answered(session, first, challenge(first, simple));
    const refresh = session.decorate(makeRequest({ cseq: { number: 3, method: "REGISTER" } }));
    const again = answered(session, refresh, challenge(refresh, simple.replace("n1", "n2")));
    expect(credentials(again)[0]?.get("nonce")).toBe("n2");
    expect(problem(session, again, challenge(again, simple.replace("n1", "n3")))).toContain(
      "password",
    );
  });

  test("calls at once with an old nonce are all answered; with a wrong password all end", () => {
    const session = makeSession();
    const first = makeRequest();
    answered(session, first, challenge(first, simple));
    let requests = Array.from({ length: 10 }, (_, n) =>
      session.decorate(makeRequest({ callId: `call-${n}`, cseq: { number: 1, method: "INVITE" } })),
    );
    let nonce = 10;
    requests = requests.map((request) => {
      nonce += 1;
      return answered(session, request, challenge(request, simple.replace("n1", `n${nonce}`)));
    });
    for (let round = 0; round < 10 && requests.length > 0; round += 1) {
      requests = requests.flatMap((request) => {
        nonce += 1;
        const response = challenge(request, simple.replace("n1", `n${nonce}`));
        const answer = session.answer(request, response);
        return answer.ok ? [answer.request] : [];
      });
    }
    expect(requests).toEqual([]);
  });
});

describe("requests after the first", () => {
  test("carry credentials before anybody asks, with a rising nonce count", () => {
    const session = makeSession();
    const first = makeRequest();
    answered(session, first, challenge(first, simple));
    const counts = [3, 4, 5].map((number) => {
      const request = session.decorate(makeRequest({ cseq: { number, method: "REGISTER" } }));
      return credentials(request)[0]?.get("nc");
    });
    expect(counts).toEqual(["00000002", "00000003", "00000004"]);
  });

  test("have the credentials of their own method and URI, once", () => {
    const session = makeSession();
    const first = makeRequest();
    const second = answered(session, first, challenge(first, simple));
    const invite = session.decorate({
      ...second,
      method: "INVITE",
      uri: sipUri("200", "pbx.example"),
    });
    expect(credentials(invite)).toHaveLength(1);
    const [sent] = credentials(invite);
    const key = hex("md5", "100:asterisk:secret");
    const subject = hex("md5", "INVITE:sip:200@pbx.example");
    expect(sent?.get("response")).toBe(
      hex("md5", `${key}:n1:00000002:${sent?.get("cnonce")}:auth:${subject}`),
    );
  });

  test("ACK and CANCEL are left alone, as is everything before the first challenge", () => {
    const session = makeSession();
    const first = makeRequest();
    expect(session.decorate(first)).toBe(first);
    answered(session, first, challenge(first, simple));
    for (const method of ["ACK", "CANCEL"]) {
      const request = makeRequest({ method });
      expect(session.decorate(request)).toBe(request);
    }
  });

  test("use the nextnonce of Authentication-Info, counted from 1", () => {
    const session = makeSession();
    const first = makeRequest();
    const second = answered(session, first, challenge(first, simple));
    const ok = makeResponse(second, 200, [
      { name: "Authentication-Info", value: 'qop=auth, nextnonce="next", nc=00000001' },
    ]);
    session.observe(second, ok);
    const third = session.decorate(makeRequest({ cseq: { number: 3, method: "REGISTER" } }));
    expect(credentials(third)[0]?.get("nonce")).toBe("next");
    expect(credentials(third)[0]?.get("nc")).toBe("00000001");
    const again = answered(session, third, challenge(third, simple.replace("n1", "n9")));
    expect(credentials(again)[0]?.get("nonce")).toBe("n9");
  });

  test("MD5-sess keeps the key of its first nonce when the nonce changes", () => {
    const session = makeSession();
    const first = makeRequest();
    const line = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess';
    const second = answered(session, first, challenge(first, line));
    session.observe(
      second,
      makeResponse(second, 200, [{ name: "Authentication-Info", value: 'nextnonce="m"' }]),
    );
    const [sent] = credentials(session.decorate(makeRequest()));
    const key = hex("md5", `${hex("md5", "100:r:secret")}:n:${sent?.get("cnonce")}`);
    const subject = hex("md5", "REGISTER:sip:pbx.example");
    expect(sent?.get("response")).toBe(
      hex("md5", `${key}:m:00000001:${sent?.get("cnonce")}:auth:${subject}`),
    );
  });

  test("what peers can make us remember is bounded", () => {
    const session = makeSession();
    for (let n = 0; n < 1000; n += 1) {
      const request = makeRequest({ callId: `call-${n}` });
      session.answer(request, challenge(request, `Digest realm="realm-${n}", nonce="n${n}"`));
    }
    const realms = credentials(session.decorate(makeRequest())).map((one) => one.get("realm"));
    expect(realms).toHaveLength(8);
    expect(realms.at(-1)).toBe("realm-999");
  });
});
