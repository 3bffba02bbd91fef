import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wholeSchema } from "../../src/services/config-tables.ts";
import {
  pageAddress,
  type PageChange,
  pageProblems,
  pageTrialProblems,
} from "../../src/services/page-guard.ts";
import { type ReadSettings, readSettings } from "../../src/services/settings-reading.ts";
import { webServiceOptions } from "../../src/services/web-options.ts";
import { listenTcp, type TcpServer } from "../../src/tcp.ts";
import { makeSelfSigned } from "../../src/web/certificate/self-signed.ts";

const folder = mkdtempSync(join(tmpdir(), "wildfire-guard-"));
const validity = { notBeforeMs: Date.UTC(2026, 0, 1), notAfterMs: Date.UTC(2027, 0, 1) };
const [own, foreign] = [1, 2].map((byte) =>
  makeSelfSigned({ names: ["pbx"], ...validity, serial: new Uint8Array(16).fill(byte) }),
);
const paths = {
  cert: join(folder, "cert.pem"),
  key: join(folder, "key.pem"),
  otherKey: join(folder, "other-key.pem"),
  text: join(folder, "text.pem"),
};

let taken: TcpServer;

const accept = () => ({ data: () => undefined, closed: () => undefined });

beforeAll(() => {
  writeFileSync(paths.cert, own?.cert ?? "");
  writeFileSync(paths.key, own?.key ?? "");
  writeFileSync(paths.otherKey, foreign?.key ?? "");
  writeFileSync(paths.text, "hello");
  taken = listenTcp({ hostname: "127.0.0.1", port: 0, maxPendingBytes: 1, accept });
});

afterAll(() => {
  taken.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

async function settings(config: string, hasPassword: boolean): Promise<ReadSettings> {
  const path = join(folder, "wildfire.toml");
  writeFileSync(path, config);
  const secrets = hasPassword ? 'web-password-hash = "$argon2id$x"\n' : "";
  writeFileSync(join(folder, "secrets.toml"), secrets, { mode: 0o600 });
  return await readSettings({ path, schema: wholeSchema(webServiceOptions), env: {} });
}

const web = (values: Record<string, string | number | undefined>): PageChange["changes"] =>
  Object.entries(values).map(([key, value]) => ({ section: "web", key, value }));

interface Case {
  readonly config?: string;
  readonly hasPassword?: boolean;
  readonly changes?: PageChange["changes"];
  readonly secrets?: PageChange["secrets"];
  readonly from?: string;
}

/** `FIELD: message` of each. */
async function refused(one: Case): Promise<string[]> {
  const { config = "", hasPassword = true, changes = [], secrets = [], from } = one;
  const read = await settings(config, hasPassword);
  const change = { changes, secrets, fromAddress: from };
  const found = [...pageProblems(read, change), ...(await pageTrialProblems(read, change))];
  return found.map(({ field, message }) => `${field}: ${message}`);
}

const run = (...value: string[]) => [{ section: "services", key: "run", value }];

const open = '[web]\nbind = "0.0.0.0"\n';

describe("a change that would leave nobody a page is refused beside its field", () => {
  test.each<[string, Case, string]>([
    [
      "open to others without a password",
      { hasPassword: false, changes: web({ bind: "0.0.0.0" }) },
      "web.bind: this would show the page to others without a password",
    ],
    [
      "a key in another spelling",
      { changes: web({ tls_cert: paths.cert }) },
      "web.tls-key: https from files needs this",
    ],
    [
      "the password taken away while it is open",
      { config: open, secrets: [{ name: "web-password", value: undefined }] },
      "secret.web-password: this would show the page to others without a password",
    ],
    [
      "shown to the host only, changed from elsewhere",
      { config: open, changes: web({ bind: undefined }), from: "::ffff:192.0.2.7" },
      "web.bind: you look at this page from 192.0.2.7",
    ],
    [
      "an address of another host",
      { changes: web({ bind: "192.0.2.77" }) },
      'web.bind: this host has no address "192.0.2.77"',
    ],
    ["no address", { changes: web({ bind: "[::1" }) }, 'web.bind: this host has no address "[::1"'],
    ["a port that changes", { changes: web({ port: 0 }) }, "web.port: 0 is another port"],
    [
      "a port of SIP",
      { changes: web({ port: 5060 }) },
      "web.port: browsers open no page on port 5060",
    ],
    ["a port of ssh", { changes: web({ port: 22 }) }, "web.port: browsers open no page on port 22"],
    [
      "https from files without files",
      { changes: web({ tls: "files" }) },
      "web.tls-cert: https from files needs this",
    ],
    [
      "a certificate without its key",
      { changes: web({ "tls-cert": paths.cert }) },
      "web.tls-key: https from files needs this",
    ],
    [
      "a certificate that is none",
      { changes: web({ "tls-cert": paths.text, "tls-key": paths.key }) },
      "web.tls-cert: ",
    ],
    [
      "the key of another certificate",
      { changes: web({ "tls-cert": paths.cert, "tls-key": paths.otherKey }) },
      "web.tls-cert: certificate and key do not belong together",
    ],
    [
      "services without the page",
      { changes: run("whisper", "llama") },
      "services.run: without web in it this page would be gone",
    ],
  ])("%s", async (_name, one, words) => {
    const found = await refused(one);
    expect(found).toHaveLength(1);
    expect(found[0]).toStartWith(words);
  });

  test("a port that another program has", async () => {
    const found = await refused({ changes: web({ port: taken.port }) });
    expect(found).toEqual([
      `web.port: the page could not be opened there: cannot listen on TCP 127.0.0.1:${taken.port}: EADDRINUSE`,
    ]);
  });
});

describe("a change after which the page is there is taken", () => {
  test.each<[string, Case]>([
    ["nothing", {}],
    ["open to others with a password", { changes: web({ bind: "0.0.0.0" }) }],
    [
      "shown to the host only, changed on the host",
      { config: open, changes: web({ bind: "127.0.0.1" }), from: "::ffff:127.0.0.1" },
    ],
    [
      "a certificate with its key",
      { changes: web({ "tls-cert": paths.cert, "tls-key": paths.key }) },
    ],
    ["files that stay, and are not used", { changes: web({ tls: "off", "tls-cert": paths.cert }) }],
    [
      "files that are taken away",
      {
        config: `[web]\ntls-cert = "${paths.cert}"\ntls-key = "${paths.key}"\n`,
        changes: web({ "tls-cert": "", "tls-key": "" }),
      },
    ],
    ["a certificate of our own", { changes: web({ tls: "generated" }) }],
    ["services with the page", { changes: [{ section: "services", key: "run", value: ["web"] }] }],
    ["another section", { changes: [{ section: "llama", key: "greeting", value: "Hello" }] }],
  ])("%s", async (_name, one) => {
    expect(await refused(one)).toEqual([]);
  });
});

test.each([
  ["", "http://localhost:8081/"],
  ['bind = "192.0.2.5"\nport = 443\ntls = "generated"', "https://192.0.2.5:443/"],
  ['bind = "2001:db8::5"\ntls = "off"\ntls-cert = "/c"', "http://[2001:db8::5]:8081/"],
  ['bind = "127.0.0.1"\ntls-cert = "/c"\ntls-key = "/k"', "https://localhost:8081/"],
  ['bind = "127.0.0.1"\ntls-cert = ""\ntls-key = ""', "http://localhost:8081/"],
])("the page of %j is said to be at %s", async (config, address) => {
  expect(pageAddress(await settings(`[web]\n${config}\n`, true))).toBe(address);
});
