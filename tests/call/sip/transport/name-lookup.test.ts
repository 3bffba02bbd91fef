import { expect, setDefaultTimeout, test } from "bun:test";
import { systemNameLookup } from "../../../../src/call/sip/transport/name-lookup.ts";
import { systemCertificates } from "../../../../src/call/sip/transport/system-certificates.ts";

setDefaultTimeout(20_000);

test("names of this machine's own table have addresses", async () => {
  expect(await systemNameLookup.addresses("localhost")).toContainAnyValues(["127.0.0.1", "::1"]);
});

test("a name that cannot exist has no address, and no service, which is no error", async () => {
  expect(systemNameLookup.addresses("pbx.invalid")).rejects.toThrow();
  expect(await systemNameLookup.services("_sip._udp.pbx.invalid")).toEqual([]);
});

test("the first file that holds certificates counts, and without one there are none", async () => {
  const file = `${import.meta.dir}/no-such-file.pem`;
  expect(await systemCertificates([file, import.meta.path])).toContain("no-such-file");
  expect(await systemCertificates([file])).toBeUndefined();
  // -----BEGIN CERTIFICATE----- stands here, so that this very file passes for one.
});
