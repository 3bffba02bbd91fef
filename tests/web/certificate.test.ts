import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync, utimesSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { inspectCertificate } from "../../src/web/certificate/certificate-facts.ts";
import { CertificateKeeper } from "../../src/web/certificate/certificate-keeper.ts";
import { generatedCertificate } from "../../src/web/certificate/generated-certificate.ts";
import { type HostNames, hostNames } from "../../src/web/certificate/host-names.ts";
import { makeSelfSigned } from "../../src/web/certificate/self-signed.ts";
import { openWebServer } from "../../src/web/server.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

setDefaultTimeout(20_000);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-certificate-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const dayMs = 24 * 3600 * 1000;
const names: HostNames = { needed: ["pbx", "localhost", "127.0.0.1"], more: ["::1"] };
const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

function made(clock: FakeClock, of: HostNames = names) {
  return generatedCertificate({ folder, clock, names: of, randomBytes });
}

test("the certificate is for this host, for eight hundred days, and may sign nobody else", async () => {
  const clock = new FakeClock();
  const { pair, facts } = await made(clock);
  const certificate = new X509Certificate(pair.cert);
  expect(facts.names.toSorted()).toEqual(
    ["pbx", "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"].toSorted(),
  );
  expect(certificate.checkHost("localhost")).toBe("localhost");
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
  expect(facts.notAfterMs - facts.notBeforeMs).toBe(824 * dayMs);
  expect(facts.notBeforeMs).toBeLessThan(clock.wallMs());
});

test("the private key is readable by its owner only", async () => {
  await made(new FakeClock());
  expect(statSync(join(folder, "certificate-key.pem")).mode & 0o777).toBe(0o600);
});

test.each([0, 1, 793, 794, 900])("after %i days it is kept or renewed", async (days) => {
  const clock = new FakeClock();
  const first = await made(clock);
  clock.advance(days * dayMs);
  const later = await made(clock);
  expect(later.facts.fingerprint === first.facts.fingerprint).toBe(days < 793);
  expect(later.facts.notAfterMs - clock.wallMs()).toBeGreaterThan(29 * dayMs);
});

test("it is made anew for another name or address, and not for another address of IPv6", async () => {
  const clock = new FakeClock();
  const { facts } = await made(clock);
  const same = await made(clock, { ...names, more: ["::1", "2001:db8::7"] });
  expect(same.facts.fingerprint).toBe(facts.fingerprint);
  const moved = await made(clock, { ...names, needed: [...names.needed, "10.0.0.9"] });
  expect(moved.facts.fingerprint).not.toBe(facts.fingerprint);
  expect(moved.facts.names).toContain("10.0.0.9");
});

test("what is broken on disk is made anew", async () => {
  const clock = new FakeClock();
  const { facts } = await made(clock);
  await Bun.write(join(folder, "certificate-key.pem"), "garbage");
  const anew = await made(clock);
  expect(anew.facts.fingerprint).not.toBe(facts.fingerprint);
  expect(inspectCertificate(anew.pair).kind).toBe("usable");
});

test("a key that belongs to another certificate is found", async () => {
  const options = { names: ["pbx"], notBeforeMs: 0, notAfterMs: dayMs, serial: Uint8Array.of(5) };
  const [one, other] = [makeSelfSigned(options), makeSelfSigned(options)];
  expect(inspectCertificate({ cert: one.cert, key: other.key })).toEqual({
    kind: "unusable",
    problem: "certificate and key do not belong together",
  });
});

test("this host is opened as localhost, and by each of its addresses", () => {
  const { needed, more } = hostNames();
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const plain = own.filter(({ family, internal }) => family === "IPv4" && !internal);
  expect(needed).toContain("localhost");
  for (const { address } of plain) expect(needed).toContain(address);
  expect(more).toContain("::1");
  expect([...needed, ...more].join(" ")).not.toContain("fe80");
});

async function pages(url: string, ca: string): Promise<string> {
  return await (await fetch(url, { tls: { ca } })).text();
}

const answer = async (): Promise<Response> => new Response("page");

describe("a server", () => {
  test("that gets another certificate uses it at once, and lets nobody go who is connected", async () => {
    const clock = new FakeClock();
    const first = await made(clock);
    const held = Promise.withResolvers<void>();
    const server = openWebServer({
      bind: "127.0.0.1",
      port: 0,
      tls: first.pair,
      async answer(request) {
        if (request.url.endsWith("/slow")) await held.promise;
        return new Response("page");
      },
    });
    const slow = pages(`https://127.0.0.1:${server.port}/slow`, first.pair.cert);
    expect(await pages(server.url, first.pair.cert)).toBe("page");
    const second = await made(clock, { ...names, needed: [...names.needed, "pbx.example"] });
    server.useCertificate(second.pair);
    // A new connection: the one to the old certificate may be kept open by the client.
    const anew = `https://localhost:${server.port}/`;
    expect(await pages(anew, second.pair.cert)).toBe("page");
    held.resolve();
    expect(await slow).toBe("page");
    await server.stop();
  });

  test("stays with the old one when the new one is no certificate", async () => {
    const { pair } = await made(new FakeClock());
    const server = openWebServer({ bind: "127.0.0.1", port: 0, tls: pair, answer });
    expect(() => server.useCertificate({ cert: "x", key: "y" })).toThrow();
    expect(await pages(server.url, pair.cert)).toBe("page");
    await server.stop();
  });

  test("whose address is away for a while comes back with the next certificate", async () => {
    const { pair } = await made(new FakeClock());
    const here = "127.0.0.1";
    let bind = here;
    const options = {
      get bind() {
        return bind;
      },
      port: 0,
      tls: pair,
      answer,
    };
    const server = openWebServer(options);
    // Of no host: kept for documents (RFC 5737).
    bind = "192.0.2.1";
    for (let tries = 0; tries < 2; tries += 1)
      expect(() => server.useCertificate(pair)).toThrow("EADDRNOTAVAIL");
    bind = here;
    server.useCertificate(pair);
    expect(await pages(server.url, pair.cert)).toBe("page");
    await server.stop();
  });
});

async function keeper(clock: FakeClock) {
  const path = join(folder, "given.pem");
  const keyPath = join(folder, "given.key");
  const write = async (days: number): Promise<void> => {
    const nowMs = clock.wallMs();
    const notAfterMs = nowMs + days * dayMs;
    const serial = Uint8Array.of(9);
    const pair = makeSelfSigned({ names: ["pbx"], notBeforeMs: nowMs, notAfterMs, serial });
    await Bun.write(keyPath, pair.key);
    await Bun.write(path, pair.cert);
  };
  await write(90);
  const during: { read?: () => Promise<void> } = {};
  const load = async () => {
    const pair = { cert: await Bun.file(path).text(), key: await Bun.file(keyPath).text() };
    await during.read?.();
    const verdict = inspectCertificate(pair);
    if (verdict.kind === "unusable") throw new Error(verdict.problem);
    return { pair, facts: verdict.facts };
  };
  const memory = createMemoryLog(clock);
  const source = { kind: "files", files: [path, keyPath], load } as const;
  const first = await load();
  const kept = new CertificateKeeper({ source, first, clock, log: memory.log });
  const used: string[] = [];
  kept.onChange(({ cert }) => used.push(new X509Certificate(cert).fingerprint256));
  await kept.settled();
  return { kept, used, write, path, memory, during };
}

describe("a keeper", () => {
  test("reads files again when they change, within a minute", async () => {
    const clock = new FakeClock();
    const { kept, used, write } = await keeper(clock);
    clock.advance(60_000);
    await kept.settled();
    expect(used).toEqual([]);
    await write(60);
    clock.advance(60_000);
    await kept.settled();
    expect(used).toEqual([kept.view().fingerprint]);
    kept.close();
    expect(clock.timers).toBe(0);
  });

  test("stays with the old one when the new one is broken, and says so until it is repaired", async () => {
    const clock = new FakeClock();
    const { kept, used, write, path, memory } = await keeper(clock);
    const { fingerprint } = kept.view();
    await Bun.write(path, "half a certifi");
    clock.advance(60_000);
    await kept.settled();
    expect(kept.view().fingerprint).toBe(fingerprint);
    expect(kept.view().problem).toContain("read");
    expect(memory.text()).toContain("the old one stays");
    await write(60);
    clock.advance(60_000);
    await kept.settled();
    expect(kept.view().problem).toBeUndefined();
    expect(used).toHaveLength(1);
    kept.close();
  });

  test("misses none that is written while the one before is read", async () => {
    const clock = new FakeClock();
    const { kept, used, write, path, during } = await keeper(clock);
    await write(60);
    during.read = async () => {
      delete during.read;
      await write(50);
      // The clock of a file system may be too coarse to tell the two apart.
      utimesSync(path, 1, 1);
    };
    clock.advance(60_000);
    await kept.settled();
    clock.advance(60_000);
    await kept.settled();
    expect(used).toHaveLength(2);
    expect(kept.view().notAfterMs).toBe(new FakeClock().wallMs() + 50 * dayMs + 60_000);
    kept.close();
  });

  test("hands on again what could not be taken, each minute, and says so once", async () => {
    const clock = new FakeClock();
    const { kept, used, write, memory } = await keeper(clock);
    const { fingerprint } = kept.view();
    let isAway = true;
    kept.onChange(({ cert }) => {
      used.push(new X509Certificate(cert).fingerprint256);
      if (isAway) throw new Error("the address is away");
    });
    await write(60);
    for (let minutes = 0; minutes < 3; minutes += 1) {
      clock.advance(60_000);
      await kept.settled();
    }
    expect(used).toHaveLength(3);
    expect(kept.view()).toMatchObject({ fingerprint, problem: "the address is away" });
    expect(memory.text().match(/the page could not be opened/g)).toHaveLength(1);
    isAway = false;
    clock.advance(120_000);
    await kept.settled();
    expect(used).toHaveLength(4);
    expect(kept.view()).toMatchObject({ fingerprint: used.at(-1), problem: undefined });
    kept.close();
  });

  test("warns two weeks before the end of a certificate that it cannot renew", async () => {
    const clock = new FakeClock();
    const { kept, memory } = await keeper(clock);
    clock.advance(75 * dayMs);
    await kept.settled();
    expect(memory.text()).not.toContain("ends soon");
    clock.advance(2 * dayMs);
    await kept.settled();
    expect(memory.text()).toContain("the certificate of the page ends soon");
    kept.close();
  });
});
